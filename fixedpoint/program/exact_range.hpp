// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <initializer_list>

#include "fixedpoint/program/coverage.hpp"

namespace apical::fixedpoint {

/// Raw values from `low` to `high`.
struct Range {
  std::int64_t low = 0, high = 0;
};
bool operator!=(const Range&, const Range&);
Range operator*(const Range&, const Range&);
Range operator+(const Range&, const Range&);
Range hull(const Range&, const Range&);
Range range_of(const Format&);
Range only(std::int64_t value);

/// What an exact value may be: within a range, a multiple of 2^twos.
struct ExactRange {
  Range range;
  int twos = 0;
};
ExactRange hull(const ExactRange&, const ExactRange&);

/// factor · x, x being any value of a range.
struct ScaledRange {
  std::int64_t factor;
  Range range;
};
ExactRange sum_of(std::initializer_list<ScaledRange>);

/// What the exact values x · 2^-frac become, with any random bits; all of the format where some wrap.
Range quantised(const Range& x, int frac, const Format&);
/// Said where only the range keeps values from a corner.
inline constexpr const char* beyond_reach = "beyond the range";
/// Why none of them is at a corner; "" where one may be.
CornerReasons unreachable(const ExactRange& x, int frac, const Format&);

}  // namespace apical::fixedpoint
