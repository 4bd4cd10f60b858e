// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace apical::fixedpoint {

/// What a signal needed, counted at its quantiser, in LSB: one result per unit and UPDATE of the program,
/// also where a schedule knows that nothing moved and leaves it out, for the result is the one that is held.
struct SignalCounter {
  std::int64_t minimum = std::numeric_limits<std::int64_t>::max();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::min();
  std::uint64_t count = 0;  ///< results, for minimum, maximum and saturation
  std::uint64_t saturated = 0;
  std::uint64_t rounded_to_zero = 0;     ///< non-zero before, 0 after
  std::array<std::uint64_t, 65> bits{};  ///< histogram of used_bits, of a sample of the results

  /// Joins what a quantiser did to `results` values.
  void add(std::int64_t lowest, std::int64_t highest, std::uint64_t results, std::uint64_t limited,
           std::uint64_t zeros) {
    minimum = std::min(minimum, lowest);
    maximum = std::max(maximum, highest);
    count += results;
    saturated += limited;
    rounded_to_zero += zeros;
  }
  void range(std::int64_t raw) {
    minimum = std::min(minimum, raw);
    maximum = std::max(maximum, raw);
  }
};

/// What one part of UPDATE has counted of one block of units: the same again where it is left out.
struct PartCounts {
  struct Signal {
    std::size_t number;
    std::uint64_t saturated, zeros;
  };
  std::array<Signal, 4> signals{};
  std::size_t size = 0;

  void add(std::size_t number, std::uint64_t saturated, std::uint64_t zeros) {
    signals[size++] = {number, saturated, zeros};
  }
};

}  // namespace apical::fixedpoint
