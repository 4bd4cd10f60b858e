// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fixedpoint/numeric/format.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#include "fixedpoint/numeric/sampled_function.hpp"

namespace apical::fixedpoint {

/// Activation functions. hard_sigmoid is clip(x, 0, 1), silu is x · logistic(x), slopes are right-continuous
/// at kinks.
enum class Function { logistic, tanh, hard_sigmoid, softplus, relu, linear, silu };

const char* name_of(Function);              ///< "logistic", ...
Function parse_function(std::string_view);  ///< throws std::invalid_argument listing the accepted names

/// What a table is of: a function, or samples of one and what lies between them.
struct AnyFunction {
  AnyFunction(Function named = Function::logistic) : function(named) {}
  AnyFunction(SharedSamples of) : samples(std::move(of)) {}

  Function function = Function::logistic;  ///< where there are no samples
  SharedSamples samples;
};
std::string name_of(const AnyFunction&);                 ///< of samples their file's
bool operator<(const AnyFunction&, const AnyFunction&);  ///< by what they are, whatever their names

/// A function from one format to another, as a machine computes it. `raw` is a raw value of `in`.
///
/// Full look-up: entry [raw - lowest] is the result, correctly rounded: of samples from the
/// exact value, else from 50 digits.
/// Piecewise linear: with n = raw - lowest, segment i = n >> low_bits and low = n mod 2^low_bits, the exact
/// result is base[i] · 2^low_bits + delta[i] · low at exact_frac() fraction bits, quantised once to `out`.
/// base is the function at the segment's start, rounded to nearest at `guard_bits` more fraction bits than
/// `out`; delta is the next base minus this one. The slopes of hard_sigmoid and relu are steps: delta = 0.
/// A segment that lies wholly an LSB or more beyond the range of `out` has base one LSB beyond it and
/// delta = 0, unless `out` wraps: what it saturates to is the same, and its words stay short.
struct ActivationTable {
  static constexpr int guard_bits = 6;

  Format in, out;
  bool piecewise = false;
  int low_bits = 0;                 ///< of the input, below the segment index
  std::vector<std::int64_t> base;   ///< full: 2^in.bits entries; piecewise: one per segment
  std::vector<std::int64_t> delta;  ///< piecewise only
  /// Against the exact function, in LSB of `out` (STOCHASTIC taken as RND_CONV), where `out` doesn't
  /// saturate; over all inputs of up to 16 bits, else over the ends and middles of segments and 2^16 inputs.
  double max_error_lsb = 0.0;

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

/// Builds the table of a curve of `function`. Inputs up to `full_bits` wide are looked up whole,
/// wider ones have 2^index_bits segments. Throws std::invalid_argument for index_bits or full_bits out
/// of 1..16, and where exact() might need more than 62 bits.
ActivationTable build(const AnyFunction& function, Curve curve, const Format& in, const Format& out,
                      int index_bits, int full_bits);

}  // namespace apical::fixedpoint
