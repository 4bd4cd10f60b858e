#pragma once
#include <cmath>

#include "fixedpoint/quantise.hpp"

namespace apical::fixedpoint {

/// Quantises a finite real number exactly (a double is an integer times a power of two). Loading has no tick
/// from which random bits could follow, so a stochastic format loads to nearest, ties to even.
inline Quantised load(double value, Format format) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  if (format.rounding == Rounding::stochastic) format.rounding = Rounding::rnd_conv;
  return quantise(static_cast<std::int64_t>(std::ldexp(mantissa, 53)), 53 - exponent, format);
}

/// load() for many numbers of one format: where ties go to even and values clamp, scaling by a power of two
/// and rounding in floating point are exact as well, and ten times faster.
class Loader {
 public:
  explicit Loader(const Format& format)
      : format_(format),
        fast_((format.rounding == Rounding::rnd_conv || format.rounding == Rounding::stochastic) &&
              format.overflow != Overflow::wrap && format.overflow != Overflow::sat_zero),
        scale_(std::ldexp(1.0, format.frac)),
        low_(static_cast<double>(format.minimum_raw())),
        high_(static_cast<double>(format.maximum_raw())) {}

  Quantised operator()(double value) const {
    // Below 2^-900 the scaled number could be subnormal, and inexact.
    if (!fast_ || !(std::abs(value) > 1e-270 || value == 0.0)) return load(value, format_);
    const double rounded = std::nearbyint(value * scale_);
    if (rounded < low_) return {format_.minimum_raw(), true};
    if (rounded > high_) return {format_.maximum_raw(), true};
    return {static_cast<std::int64_t>(rounded), false};
  }

 private:
  Format format_;
  bool fast_;
  double scale_, low_, high_;
};

}  // namespace apical::fixedpoint
