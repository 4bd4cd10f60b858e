// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "fixedpoint/numeric/format.hpp"

namespace apical::fixedpoint {

struct Quantised {
  std::int64_t raw;
  bool saturated;  ///< the overflow mode had to change the rounded value
};

/// x · 2^-shift rounded to an integer, shift >= 0 of any size, |x| < 2^62. `random16`: 16 uniform bits, read
/// by STOCHASTIC only, which takes the upper k = `random_bits` of them, R, rounds the fraction to k bits
/// (half up) and goes up with that probability:
///   shift <= k: floor((x + (R >> (k - shift))) / 2^shift)
///   shift >  k: floor((x + R · 2^(shift-k) + 2^(shift-k-1)) / 2^shift)
/// Integers stay what they are, and the bias is at most 2^-(k+1) without a preferred sign.
[[gnu::always_inline]] constexpr std::int64_t round_shift(std::int64_t x, int shift, Rounding mode,
                                                          std::uint32_t random16 = 0, int random_bits = 16) {
  if (shift <= 0) return x;
  if (mode == Rounding::stochastic) {
    if (shift <= random_bits) return (x + static_cast<std::int64_t>(random16 >> (16 - shift))) >> shift;
    const int coarse = shift - random_bits;  // the fraction at k bits, half up, then one carry decides
    const std::int64_t fraction = coarse > 62 ? 0 : ((x >> (coarse - 1)) + 1) >> 1;
    return (fraction + static_cast<std::int64_t>(random16 >> (16 - random_bits))) >> random_bits;
  }
  if (shift > 62) {  // |x| is below half of 2^shift: only its sign is left
    const std::int64_t sign_floor = x < 0 ? -1 : 0;
    if (mode == Rounding::trn) return sign_floor;
    return 0;
  }
  // What is added before the floor decides where ties go.
  const std::int64_t half = std::int64_t{1} << (shift - 1);
  switch (mode) {
    case Rounding::rnd:
      return (x + half) >> shift;
    case Rounding::rnd_zero:
      return (x + half - (x >= 0)) >> shift;
    case Rounding::rnd_min_inf:
      return (x + half - 1) >> shift;
    case Rounding::rnd_inf:
      return (x + half - (x <= 0)) >> shift;
    case Rounding::rnd_conv:
      return (x + half - 1 + ((x >> shift) & 1)) >> shift;
    case Rounding::trn_zero:
      return (x + (x < 0 ? 2 * half - 1 : 0)) >> shift;
    default:
      return x >> shift;
  }
}

/// What the overflow mode makes of a rounded value.
[[gnu::always_inline]] constexpr Quantised limit(std::int64_t value, const Format& f) {
  const std::int64_t low = f.minimum_raw();
  const std::int64_t high = f.maximum_raw();
  if (value >= low && value <= high) return {value, false};
  switch (f.overflow) {
    case Overflow::sat_zero:
      return {0, true};
    case Overflow::wrap: {
      const std::uint64_t mask = (std::uint64_t{1} << f.bits) - 1;
      const std::uint64_t low_bits = static_cast<std::uint64_t>(value) & mask;
      const bool negative = f.is_signed && (low_bits >> (f.bits - 1)) != 0;
      return {static_cast<std::int64_t>(negative ? low_bits | ~mask : low_bits), true};
    }
    default:
      return {value < low ? low : high, true};
  }
}

/// x · 2^up for a shift that may leave 62 bits: the limit as the overflow mode wants it.
[[gnu::always_inline]] constexpr Quantised quantise_left(std::int64_t x, int up, const Format& f) {
  if (up < 63 && x < (std::int64_t{1} << (62 - up)) && x >= -(std::int64_t{1} << (62 - up)))
    return limit(x * (std::int64_t{1} << up), f);
  if (x == 0) return {0, false};
  if (f.overflow == Overflow::sat_zero) return {0, true};
  if (f.overflow != Overflow::wrap) return {x < 0 ? f.minimum_raw() : f.maximum_raw(), true};
  const std::uint64_t low_bits = up > 63 ? 0 : static_cast<std::uint64_t>(x) << up;
  return {limit(static_cast<std::int64_t>(low_bits), f).raw, true};
}

/// Quantises the exact value x · 2^-x_frac to a raw integer of `f`: round, then saturate or wrap. |x| < 2^62.
[[gnu::always_inline]] constexpr Quantised quantise(std::int64_t x, int x_frac, const Format& f,
                                                    std::uint32_t random16 = 0) {
  const int shift = x_frac - f.frac;
  if (shift < 0) return quantise_left(x, -shift, f);
  return limit(round_shift(x, shift, f.rounding, random16, f.random_bits), f);
}

}  // namespace apical::fixedpoint
