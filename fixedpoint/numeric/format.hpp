// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace apical::fixedpoint {

/// The seven quantisation modes of IEEE 1666 (clause 7.10.9) and stochastic rounding.
enum class Rounding { rnd, rnd_zero, rnd_min_inf, rnd_inf, rnd_conv, trn, trn_zero, stochastic };

/// The overflow modes of IEEE 1666 (clause 7.10.9); wrapping is SC_WRAP with no saturated bits.
enum class Overflow { sat, sat_zero, sat_sym, wrap };

/// A fixed-point format: raw integers of `bits` bits whose value is raw · 2^-frac.
/// `frac` may be negative or exceed `bits`; 1..32 bits for signals, up to 62 for accumulators.
struct Format {
  int bits = 16;
  int frac = 0;
  bool is_signed = true;
  Rounding rounding = Rounding::rnd_conv;
  Overflow overflow = Overflow::sat;
  int random_bits = 16;  ///< of STOCHASTIC, 1..16; no other rounding reads them

  /// Smallest raw value that the quantiser produces (SAT_SYM leaves the most negative one out).
  [[gnu::always_inline]] constexpr std::int64_t minimum_raw() const {
    if (!is_signed) return 0;
    const std::int64_t lowest = -(std::int64_t{1} << (bits - 1));
    return overflow == Overflow::sat_sym ? lowest + 1 : lowest;
  }
  [[gnu::always_inline]] constexpr std::int64_t maximum_raw() const {
    return (std::int64_t{1} << (bits - (is_signed ? 1 : 0))) - 1;
  }
  /// The same rounding into 62 bits, for what a proof keeps within them.
  constexpr Format wide() const {
    Format f = *this;
    f.bits = 62;
    f.is_signed = true;
    f.overflow = Overflow::sat;
    return f;
  }
  double value(std::int64_t raw) const { return std::ldexp(static_cast<double>(raw), -frac); }
  double lsb() const { return std::ldexp(1.0, -frac); }
};

/// Throws SettingsError for "NAME.bits", "NAME.frac" or "NAME.random_bits" (of `layer`, 0: of all), unless
/// 1 <= bits <= max_bits, |frac| <= 64 and 1 <= random_bits <= 16 (a signed SAT_SYM format needs 2 bits to
/// hold anything but 0).
void check(const Format&, int max_bits, const std::string& name, int layer = 0);

/// Of an LSB: what a value may be away from an integer without ever being rounded away from it.
double unseen(const Format&);

const char* name_of(Rounding);  ///< "RND", "RND_ZERO", ...
const char* name_of(Overflow);  ///< "SAT", "SAT_ZERO", "SAT_SYM", "WRAP"

/// Reads a name, with or without "SC_", in any case; throws std::invalid_argument listing the accepted names.
Rounding parse_rounding(std::string_view);
Overflow parse_overflow(std::string_view);

/// Bits that two's complement needs for `raw`, 0 for zero: 1 -> 2 (with sign), -1 -> 1, 7 -> 4.
inline int used_bits(std::int64_t raw) {
  if (raw == 0) return 0;
  const std::uint64_t magnitude = static_cast<std::uint64_t>(raw < 0 ? ~raw : raw);
  return magnitude == 0 ? 1 : 65 - __builtin_clzll(magnitude);
}

}  // namespace apical::fixedpoint
