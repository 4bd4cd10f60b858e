// SPDX-License-Identifier: Apache-2.0
#pragma once
// What FORWARD and LEARN share, for kernels_isa.cpp alone: everything is static, so that each level keeps its
// own.
#include "fixedpoint/emulator/kernels.hpp"
#if APICAL_LEVEL >= 3
#include "fixedpoint/emulator/vectors.hpp"
#endif

namespace apical::fixedpoint {
namespace {

using i16 = std::int16_t;
using u16 = std::uint16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

constexpr i64 limit_32 = 2147483647;

inline i64 magnitude_of(i64 x) {
  return x < 0 ? -x : x;
}

inline void clear(i32* scratch, std::ptrdiff_t count) {
  for (std::ptrdiff_t i = 0; i < count; ++i) scratch[i] = 0;
}

// 32-bit sums, in the order of lanes that unpacking leaves, onto 64-bit ones; if split, 256 times the second
// `width` too.
#if APICAL_LEVEL >= 3
inline void flush_scratch(std::ptrdiff_t width, bool split, i32* scratch, i64* sums) {
  for (std::ptrdiff_t i = 0; i < width; i += lanes) {
    add_lanes<0>(load(scratch + i), load(scratch + i + lanes / 2), sums + i);
    if (split) add_lanes<8>(load(scratch + width + i), load(scratch + width + i + lanes / 2), sums + i);
  }
}
#else
inline void flush_scratch(std::ptrdiff_t width, bool split, i32* scratch, i64* sums) {
  for (std::ptrdiff_t i = 0; i < width; ++i)
    sums[i] += scratch[i] + (split ? 256 * static_cast<i64>(scratch[width + i]) : 0);
}
#endif

}  // namespace
}  // namespace apical::fixedpoint
