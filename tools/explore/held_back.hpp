// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tools/config/config.hpp"

namespace apical::tools {

/// Of the training data for what steers a search or a prediction, unless task.validation says how much.
inline constexpr double held_back = 0.25;

/// The configuration tested on data that are held back from its training, never on test data.
inline Config on_validation(Config c) {
  if (c.task.validation <= 0.0) c.task.validation = held_back;
  c.task.test_on = model::TestOn::validation;
  return c;
}

}  // namespace apical::tools
