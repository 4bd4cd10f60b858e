#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace apical::fixedpoint {

/// Bits that two's complement needs for `raw`, 0 for zero: 1 -> 2 (with sign), -1 -> 1, 7 -> 4.
inline int used_bits(std::int64_t raw) {
  if (raw == 0) return 0;
  const std::uint64_t magnitude = static_cast<std::uint64_t>(raw < 0 ? ~raw : raw);
  return magnitude == 0 ? 1 : 65 - __builtin_clzll(magnitude);
}

/// What a signal needed, counted at its quantiser, in LSB.
struct SignalCounter {
  std::int64_t minimum = std::numeric_limits<std::int64_t>::max();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::min();
  std::uint64_t count = 0;  ///< results looked at for minimum, maximum and saturation
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

}  // namespace apical::fixedpoint
