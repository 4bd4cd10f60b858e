// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "tools/config/config.hpp"

namespace apical::tools {

/// Initial weights: from config.weights_file, or from the seed; W_1 .. W_N and, for a microcircuit, what
/// model::in_order() has behind them.
std::vector<model::WeightMatrix> starting_weights(const Config&);

}  // namespace apical::tools
