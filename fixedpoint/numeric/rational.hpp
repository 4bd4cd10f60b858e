// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/multiprecision/cpp_int.hpp>
#include <string>
#include <string_view>

#include "fixedpoint/numeric/format.hpp"

namespace apical::fixedpoint {

using Rational = boost::multiprecision::cpp_rational;

/// Reads "0.3", "-7.97", "1e-3", "1/3" or "-2/7" exactly. Throws std::invalid_argument naming what is
/// accepted. Exponents beyond ±4000 are refused, since the exact number would not fit any use.
Rational parse_rational(std::string_view);

/// An exact number as a format holds it.
struct ExactlyQuantised {
  std::int64_t raw = 0;
  bool saturated = false;
  std::string hex;  ///< two's complement in the format's bits
  Rational value;   ///< raw · 2^-frac
  Rational error;   ///< value - the exact number
};

/// Quantises without any intermediate rounding. STOCHASTIC takes its random bits from `random16`.
ExactlyQuantised quantise_exactly(const Rational&, const Format&, std::uint32_t random16 = 0);

/// The shortest decimal that is the number itself where it has one of up to 60 digits, else
/// "numerator/denominator".
std::string in_words(const Rational&);

}  // namespace apical::fixedpoint
