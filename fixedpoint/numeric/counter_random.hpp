// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace apical::fixedpoint {

/// Bob Jenkins' integer hash: six add/shift/xor steps on 32 bits, a bijection, no multiplier.
[[gnu::always_inline]] constexpr std::uint32_t mix32(std::uint32_t a) {
  a = (a + 0x7ed55d16u) + (a << 12);
  a = (a ^ 0xc761c23cu) ^ (a >> 19);
  a = (a + 0x165667b1u) + (a << 5);
  a = (a + 0xd3a2646cu) ^ (a << 9);
  a = (a + 0xfd7046c5u) + (a << 3);
  a = (a ^ 0xb55a4f09u) ^ (a >> 16);
  return a;
}

/// The key of one row of one stream at one tick. stream < 2^12, row < 2^20.
[[gnu::always_inline]] constexpr std::uint32_t row_key(std::uint32_t seed, std::uint32_t tick,
                                                       std::uint32_t stream, std::uint32_t row) {
  return mix32(mix32(mix32(seed) + tick) + (stream << 20) + row);
}

/// The two 16-bit keys of a column: constants, the same for all matrices and ticks.
[[gnu::always_inline]] constexpr std::uint16_t column_a(std::uint32_t column) {
  return static_cast<std::uint16_t>(mix32(column));
}
[[gnu::always_inline]] constexpr std::uint16_t column_b(std::uint32_t column) {
  return static_cast<std::uint16_t>(mix32(column) >> 16);
}

/// 16 random bits from a row key and the keys of a column: three 16-bit additions and some xors, no
/// multiplier. Uniform for every column when the row key is; without the last four steps neighbouring columns
/// are correlated by 0.2..0.4 (tests/fixedpoint/numeric/test_quantise.cpp).
[[gnu::always_inline]] constexpr std::uint16_t random16_from(std::uint32_t key, std::uint16_t a,
                                                             std::uint16_t b) {
  std::uint16_t x = static_cast<std::uint16_t>(((key & 0xffffu) ^ a) + ((key >> 16) ^ b));
  x = static_cast<std::uint16_t>(x ^ (x >> 5));
  x = static_cast<std::uint16_t>(x + (x << 7));
  x = static_cast<std::uint16_t>(x ^ (x >> 3));
  return static_cast<std::uint16_t>(x + (x << 9));
}

[[gnu::always_inline]] constexpr std::uint16_t random16(std::uint32_t key, std::uint32_t column) {
  return random16_from(key, column_a(column), column_b(column));
}

}  // namespace apical::fixedpoint
