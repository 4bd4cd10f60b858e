#pragma once
#include <cmath>

#include "fixedpoint/numeric/quantise.hpp"

namespace apical::fixedpoint {

/// Quantises a finite real number exactly (a double is an integer times a power of two). Loading has no tick
/// from which random bits could follow, so a stochastic format loads to nearest, ties to even.
inline Quantised load(double value, Format format) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  if (format.rounding == Rounding::stochastic) format.rounding = Rounding::rnd_conv;
  return quantise(static_cast<std::int64_t>(std::ldexp(mantissa, 53)), 53 - exponent, format);
}

}  // namespace apical::fixedpoint
