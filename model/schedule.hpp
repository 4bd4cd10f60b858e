// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>

#include "model/elementary.hpp"

namespace apical::model {

/// Factor on every learning rate in epoch 0, 1, …; equation (17). `decay` in 0..1.
inline double learning_scale(double decay, int epoch) {
  return pow(decay, epoch);
}

/// Factor on beta `time` ms after training began: rises linearly over `ramp` ms, then stays 1; equation (18).
/// ramp = 0: 1 from the start.
inline double nudge_scale(double time, double ramp) {
  return ramp > 0.0 ? std::clamp(time / ramp, 0.0, 1.0) : 1.0;
}

}  // namespace apical::model
