// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>

#include "fixedpoint/numeric/quantise.hpp"

namespace apical::fixedpoint {

/// Quantises a finite real number exactly: a double is an integer times a power of two.
inline Quantised quantise_real(double value, const Format& format, std::uint32_t random16 = 0) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  return quantise(static_cast<std::int64_t>(std::ldexp(mantissa, 53)), 53 - exponent, format, random16);
}

/// Likewise on loading, which has no tick from which random bits could follow: a stochastic format loads to
/// nearest, ties to even.
inline Quantised load(double value, Format format) {
  if (format.rounding == Rounding::stochastic) format.rounding = Rounding::rnd_conv;
  return quantise_real(value, format);
}

}  // namespace apical::fixedpoint
