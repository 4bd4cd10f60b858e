// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vectors of AVX2 (APICAL_LEVEL 3) and AVX-512 (4) under one set of names, for kernels_isa.cpp alone:
// everything is static, so that each level keeps its own. Lanes are 16 bits unless a name says 32.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace apical::fixedpoint {
namespace {

#if APICAL_LEVEL == 4
using vector = __m512i;
constexpr std::ptrdiff_t lanes = 32;
#define APICAL_VECTOR(operation) _mm512_##operation
#else
using vector = __m256i;
constexpr std::ptrdiff_t lanes = 16;
#define APICAL_VECTOR(operation) _mm256_##operation
#endif

#if APICAL_LEVEL == 4
inline vector load(const void* p) {
  return _mm512_loadu_si512(p);
}
inline void store(void* p, vector v) {
  _mm512_storeu_si512(p, v);
}
inline vector load_weights(const std::int8_t* p) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline void store_weights(std::int8_t* p, vector v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi16_epi8(v));
}
inline vector exclusive_or(vector a, vector b) {
  return _mm512_xor_si512(a, b);
}
// Bits set in neither of them.
inline vector neither(vector a, vector b) {
  return _mm512_ternarylogic_epi32(a, b, b, 0x01);
}
// v + 1 where a > b, unsigned.
inline vector plus_one_above(vector v, vector a, vector b) {
  return _mm512_mask_add_epi16(v, _mm512_cmpgt_epu16_mask(a, b), v, _mm512_set1_epi16(1));
}
// Eight 32-bit lanes, widened and shifted, onto eight sums.
template <int Shift>
inline void add_eight(__m128i first, __m128i second, std::int64_t* sums) {
  const vector wide = _mm512_slli_epi64(_mm512_cvtepi32_epi64(_mm256_set_m128i(second, first)), Shift);
  store(sums, _mm512_add_epi64(load(sums), wide));
}
// 32-bit lanes of `even` and `odd` as unpack left them, times 2^Shift, onto sums in the order of rows.
template <int Shift>
inline void add_lanes(vector even, vector odd, std::int64_t* sums) {
  add_eight<Shift>(_mm512_extracti32x4_epi32(even, 0), _mm512_extracti32x4_epi32(odd, 0), sums);
  add_eight<Shift>(_mm512_extracti32x4_epi32(even, 1), _mm512_extracti32x4_epi32(odd, 1), sums + 8);
  add_eight<Shift>(_mm512_extracti32x4_epi32(even, 2), _mm512_extracti32x4_epi32(odd, 2), sums + 16);
  add_eight<Shift>(_mm512_extracti32x4_epi32(even, 3), _mm512_extracti32x4_epi32(odd, 3), sums + 24);
}
inline std::int64_t total(vector v) {
  return _mm512_reduce_add_epi64(_mm512_add_epi64(_mm512_cvtepi32_epi64(_mm512_castsi512_si256(v)),
                                                  _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(v, 1))));
}
// Totals of four vectors of 32-bit lanes, times 2^Shift, onto four sums.
template <int Shift>
inline void add_totals(const vector* v, std::int64_t* sums) {
  __m512i wide[4];
  for (int c = 0; c < 4; ++c)
    wide[c] = _mm512_add_epi64(_mm512_cvtepi32_epi64(_mm512_castsi512_si256(v[c])),
                               _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(v[c], 1)));
  const __m512i a =
      _mm512_add_epi64(_mm512_unpacklo_epi64(wide[0], wide[1]), _mm512_unpackhi_epi64(wide[0], wide[1]));
  const __m512i b =
      _mm512_add_epi64(_mm512_unpacklo_epi64(wide[2], wide[3]), _mm512_unpackhi_epi64(wide[2], wide[3]));
  const __m512i c = _mm512_add_epi64(_mm512_shuffle_i64x2(a, b, 0x88), _mm512_shuffle_i64x2(a, b, 0xdd));
  const __m256i d = _mm512_castsi512_si256(c), e = _mm512_extracti64x4_epi64(c, 1);
  const __m256i four =
      _mm256_add_epi64(_mm256_permute2x128_si256(d, e, 0x20), _mm256_permute2x128_si256(d, e, 0x31));
  __m256i* const to = reinterpret_cast<__m256i*>(sums);
  _mm256_storeu_si256(to, _mm256_add_epi64(_mm256_loadu_si256(to), _mm256_slli_epi64(four, Shift)));
}
#else
inline vector load(const void* p) {
  return _mm256_loadu_si256(static_cast<const vector*>(p));
}
inline void store(void* p, vector v) {
  _mm256_storeu_si256(static_cast<vector*>(p), v);
}
inline vector load_weights(const std::int8_t* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline void store_weights(std::int8_t* p, vector v) {
  const __m128i packed = _mm_packs_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), packed);
}
inline vector exclusive_or(vector a, vector b) {
  return _mm256_xor_si256(a, b);
}
// Bits set in neither of them.
inline vector neither(vector a, vector b) {
  return _mm256_xor_si256(_mm256_or_si256(a, b), _mm256_set1_epi16(-1));
}
// v + 1 where a > b, unsigned.
inline vector plus_one_above(vector v, vector a, vector b) {
  const vector not_above = _mm256_cmpeq_epi16(_mm256_max_epu16(a, b), b);  // -1 where it is not
  return _mm256_add_epi16(_mm256_add_epi16(v, _mm256_set1_epi16(1)), not_above);
}
template <int Shift>
inline void add_four(__m128i lanes_32, std::int64_t* sums) {
  store(sums, _mm256_add_epi64(load(sums), _mm256_slli_epi64(_mm256_cvtepi32_epi64(lanes_32), Shift)));
}
// 32-bit lanes of `even` and `odd` as unpack left them, times 2^Shift, onto sums in the order of rows.
template <int Shift>
inline void add_lanes(vector even, vector odd, std::int64_t* sums) {
  add_four<Shift>(_mm256_castsi256_si128(even), sums);
  add_four<Shift>(_mm256_castsi256_si128(odd), sums + 4);
  add_four<Shift>(_mm256_extracti128_si256(even, 1), sums + 8);
  add_four<Shift>(_mm256_extracti128_si256(odd, 1), sums + 12);
}
inline std::int64_t total(vector v) {
  const vector sums = _mm256_add_epi64(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(v)),
                                       _mm256_cvtepi32_epi64(_mm256_extracti128_si256(v, 1)));
  return _mm256_extract_epi64(sums, 0) + _mm256_extract_epi64(sums, 1) + _mm256_extract_epi64(sums, 2) +
         _mm256_extract_epi64(sums, 3);
}
// Totals of four vectors of 32-bit lanes, times 2^Shift, onto four sums.
template <int Shift>
inline void add_totals(const vector* v, std::int64_t* sums) {
  for (int c = 0; c < 4; ++c) sums[c] += total(v[c]) * (1 << Shift);
}
#endif

inline vector load_weights(const std::int16_t* p) {
  return load(p);
}
inline void store_weights(std::int16_t* p, vector v) {
  store(p, v);
}
inline vector all(int value) {
  return APICAL_VECTOR(set1_epi16)(static_cast<std::int16_t>(value));
}
/// The same vector, of which the compiler knows nothing.
inline vector opaque(vector v) {
  __asm__("" : "+v"(v));
  return v;
}
inline vector all_32(std::int32_t value) {
  return APICAL_VECTOR(set1_epi32)(value);
}
/// Two 16-bit numbers, alternating.
inline vector pair_of(std::int32_t first, std::int32_t second) {
  return all_32(static_cast<std::int32_t>((static_cast<std::uint32_t>(first) & 0xffffu) |
                                          (static_cast<std::uint32_t>(second) << 16)));
}

inline vector plus(vector a, vector b) {
  return APICAL_VECTOR(add_epi16)(a, b);
}
inline vector plus_32(vector a, vector b) {
  return APICAL_VECTOR(add_epi32)(a, b);
}
inline vector minus(vector a, vector b) {
  return APICAL_VECTOR(sub_epi16)(a, b);
}
inline vector plus_saturating(vector a, vector b) {
  return APICAL_VECTOR(adds_epi16)(a, b);
}
inline vector clamp(vector v, vector low, vector high) {
  return APICAL_VECTOR(min_epi16)(APICAL_VECTOR(max_epi16)(v, low), high);
}
inline vector product_low(vector a, vector b) {
  return APICAL_VECTOR(mullo_epi16)(a, b);
}
inline vector product_high(vector a, vector b) {
  return APICAL_VECTOR(mulhi_epi16)(a, b);
}
/// (a · b + 2^14) >> 15
inline vector product_rounded(vector a, vector b) {
  return APICAL_VECTOR(mulhrs_epi16)(a, b);
}
/// (a + b + 1) >> 1, unsigned
inline vector average(vector a, vector b) {
  return APICAL_VECTOR(avg_epu16)(a, b);
}
/// Products of 16-bit lanes, neighbours added, in 32-bit lanes.
inline vector multiply_add(vector a, vector b) {
  return APICAL_VECTOR(madd_epi16)(a, b);
}
inline vector right(vector v, __m128i n) {
  return APICAL_VECTOR(srl_epi16)(v, n);
}
template <int N>
inline vector right_by(vector v) {
  return APICAL_VECTOR(srli_epi16)(v, N);
}
inline vector right_signed(vector v, __m128i n) {
  return APICAL_VECTOR(sra_epi16)(v, n);
}
inline vector left(vector v, __m128i n) {
  return APICAL_VECTOR(sll_epi16)(v, n);
}
/// Interleaves a and b: rows 8n..8n+3 of every 8 in `even`, rows 8n+4..8n+7 in `odd`.
inline vector unpack_even(vector a, vector b) {
  return APICAL_VECTOR(unpacklo_epi16)(a, b);
}
inline vector unpack_odd(vector a, vector b) {
  return APICAL_VECTOR(unpackhi_epi16)(a, b);
}

}  // namespace
}  // namespace apical::fixedpoint
