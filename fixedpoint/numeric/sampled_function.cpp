// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/numeric/sampled_function.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>

namespace apical::fixedpoint {
namespace {

using Wide = boost::multiprecision::cpp_int;

constexpr int mantissa = 53;

// So many that x times 2^bits is whole.
int fraction_bits(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return std::max(0, mantissa - exponent);
}

// x · 2^bits, which is whole.
Wide whole(double x, int bits) {
  int exponent = 0;
  const double fraction = std::frexp(x, &exponent);
  const Wide digits = static_cast<std::int64_t>(std::ldexp(fraction, mantissa));
  return digits << static_cast<unsigned>(exponent - mantissa + bits);
}

// numerator / denominator · 2^shift, the denominator above 0.
Scaled quotient(Wide numerator, Wide denominator, int shift) {
  if (shift >= 0)
    numerator <<= static_cast<unsigned>(shift);
  else
    denominator <<= static_cast<unsigned>(-shift);
  Wide floor, rest;
  divide_qr(numerator, denominator, floor, rest);
  if (rest < 0) --floor;  // it was rounded towards 0
  if (floor >= widest || floor < -widest) return {floor < 0 ? -widest : widest, false};
  return {static_cast<std::int64_t>(floor), rest != 0};
}

}  // namespace

Scaled scaled(const ActivationSamples& samples, Curve curve, double x, int frac) {
  const auto above = std::upper_bound(samples.u.begin(), samples.u.end(), x);
  if (above == samples.u.begin() || above == samples.u.end()) {
    if (curve == Curve::derivative) return {0, false};
    const double rate = above == samples.u.begin() ? samples.rate.front() : samples.rate.back();
    const int bits = fraction_bits(rate);
    return quotient(whole(rate, bits), 1, frac - bits);
  }
  const auto i = static_cast<std::size_t>(above - samples.u.begin()) - 1;
  const double u0 = samples.u[i], u1 = samples.u[i + 1], rate0 = samples.rate[i], rate1 = samples.rate[i + 1];
  const double slope0 = samples.slope[i], slope1 = samples.slope[i + 1];
  // Voltages times 2^u_bits, slopes times 2^slope_bits, rates times 2^bits.
  const int u_bits = std::max({fraction_bits(x), fraction_bits(u0), fraction_bits(u1)});
  const int slope_bits = std::max(fraction_bits(slope0), fraction_bits(slope1));
  const int bits = std::max({fraction_bits(rate0), fraction_bits(rate1), slope_bits + u_bits});
  const Wide h = whole(u1, u_bits) - whole(u0, u_bits), s = whole(x, u_bits) - whole(u0, u_bits);
  const auto over_width = [&](double slope) {
    return Wide((whole(slope, slope_bits) * h) << static_cast<unsigned>(bits - slope_bits - u_bits));
  };
  const Wide start = whole(rate0, bits), rise = whole(rate1, bits) - start;
  const Wide linear = over_width(slope0), next = over_width(slope1);
  const Wide square = 3 * rise - 2 * linear - next, cube = linear + next - 2 * rise;
  const Wide cubed = h * h * h;  // below everything, with t = s / h
  if (curve == Curve::derivative)
    return quotient((3 * cube * s + 2 * square * h) * s + linear * h * h, cubed, frac - bits + u_bits);
  return quotient(((cube * s + square * h) * s + linear * h * h) * s + start * cubed, cubed, frac - bits);
}

}  // namespace apical::fixedpoint
