// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "sim/verify/lockstep.hpp"
#include "tools/verify/ladder.hpp"

namespace apical::tools {

/// Runs the machine that parted once more and writes DIR/difference.fst, from two ticks before the difference
/// to one behind it. Returns the file. Throws std::exception where it can't be had whole: then there is none.
std::filesystem::path write_difference_waveform(const Rung&, const sim::Stimulus&, const sim::Difference&,
                                                const std::filesystem::path& folder);

/// The time in that file at which the differing value is written: it counts half clocks.
constexpr std::uint64_t waveform_time(const sim::Difference& d) {
  return 2 * d.clock;
}

/// Whether a file is an FST waveform, complete, that goes on to at least `time`.
bool is_whole_waveform(const std::filesystem::path&, std::uint64_t time);

}  // namespace apical::tools
