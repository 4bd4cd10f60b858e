// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdexcept>
#include <vector>

#include "fixedpoint/emulator/kernels.hpp"

namespace apical::fixedpoint {

/// The levels of the kernels that the processor at hand can run.
inline std::vector<int> supported_levels() {
  std::vector<int> levels = {1};
  for (const int level : {3, 4}) try {
      kernels(level);
      levels.push_back(level);
    } catch (const std::invalid_argument&) {
    }
  return levels;
}

}  // namespace apical::fixedpoint
