// SPDX-License-Identifier: Apache-2.0
#include "model/elementary.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <limits>

#define APICAL_LEVEL 1
#include "model/lanes.hpp"

namespace apical::model {
namespace {

namespace mp = boost::multiprecision;
using Digits = mp::number<mp::cpp_bin_float<50>, mp::et_off>;
using ManyDigits = mp::number<mp::cpp_bin_float<400>, mp::et_off>;  // for the period of any double

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

// The sine, or the cosine, a quarter of a turn ahead of it: |r| <= π/4 after n quarters, and
// r − r³/3! + r⁵/5! − …, 1 − r²/2! + …. Rounded correctly, so that it is the same number whether a long
// double has the 64 bits of x86 or the 113 of AArch64: `bound` is above the error, of 16 roundings, of the
// terms that the series lacks, 2^-77 of it, and of n times what the parts of π/2 lack; where two doubles lie
// within it, 50 digits decide.
double wave(double x, int ahead) {
  using Long = std::numeric_limits<long double>;
  static_assert(Long::digits >= 64, "n times each part of π/2 has to be exact for |x| < 2^31");
  const double n = std::nearbyint(x * 0x1.45f306dc9c883p-1);
  const long double count = n, r = ((x - count * 0xc90fdaa2p-31L) - count * 0x85a308d3p-65L) -
                                   count * 0x98cc5170p-100L - count * 0xdc1cd129p-135L;
  const int quarter = (static_cast<int>(std::fmod(n, 4.0)) + 4 + ahead) % 4;
  const int first = quarter % 2 == 0 ? 1 : 0;  // power of r that the series starts with
  long double sum = 1.0L;
  for (int power = first + 20; power > first; power -= 2) sum = 1.0L - sum * r * r / (power * (power - 1));
  if (first == 1) sum *= r;
  if (quarter >= 2) sum = -sum;
  const long double bound = std::abs(sum) * (16 * Long::epsilon() + 0x1p-77L) + std::abs(count) * 0x1p-134L;
  if (static_cast<double>(sum - bound) == static_cast<double>(sum + bound)) return static_cast<double>(sum);
  return static_cast<double>(ahead == 0 ? mp::sin(Digits(x)) : mp::cos(Digits(x)));
}

}  // namespace

double exp(double x) {
  return exp(every(x))[0];
}

double expm1(double x) {
  if (x < -40.0) return -1.0;
  return x > 40.0 ? exp(x) - 1.0 : expm1(every(x))[0];
}

double log(double x) {
  if (!(x > 0.0)) return x == 0.0 ? -infinite : no_number;
  if (!(x < infinite)) return x;
  if (x < std::numeric_limits<double>::min())
    return log_of(every(x * 0x1p54), every(0.0))[0] - 54.0 * (ln2_high + ln2_low);
  return log_of(every(x), every(0.0))[0];
}

double log1p(double x) {
  if (!(x > -1.0)) return x == -1.0 ? -infinite : no_number;
  return x < infinite ? log1p(every(x))[0] : x;
}

double tanh(double x) {
  return tanh(every(x))[0];
}

double sin(double x) {
  if (!(std::abs(x) < 0x1p31))
    return std::isfinite(x) ? static_cast<double>(mp::sin(ManyDigits(x))) : no_number;
  return wave(x, 0);
}

double cos(double x) {
  if (!(std::abs(x) < 0x1p31))
    return std::isfinite(x) ? static_cast<double>(mp::cos(ManyDigits(x))) : no_number;
  return wave(x, 1);
}

double acos(double x) {
  if (!(std::abs(x) <= 1.0)) return no_number;
  return static_cast<double>(mp::acos(Digits(x)));
}

double pow(double base, double exponent) {
  return static_cast<double>(mp::pow(Digits(base), Digits(exponent)));
}

double log2(double x) {
  if (!(x > 0.0 && x < infinite)) return log(x);
  return static_cast<double>(mp::log(Digits(x)) / mp::log(Digits(2)));
}

double log10(double x) {
  if (!(x > 0.0 && x < infinite)) return log(x);
  return static_cast<double>(mp::log10(Digits(x)));
}

}  // namespace apical::model
