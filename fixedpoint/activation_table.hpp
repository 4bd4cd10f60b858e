#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "fixedpoint/format.hpp"
#include "fixedpoint/quantise.hpp"

namespace apical::fixedpoint {

/// Activation functions. hard_sigmoid is clip(x, 0, 1), slopes are right-continuous at kinks.
enum class Function { logistic, tanh, hard_sigmoid, softplus, relu, linear };

const char* name_of(Function);              ///< "logistic", ...
Function parse_function(std::string_view);  ///< throws std::invalid_argument listing the accepted names

/// A function from one format to another, as a machine computes it.
///
/// Full look-up: entry [raw - lowest] is the result, correctly rounded from 50 digits.
/// Piecewise linear: with n = raw - lowest, segment i = n >> low_bits and low = n mod 2^low_bits, the exact
/// result is base[i] · 2^low_bits + delta[i] · low at exact_frac() fraction bits, quantised once to `out`.
/// base is correctly rounded at `guard_bits` more fraction bits than `out`; delta is the next base minus this
/// one.
struct ActivationTable {
  static constexpr int guard_bits = 6;

  Format in, out;
  bool piecewise = false;
  int low_bits = 0;                 ///< of the input, below the segment index
  std::vector<std::int64_t> base;   ///< full: 2^in.bits entries; piecewise: one per segment
  std::vector<std::int64_t> delta;  ///< piecewise only
  double max_error_lsb = 0.0;       ///< measured, in LSB of `out`, where `out` doesn't saturate

  std::int64_t lowest() const { return in.is_signed ? -(std::int64_t{1} << (in.bits - 1)) : 0; }
  int exact_frac() const { return piecewise ? out.frac + guard_bits + low_bits : out.frac; }
  std::int64_t exact(std::int64_t raw) const {
    const std::uint64_t n = static_cast<std::uint64_t>(raw - lowest());
    if (!piecewise) return base[n];
    const std::uint64_t segment = n >> low_bits;
    const std::int64_t low = static_cast<std::int64_t>(n & ((std::uint64_t{1} << low_bits) - 1));
    return base[segment] * (std::int64_t{1} << low_bits) + delta[segment] * low;
  }
  std::int64_t lookup(std::int64_t raw, std::uint32_t random16 = 0) const {
    return quantise(exact(raw), exact_frac(), out, random16).raw;
  }
  std::uint64_t words() const { return base.size(); }
  int word_bits() const;  ///< of base and delta together, as stored
};

/// Builds the table of `function` (or of its derivative). Inputs up to `full_bits` wide are looked up whole,
/// wider ones have 2^index_bits segments. Throws std::invalid_argument for index_bits or full_bits out
/// of 1..16.
ActivationTable build(Function function, bool derivative, const Format& in, const Format& out, int index_bits,
                      int full_bits);

}  // namespace apical::fixedpoint
