// SPDX-License-Identifier: Apache-2.0
#pragma once
// Loops of the neuron unit in AVX2, for neurons_isa.cpp alone: everything is static. AVX2 has no products,
// no signed shifts and no minima of 64-bit lanes, so what the compiler makes of the plain loops takes two to
// four times as many instructions.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "fixedpoint/emulator/kernels.hpp"
#include "fixedpoint/numeric/format.hpp"

namespace apical::fixedpoint {
namespace {

inline __m256i load_64(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
inline void store_64(void* p, __m256i v) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), v);
}

/// Two vectors of 64-bit lanes a0..a3, b0..b3: their low or high halves as a0 a1 b0 b1 a2 a3 b2 b3.
inline __m256i low_halves(__m256i a, __m256i b) {
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88));
}
inline __m256i high_halves(__m256i a, __m256i b) {
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0xdd));
}

template <int Terms>
inline void sum_of_products(const std::int64_t* const* x, const std::int64_t* by, std::ptrdiff_t count,
                            std::int64_t* out) {
  std::ptrdiff_t i = 0;
  __m256i factor[static_cast<std::size_t>(Terms)];
  for (int t = 0; t < Terms; ++t) factor[t] = _mm256_set1_epi64x(by[t]);
  for (; i + 4 <= count; i += 4) {
    __m256i sum = _mm256_mul_epi32(load_64(x[0] + i), factor[0]);
    for (int t = 1; t < Terms; ++t)
      sum = _mm256_add_epi64(sum, _mm256_mul_epi32(load_64(x[t] + i), factor[t]));
    store_64(out + i, sum);
  }
  for (; i < count; ++i) {
    std::int64_t sum = by[0] * x[0][i];
    for (int t = 1; t < Terms; ++t) sum += by[t] * x[t][i];
    out[i] = sum;
  }
}

/// An affine combination of 32-bit signals by 32-bit constants. False, and nothing done, for any other.
inline bool narrow_affine(const Affine& f, std::ptrdiff_t count, std::int64_t* out) {
  if (!f.narrow || f.factor != nullptr) return false;
  const std::int64_t* x[4];
  std::int64_t by[4];
  int terms = 0;
  for (int t = 0; t < 4; ++t) {
    if (f.x[t] == nullptr || f.direct[t] == 0) continue;
    if (f.direct[t] > INT32_MAX || f.direct[t] < INT32_MIN) return false;
    x[terms] = f.x[t];
    by[terms++] = f.direct[t];
  }
  switch (terms) {
    case 1:
      sum_of_products<1>(x, by, count, out);
      return true;
    case 2:
      sum_of_products<2>(x, by, count, out);
      return true;
    case 3:
      sum_of_products<3>(x, by, count, out);
      return true;
    case 4:
      sum_of_products<4>(x, by, count, out);
      return true;
    default:
      return false;
  }
}

/// Returns how many products of 32-bit factors are done.
inline std::ptrdiff_t narrow_product(const std::int64_t* a, const std::int64_t* b, std::ptrdiff_t count,
                                     std::int64_t* out) {
  std::ptrdiff_t i = 0;
  for (; i + 4 <= count; i += 4) store_64(out + i, _mm256_mul_epi32(load_64(a + i), load_64(b + i)));
  return i;
}

/// round_shift() of 1 <= shift <= 62, |x| < 2^62. The floor is that of a positive number: AVX2 shifts 64-bit
/// lanes without their sign.
template <Rounding Mode>
struct RoundShift {
  explicit RoundShift(int shift)
      : by(_mm_cvtsi32_si128(shift)),
        lifted(_mm256_set1_epi64x((std::int64_t{1} << 62) +
                                  (Mode == Rounding::trn || Mode == Rounding::trn_zero ? 0
                                   : Mode == Rounding::rnd_min_inf || Mode == Rounding::rnd_conv
                                       ? (std::int64_t{1} << (shift - 1)) - 1
                                       : std::int64_t{1} << (shift - 1)))),
        below(_mm256_set1_epi64x((std::int64_t{1} << shift) - 1)),
        floor_of_lift(_mm256_set1_epi64x(std::int64_t{1} << (62 - shift))) {}

  __m256i operator()(__m256i x) const {
    const __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi64x(1);
    __m256i sum = _mm256_add_epi64(x, lifted);
    // round_shift() takes 1 off half where x >= 0 or x <= 0, and adds the last bit of the floor.
    if (Mode == Rounding::rnd_zero)
      sum = _mm256_sub_epi64(sum, _mm256_andnot_si256(_mm256_cmpgt_epi64(zero, x), one));
    if (Mode == Rounding::rnd_inf)
      sum = _mm256_sub_epi64(sum, _mm256_andnot_si256(_mm256_cmpgt_epi64(x, zero), one));
    if (Mode == Rounding::rnd_conv)
      sum = _mm256_add_epi64(sum, _mm256_and_si256(_mm256_srl_epi64(x, by), one));
    if (Mode == Rounding::trn_zero)
      sum = _mm256_add_epi64(sum, _mm256_and_si256(_mm256_cmpgt_epi64(zero, x), below));
    return _mm256_sub_epi64(_mm256_srl_epi64(sum, by), floor_of_lift);
  }

  __m128i by;
  __m256i lifted, below, floor_of_lift;
};

/// What quantise_eights() has done of a run.
struct Eights {
  std::ptrdiff_t count;
  std::int64_t minimum, maximum, saturated, zeros, changed, set;
};

inline std::int32_t smallest_of(__m256i v) {
  __m128i half = _mm_min_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  half = _mm_min_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  return _mm_cvtsi128_si32(_mm_min_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}
inline std::int32_t largest_of(__m256i v) {
  __m128i half = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  return _mm_cvtsi128_si32(_mm_max_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}
inline std::int32_t total_of(__m256i v) {
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

/// Rounds and limits the first count / 8 · 8 values of a run, 0 <= shift <= 62, to low..high, both inside
/// the range of 32 bits, so that what 32 bits can't hold is limited either way.
template <Rounding Mode, Counting Counts>
inline Eights quantise_eights(const std::int64_t* exact, std::ptrdiff_t count, int shift, std::int64_t low,
                              std::int64_t high, std::int64_t* values) {
  const RoundShift<Mode> round(shift == 0 ? 1 : shift);
  const bool rounds = shift != 0;
  const __m256i zero = _mm256_setzero_si256(), most = _mm256_set1_epi32(INT32_MAX);
  const __m256i lower = _mm256_set1_epi32(static_cast<std::int32_t>(low));
  const __m256i upper = _mm256_set1_epi32(static_cast<std::int32_t>(high));
  __m256i minimum = upper, maximum = lower, kept = zero, zeros = zero, changed = zero, set = zero;
  std::ptrdiff_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256i a = load_64(exact + i), b = load_64(exact + i + 4);
    const __m256i a_rounded = rounds ? round(a) : a, b_rounded = rounds ? round(b) : b;
    const __m256i lows = low_halves(a_rounded, b_rounded), highs = high_halves(a_rounded, b_rounded);
    const __m256i fits = _mm256_cmpeq_epi32(highs, _mm256_srai_epi32(lows, 31));
    const __m256i beyond = _mm256_xor_si256(_mm256_srai_epi32(highs, 31), most);
    const __m256i rounded = _mm256_blendv_epi8(beyond, lows, fits);
    const __m256i raw = _mm256_min_epi32(_mm256_max_epi32(rounded, lower), upper);
    const __m256i sign = _mm256_srai_epi32(raw, 31);
    const __m256i a_raw = _mm256_unpacklo_epi32(raw, sign), b_raw = _mm256_unpackhi_epi32(raw, sign);
    changed = _mm256_or_si256(changed, _mm256_xor_si256(a_raw, load_64(values + i)));
    changed = _mm256_or_si256(changed, _mm256_xor_si256(b_raw, load_64(values + i + 4)));
    set = _mm256_or_si256(set, raw);
    store_64(values + i, a_raw);
    store_64(values + i + 4, b_raw);
    if (Counts == Counting::none) continue;
    kept = _mm256_sub_epi32(kept, _mm256_cmpeq_epi32(raw, rounded));
    if (Counts == Counting::clipped) continue;
    const __m256i was_zero = low_halves(_mm256_cmpeq_epi64(a, zero), _mm256_cmpeq_epi64(b, zero));
    zeros = _mm256_sub_epi32(zeros, _mm256_andnot_si256(was_zero, _mm256_cmpeq_epi32(raw, zero)));
    minimum = _mm256_min_epi32(minimum, raw);
    maximum = _mm256_max_epi32(maximum, raw);
  }
  Eights all{i, INT64_MAX, INT64_MIN, 0, 0, 0, 0};
  all.changed = _mm256_testz_si256(changed, changed) == 0;
  all.set = _mm256_testz_si256(set, set) == 0;
  if (Counts != Counting::none) all.saturated = i - total_of(kept);
  if (Counts != Counting::all) return all;
  all.minimum = smallest_of(minimum);
  all.maximum = largest_of(maximum);
  all.zeros = total_of(zeros);
  return all;
}

/// 64-bit lanes in 16 bits, of which the caller knows that they fit; returns how many.
inline std::ptrdiff_t narrow_eights(const std::int64_t* values, std::ptrdiff_t count, std::int16_t* out,
                                    std::int64_t& largest, std::int64_t& nonzero) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i sizes = zero, zeros = zero;
  std::ptrdiff_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256i v = low_halves(load_64(values + i), load_64(values + i + 4));
    sizes = _mm256_max_epi32(sizes, _mm256_abs_epi32(v));
    zeros = _mm256_sub_epi32(zeros, _mm256_cmpeq_epi32(v, zero));
    const __m256i in_order = _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7));
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(out + i),
        _mm_packs_epi32(_mm256_castsi256_si128(in_order), _mm256_extracti128_si256(in_order, 1)));
  }
  largest = largest_of(sizes);
  nonzero = i - total_of(zeros);
  return i;
}

/// NeuronKernels::differing of the first count / 4 · 4 values; returns how many those are.
template <bool From>
inline std::ptrdiff_t differing_fours(const std::int64_t* a, const std::int64_t* b, std::ptrdiff_t count,
                                      std::int32_t* index, std::int64_t* value, std::ptrdiff_t& found) {
  const __m256i zero = _mm256_setzero_si256();
  std::ptrdiff_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const __m256i x = load_64(a + i);
    const __m256i difference = From ? _mm256_sub_epi64(x, load_64(b + i)) : x;
    int differs = 15 ^ _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(difference, zero)));
    if (differs == 15) {
      store_64(value + found, difference);
      const __m128i first = _mm_set1_epi32(static_cast<std::int32_t>(i));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(index + found),
                       _mm_add_epi32(first, _mm_setr_epi32(0, 1, 2, 3)));
      found += 4;
      continue;
    }
    for (; differs != 0; differs &= differs - 1) {
      const std::ptrdiff_t at = i + __builtin_ctz(static_cast<unsigned>(differs));
      index[found] = static_cast<std::int32_t>(at);
      value[found++] = From ? a[at] - b[at] : a[at];
    }
  }
  return i;
}

}  // namespace
}  // namespace apical::fixedpoint
