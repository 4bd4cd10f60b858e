// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/exact_range.hpp"

#include <algorithm>

#include "fixedpoint/numeric/quantise.hpp"

namespace apical::fixedpoint {
bool operator!=(const Range& a, const Range& b) {
  return a.low != b.low || a.high != b.high;
}
Range hull(const Range& a, const Range& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}
Range operator*(const Range& a, const Range& b) {
  const auto [low, high] = std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
  return {low, high};
}
Range operator+(const Range& a, const Range& b) {
  return {a.low + b.low, a.high + b.high};
}
Range range_of(const Format& f) {
  return {f.minimum_raw(), f.maximum_raw()};
}
Range only(std::int64_t value) {
  return {value, value};
}

ExactRange sum_of(std::initializer_list<ScaledRange> terms) {
  ExactRange sum{{0, 0}, 62};
  for (const ScaledRange& t : terms) {
    if (t.factor == 0 || (t.range.low == 0 && t.range.high == 0)) continue;
    sum.range = sum.range + Range{t.factor, t.factor} * t.range;
    sum.twos = std::min(sum.twos, __builtin_ctzll(static_cast<unsigned long long>(t.factor)));
  }
  return sum;
}
ExactRange hull(const ExactRange& a, const ExactRange& b) {
  return {hull(a.range, b.range), std::min(a.twos, b.twos)};
}

Range quantised(const Range& x, int frac, const Format& f) {
  const Quantised low = quantise(x.low, frac, f, 0), high = quantise(x.high, frac, f, 0xffff);
  const bool clamps = f.overflow == Overflow::sat || f.overflow == Overflow::sat_sym;
  if (!clamps && (low.saturated || high.saturated)) return range_of(f);
  return {low.raw, high.raw};
}

// Which corners some value of a range is at: limits at its ends, ties by counting.
CornerReasons unreachable(const ExactRange& x, int frac, const Format& f) {
  CornerReasons why;
  const int shift = frac - f.frac;
  bool beyond = false;
  Coverage ends;
  for (const std::int64_t end : {x.range.low, x.range.high})
    for (const std::uint32_t random : {0u, 0xffffu}) {
      const Quantised y = quantise(end, frac, f, random);
      ends.see(Signal::basal, 0, end, frac, f, y.raw);
      beyond = beyond || y.saturated;
    }
  const Coverage::Counts& met = ends.counts().at({Signal::basal, 0});
  const bool anything = beyond && f.overflow != Overflow::sat && f.overflow != Overflow::sat_sym;
  for (const Corner limit : {Corner::low, Corner::high})
    if (!anything && met[index_of(limit)] == 0) why[index_of(limit)] = beyond_reach;
  for (const Corner tie :
       {Corner::tie_even, Corner::tie_odd, Corner::negative_tie_even, Corner::negative_tie_odd}) {
    std::string& reason = why[index_of(tie)];
    if (!has_ties(f.rounding)) {
      reason = std::string(name_of(f.rounding)) + " has no ties";
    } else if (shift <= 0 || shift > 62) {
      reason = "nothing is rounded";
    } else if (x.twos >= shift) {
      reason = "exact values are multiples of the LSB";
    } else {
      // The first tie of this sign and parity at or above the lowest value: (m + 1/2) LSB.
      const bool negative = tie == Corner::negative_tie_even || tie == Corner::negative_tie_odd;
      const std::int64_t odd = tie == Corner::tie_odd || tie == Corner::negative_tie_odd ? 1 : 0;
      const std::int64_t half = std::int64_t{1} << (shift - 1);
      std::int64_t m = (x.range.low - half + 2 * half - 1) >> shift;
      if (!negative) m = std::max<std::int64_t>(m, 0);
      if ((m & 1) != odd) ++m;
      const bool there = (!negative || m < 0) && m <= ((x.range.high - half) >> shift);
      if (!there) reason = beyond_reach;
    }
  }
  return why;
}

}  // namespace apical::fixedpoint
