// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/numeric/rational.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "fixedpoint/numeric/quantise.hpp"

namespace apical::fixedpoint {
namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr int largest_exponent = 4000;

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument(
      fmt::format("number \"{}\"; accepted: a decimal (-7.97, 1e-3) or a fraction (1/3)", text));
}

// Digits of `word`, which must be all it has.
Integer digits(std::string_view word, std::string_view text) {
  if (word.empty() ||
      !std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
    refuse(text);
  const std::size_t first =
      std::min(word.find_first_not_of('0'), word.size() - 1);  // a leading 0 would read as octal
  return Integer(std::string(word.substr(first)));
}

Integer power(unsigned base, int exponent) {
  return boost::multiprecision::pow(Integer(base), static_cast<unsigned>(exponent));
}

Rational decimal(std::string_view word, std::string_view text) {
  int exponent = 0;
  if (const std::size_t e = word.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view size = word.substr(e + 1);
    const bool negative = !size.empty() && size.front() == '-';
    if (!size.empty() && (size.front() == '-' || size.front() == '+')) size.remove_prefix(1);
    const Integer value = digits(size, text);
    if (value > largest_exponent) refuse(text);
    exponent = static_cast<int>(value) * (negative ? -1 : 1);
    word = word.substr(0, e);
  }
  std::string all(word);
  if (const std::size_t point = all.find('.'); point != std::string::npos) {
    exponent -= static_cast<int>(all.size() - point - 1);
    all.erase(point, 1);
  }
  const Rational mantissa(digits(all, text));
  return exponent < 0 ? Rational(mantissa / power(10, -exponent)) : Rational(mantissa * power(10, exponent));
}

Integer floor_of(const Rational& x) {
  const Integer n = numerator(x);
  const Integer d = denominator(x);
  Integer q = n / d;  // toward zero
  if (n < 0 && q * d != n) --q;
  return q;
}

Integer rounded(const Rational& x, const Format& format, std::uint32_t random16) {
  const Integer floor = floor_of(x);
  const Rational rest = x - Rational(floor);
  const Rational half(1, 2);
  bool up = false;
  switch (format.rounding) {
    case Rounding::rnd:
      up = rest >= half;
      break;
    case Rounding::rnd_zero:
      up = rest > half || (rest == half && x < 0);
      break;
    case Rounding::rnd_min_inf:
      up = rest > half;
      break;
    case Rounding::rnd_inf:
      up = rest > half || (rest == half && x > 0);
      break;
    case Rounding::rnd_conv:
      up = rest > half || (rest == half && floor % 2 != 0);
      break;
    case Rounding::trn:
      break;
    case Rounding::trn_zero:
      up = rest != 0 && x < 0;
      break;
    case Rounding::stochastic:
      up = floor_of(Rational(rest * power(2, format.random_bits) + half)) +
               (random16 >> (16 - format.random_bits)) >=
           power(2, format.random_bits);
      break;
  }
  return up ? Integer(floor + 1) : floor;
}

}  // namespace

Rational parse_rational(std::string_view text) {
  std::string_view word = text;
  const bool negative = !word.empty() && word.front() == '-';
  if (!word.empty() && (word.front() == '-' || word.front() == '+')) word.remove_prefix(1);
  if (word.size() > 4096) refuse(text);
  Rational value;
  if (const std::size_t slash = word.find('/'); slash != std::string_view::npos) {
    const Integer below = digits(word.substr(slash + 1), text);
    if (below == 0) refuse(text);
    value = Rational(digits(word.substr(0, slash), text), below);
  } else {
    value = decimal(word, text);
  }
  return negative ? Rational(-value) : value;
}

ExactlyQuantised quantise_exactly(const Rational& x, const Format& f, std::uint32_t random16) {
  const Rational lsb = f.frac >= 0 ? Rational(Integer(1), power(2, f.frac)) : Rational(power(2, -f.frac));
  Integer raw = rounded(Rational(x / lsb), f, random16);
  ExactlyQuantised q;
  q.saturated = raw < f.minimum_raw() || raw > f.maximum_raw();
  if (q.saturated) {
    // Any multiple of 2^bits leaves a wrapped value what it is, so the quantiser can take over from here.
    const Integer limited = f.overflow == Overflow::wrap ? Integer(raw % power(2, f.bits))
                            : raw < 0                    ? Integer(-power(2, 62))
                                                         : power(2, 62);
    q.raw = limit(static_cast<std::int64_t>(limited), f).raw;
  } else {
    q.raw = static_cast<std::int64_t>(raw);
  }
  const std::uint64_t mask = (std::uint64_t{1} << f.bits) - 1;
  q.hex = fmt::format("0x{:0{}x}", static_cast<std::uint64_t>(q.raw) & mask, (f.bits + 3) / 4);
  q.value = Rational(q.raw) * lsb;
  q.error = q.value - x;
  return q;
}

std::string in_words(const Rational& x) {
  Integer below = denominator(x);
  int twos = 0, fives = 0;
  for (; below % 2 == 0; below /= 2) ++twos;
  for (; below % 5 == 0; below /= 5) ++fives;
  const int places = std::max(twos, fives);
  if (below != 1 || places > 60) return x.str();
  const Integer scaled = numerator(x) * power(10, places) / denominator(x);
  std::string text = Integer(abs(scaled)).str();
  if (static_cast<int>(text.size()) <= places)
    text.insert(0, static_cast<std::size_t>(places) + 1 - text.size(), '0');
  if (places > 0) text.insert(text.size() - static_cast<std::size_t>(places), ".");
  return (scaled < 0 ? "-" : "") + text;
}

}  // namespace apical::fixedpoint
