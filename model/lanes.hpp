// SPDX-License-Identifier: Apache-2.0
#pragma once
// Exponential functions and logarithms on the vectors of one x86-64 level, from additions, multiplications,
// divisions and operations on bits alone: IEEE 754 rounds those in one way, so every level, and every lane,
// gives the same bits. (The C library's functions choose other code where a processor has FMA.) Everything is
// static: each level keeps its own.
#include <cstddef>
#include <cstdint>

namespace apical::model {
namespace {

#if APICAL_LEVEL == 4
constexpr int vector_bytes = 64;
#elif APICAL_LEVEL == 3
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif
using Doubles [[gnu::vector_size(vector_bytes)]] = double;
using Words [[gnu::vector_size(vector_bytes)]] = std::uint64_t;
constexpr int width = vector_bytes / static_cast<int>(sizeof(double));

// Its last bits are those of an integer that is added to it, rounded to nearest.
constexpr double integers = 0x1.8p52;
constexpr std::uint64_t integer_bits = 0x4338000000000000U;
// ln 2 in two parts; the first has so few bits that an exponent times it is exact.
constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;

inline Doubles every(double x) {
  return x - Doubles{};  // also of −0
}
inline Doubles of_bits(Words w) {
  return reinterpret_cast<Doubles>(w);
}
inline Words bits_of(Doubles v) {
  return reinterpret_cast<Words>(v);
}
inline Doubles size_of(Doubles x) {
  return of_bits(bits_of(x) & 0x7fffffffffffffffU);
}
// 2^k of whole numbers −1022..1023.
inline Doubles power_of_two(Doubles k) {
  return of_bits((bits_of(k + integers) + 1023U) << 52U);
}

// terms[0] x^{N−1} + … + terms[N−1].
template <std::size_t N>
inline Doubles series(Doubles x, const double (&terms)[N]) {
  Doubles sum = every(terms[0]);
  for (std::size_t n = 1; n < N; ++n) sum = sum * x + terms[n];
  return sum;
}

// x = k ln 2 + r + c with |r| <= ln 2 / 2: e^x = 2^k (1 + rest), rest = r + c + r²/2! + r³/3! + …
struct Exponent {
  Doubles k, rest;
};
inline Exponent exponent(Doubles x) {
  const Doubles k = (x * 0x1.71547652b82fep0 + integers) - integers;
  const Doubles high = x - k * ln2_high, low = k * ln2_low;
  const Doubles r = high - low, c = (high - r) - low;
  const Doubles sum =
      series(r, {1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0,
                 1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5});
  return {k, r + (r * r * sum + c)};
}

inline Doubles exp(Doubles x) {
  x = x > 710.0 ? every(710.0) : x;
  x = x < -746.0 ? every(-746.0) : x;
  const Exponent e = exponent(x);
  // In two factors: the largest and the smallest results have exponents that no factor has.
  const Doubles half = (e.k * 0.5 + integers) - integers;
  return (1.0 + e.rest) * power_of_two(half) * power_of_two(e.k - half);
}

// e^x − 1 for |x| <= 40.
inline Doubles expm1(Doubles x) {
  const Exponent e = exponent(x);
  const Doubles scale = power_of_two(e.k);
  return (scale - 1.0) + scale * e.rest;
}

// ln(x) + c/x of positive normal x, where c is what is missing in x. With x = 2^k (1 + f),
// sqrt(1/2) <= 1 + f < sqrt(2), and s = f / (2 + f): ln(1 + f) = f − f²/2 + s (f²/2 + 2s²/3 + 2s⁴/5 + …).
inline Doubles log_of(Doubles x, Doubles c) {
  constexpr std::uint64_t root_half = 0x3fe6a09e00000000U;
  const Words from_root = bits_of(x) + (0x3ff0000000000000U - root_half);
  const Doubles k = of_bits((from_root >> 52U) + (integer_bits - 1023U)) - integers;
  const Doubles f = of_bits((from_root & 0x000fffffffffffffU) + root_half) - 1.0;
  const Doubles s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
  const Doubles sum = series(z, {2.0 / 23.0, 2.0 / 21.0, 2.0 / 19.0, 2.0 / 17.0, 2.0 / 15.0, 2.0 / 13.0,
                                 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0});
  return k * ln2_high - ((half - (s * (half + sum * z) + (k * ln2_low + c / x))) - f);
}

// ln(1 + x), x > −1 with 1 + x normal.
inline Doubles log1p(Doubles x) {
  const Doubles more = 1.0 + x;
  return log_of(more, x > 1.0 ? 1.0 - (more - x) : x - (more - 1.0));
}

// 1 − 2 / (e^{2x} + 1); near 0, where that cancels, x − x (cosh x − sinh x / x) / cosh x by their series.
inline Doubles tanh(Doubles x) {
  const Doubles size = size_of(x), capped = size > 20.0 ? every(20.0) : size;
  const Doubles far = 1.0 - 2.0 / (exp(2.0 * capped) + 1.0);
  const Doubles z = x * x;
  const Doubles above =
      z * series(z, {16.0 / 355687428096000.0, 14.0 / 1307674368000.0, 12.0 / 6227020800.0, 10.0 / 39916800.0,
                     8.0 / 362880.0, 6.0 / 5040.0, 4.0 / 120.0, 2.0 / 6.0});
  const Doubles below = series(z, {1.0 / 20922789888000.0, 1.0 / 87178291200.0, 1.0 / 479001600.0,
                                   1.0 / 3628800.0, 1.0 / 40320.0, 1.0 / 720.0, 1.0 / 24.0, 0.5, 1.0});
  const Doubles near = size - size * (above / below);
  const Doubles result = size < 0.7 ? near : far;
  return of_bits(bits_of(result) | (bits_of(x) & 0x8000000000000000U));
}

}  // namespace
}  // namespace apical::model
