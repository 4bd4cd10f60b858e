// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tools/config/config.hpp"

namespace apical::tools {

/// Clocks of one program on the virtual platform and on the Verilated core.
struct TimingResult {
  std::string name;
  std::uint64_t ticks = 0, approximate = 0, core = 0;  ///< sums of CYCLES
  double worst = 0.0;                                  ///< largest relative error of a single tick
  bool equal_state = false;
  double error() const {
    return core == 0 ? 0.0 : static_cast<double>(approximate) / static_cast<double>(core) - 1.0;
  }
};

/// Plays the training of a configuration (`ticks`; 0: one epoch), and `programs` random programs of 24 ticks
/// each, on both; on the core of folder `rtl` (ladder.hpp). Bounds that the approximation is held to: 3% over
/// the configuration, 10% on each program.
std::vector<TimingResult> compare_timing(const Config&, std::uint64_t ticks, int programs, std::uint64_t seed,
                                         const std::string& rtl);
inline constexpr double timing_bound = 0.03, program_timing_bound = 0.10;

}  // namespace apical::tools
