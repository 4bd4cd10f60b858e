// SPDX-License-Identifier: Apache-2.0
#pragma once
// LEARN in AVX2 for every rounding, where no errors' sums follow and weights don't decay; for kernels_isa.cpp
// alone. Rows outside, columns inside: what belongs to a row, its step, its key and its sum, stays in
// registers, and what belongs to a column is looked up once for all rows.
#include "fixedpoint/emulator/learn_isa.hpp"

namespace apical::fixedpoint {
namespace {

/// Some columns, and what the changes of their weights need.
template <class T>
struct ColumnGroup {
  static constexpr std::ptrdiff_t most = 256;
  T* weights[most];
  u16 a[most], b[most];
  i16 rate[most], factor[most];  ///< factor: the rate as the change takes it
  std::ptrdiff_t count = 0;
};

/// How changes are rounded. Modes as in enum Rounding; 8 is STOCHASTIC where no change reaches half an LSB.
struct Rounder {
  vector added, below;  ///< before the shift; 2^shift - 1
  __m128i by;
  i32 random;  ///< what the random bits are multiplied with, in the upper half
};
constexpr int small_stochastic = 8;

// round_shift() of 32-bit products.
template <int Mode>
inline vector rounded_32(vector x, const Rounder& r) {
  vector sum = Mode == 5 ? x : plus_32(x, r.added);
  if (Mode == 1) sum = _mm256_sub_epi32(sum, _mm256_srai_epi32(x, 31));
  if (Mode == 3) sum = _mm256_sub_epi32(sum, _mm256_cmpgt_epi32(x, _mm256_setzero_si256()));
  if (Mode == 4) sum = plus_32(sum, _mm256_and_si256(_mm256_srl_epi32(x, r.by), all_32(1)));
  if (Mode == 6) sum = plus_32(x, _mm256_and_si256(_mm256_srai_epi32(x, 31), r.below));
  return _mm256_sra_epi32(sum, r.by);
}

// Columns n .. n + N - 1 of the group on V vectors of rows from i on.
template <int Mode, std::size_t N, std::size_t V, bool Full, bool Basal, class T>
struct RowVectors {
  const LearnBlock& k;
  const Rounder& r;
  std::ptrdiff_t i;

  vector change(std::size_t v, vector rate, vector a, vector b) const {
    const std::ptrdiff_t at = i + static_cast<std::ptrdiff_t>(v) * lanes;
    const vector step = load(k.steps + at);
    if (Mode < 7)
      return _mm256_packs_epi32(rounded_32<Mode>(multiply_add(unpack_even(step, step), rate), r),
                                rounded_32<Mode>(multiply_add(unpack_odd(step, step), rate), r));
    const vector x = plus(exclusive_or(load(k.low_keys + at), a), exclusive_or(load(k.high_keys + at), b));
    const vector y = product_low(exclusive_or(x, right_by<5>(x)), opaque(all(129)));
    const vector random = product_low(exclusive_or(y, right_by<3>(y)), opaque(all(513)));
    if (Mode == small_stochastic) {
      const vector fraction = product_rounded(left(step, r.by), rate);
      const vector sum = exclusive_or(average(plus(fraction, all(32767)), random), all(-32768));
      return product_rounded(sum, all(1));
    }
    // step · rate + (random - 2^15) 2^c, which `added` makes up for.
    const vector from_middle = exclusive_or(random, all(-32768));
    const vector low = plus_32(multiply_add(unpack_even(step, from_middle), rate), r.added);
    const vector high = plus_32(multiply_add(unpack_odd(step, from_middle), rate), r.added);
    return _mm256_packs_epi32(_mm256_sra_epi32(low, r.by), _mm256_sra_epi32(high, r.by));
  }

  void operator()(const ColumnGroup<T>& group, std::ptrdiff_t n, vector* even, vector* odd) const {
    vector moved[2][V];
    for (std::size_t v = 0; v < V; ++v) moved[1][v] = all_32(0);
    for (std::size_t q = 0; q < N; ++q) {
      const std::ptrdiff_t c = n + static_cast<std::ptrdiff_t>(q);
      const i32 factor = group.factor[c];
      const vector rate = Mode == small_stochastic ? all(factor) : all_32((factor & 0xffff) | r.random);
      const vector a = all(group.a[c]), b = all(group.b[c]);
      T* const weights = group.weights[c] + i;
      for (std::size_t v = 0; v < V; ++v) {
        T* const w = weights + static_cast<std::ptrdiff_t>(v) * lanes;
        const vector before = load_weights(w);
        vector after = plus_saturating(before, change(v, rate, a, b));
        if (!Full)
          after = clamp(after, all(static_cast<int>(k.weight.minimum_raw())),
                        all(static_cast<int>(k.weight.maximum_raw())));
        store_weights(w, after);
        moved[q][v] = minus(after, before);
      }
    }
    if (!Basal) return;
    const vector pair = pair_of(group.rate[n], N == 2 ? group.rate[n + 1] : 0);
    for (std::size_t v = 0; v < V; ++v) {
      even[v] = plus_32(even[v], multiply_add(unpack_even(moved[0][v], moved[1][v]), pair));
      odd[v] = plus_32(odd[v], multiply_add(unpack_odd(moved[0][v], moved[1][v]), pair));
    }
  }
};

template <int Mode, std::size_t V, bool Full, bool Basal, class T>
void learn_rows(const ColumnGroup<T>& group, const LearnBlock& k, const Rounder& r, std::ptrdiff_t i) {
  vector even[V], odd[V];
  for (std::size_t v = 0; v < V; ++v) even[v] = odd[v] = all_32(0);
  std::ptrdiff_t n = 0;
  const RowVectors<Mode, 2, V, Full, Basal, T> two{k, r, i};
  for (; n + 2 <= group.count; n += 2) two(group, n, even, odd);
  const RowVectors<Mode, 1, V, Full, Basal, T> one{k, r, i};
  if (n < group.count) one(group, n, even, odd);
  for (std::size_t v = 0; Basal && v < V; ++v)
    add_lanes<0>(even[v], odd[v], k.basal_sums + i + static_cast<std::ptrdiff_t>(v) * lanes);
}

template <int Mode, bool Full, bool Basal, class T>
void learn_all_rows(const ColumnGroup<T>& group, const LearnBlock& k, const Rounder& r) {
  std::ptrdiff_t i = k.first;
  for (; i + 2 * lanes <= k.last; i += 2 * lanes) learn_rows<Mode, 2, Full, Basal>(group, k, r, i);
  for (; i < k.last; i += lanes) learn_rows<Mode, 1, Full, Basal>(group, k, r, i);
}

template <int Mode, class T>
void learn_group(const ColumnGroup<T>& group, const LearnBlock& k, const Rounder& r) {
  const bool full = sizeof(T) == 2 && k.weight.minimum_raw() == -32768 && k.weight.maximum_raw() == 32767;
  if (k.basal_sums != nullptr)
    full ? learn_all_rows<Mode, true, true>(group, k, r) : learn_all_rows<Mode, false, true>(group, k, r);
  else
    full ? learn_all_rows<Mode, true, false>(group, k, r) : learn_all_rows<Mode, false, false>(group, k, r);
}

// What is added before the floor, where it is the same for all products.
template <int Mode>
Rounder rounder_of(int shift) {
  const i32 half = i32{1} << (shift - 1);
  return {all_32(Mode == 0 ? half : half - 1), all_32(static_cast<i32>((std::uint32_t{1} << shift) - 1)),
          _mm_cvtsi32_si128(shift), 0};
}

/// LEARN of at most ColumnGroup::most columns. False, and nothing done, where 16 bits don't hold what it
/// takes them for.
template <int Mode, class T>
bool learn_few(T* weights, const LearnBlock& k) {
  const i64 least = least_change<Mode>(k);
  ColumnGroup<T> group;
  i64 largest = 0, total = 0;
  for (std::ptrdiff_t c = 0; c < k.columns.count; ++c) {
    const i64 rate = k.columns.value[c], size = magnitude_of(rate);
    if (size * k.largest_step < least) continue;
    const std::ptrdiff_t j = k.columns.index[c], n = group.count++;
    group.weights[n] = weights + j * k.stride;
    group.a[n] = k.a[j];
    group.b[n] = k.b[j];
    group.rate[n] = group.factor[n] = static_cast<i16>(rate);
    largest = size > largest ? size : largest;
    total += size;
  }
  const int lacking = Mode == 7 && k.shift < 16 ? 16 - k.shift : 0;
  const i64 lifted = largest << lacking;
  const i64 change = ((largest * k.largest_step) >> k.shift) + 1;
  if (k.shift < 1 || lifted > 32767 || change > 32767) return false;
  if (k.basal_sums != nullptr && total * change > limit_32) return false;
  if (Mode < 7) {
    learn_group<Mode>(group, k, rounder_of<Mode>(k.shift));
    return true;
  }
  const int extra = k.shift > 16 ? k.shift - 16 : 0;
  int step_bits = 0;
  while (step_bits < 15 - extra && (k.largest_step << (step_bits + 1)) < 32768) ++step_bits;
  const int rate_bits = 15 - extra - step_bits;
  const bool small = k.largest_step < 32768 && (lifted << rate_bits) < 32768;
  const int factor_bits = lacking + (small ? rate_bits : 0);
  for (std::ptrdiff_t n = 0; n < group.count && factor_bits > 0; ++n)
    group.factor[n] = static_cast<i16>(group.rate[n] * (1 << factor_bits));
  if (small) {
    const Rounder r{all_32(0), all_32(0), _mm_cvtsi32_si128(step_bits), 0};
    learn_group<small_stochastic>(group, k, r);
    return true;
  }
  const i32 middle = i32{1} << (15 + extra), half = extra > 0 ? i32{1} << (extra - 1) : 0;
  const Rounder r{all_32(middle + half), all_32(0), _mm_cvtsi32_si128(16 + extra), i32{1} << (16 + extra)};
  learn_group<7>(group, k, r);
  return true;
}

/// False, and nothing done, where LEARN is one for the other loops.
template <int Mode, class T>
bool learn_by_rows(T* weights, const LearnBlock& k) {
  // Long columns are better streamed; they pay for what is looked up for each.
  constexpr std::ptrdiff_t long_column = 128;
  if (k.apical_sums != nullptr || k.decay >= 0 ||
      (Mode == 7 && (k.weight.random_bits < 16 || k.last - k.first > long_column)))
    return false;
  // Few enough columns that their weights stay in the first-level cache from one pass of rows to the next.
  constexpr std::ptrdiff_t cached = 16384, fewest = 16;
  const std::ptrdiff_t fit = cached / ((k.last - k.first) * static_cast<std::ptrdiff_t>(sizeof(T)));
  const std::ptrdiff_t step = fit > ColumnGroup<T>::most ? ColumnGroup<T>::most : fit < fewest ? fewest : fit;
  const ColumnList all_columns = k.columns;
  LearnBlock part = k;
  for (std::ptrdiff_t first = 0; first < all_columns.count; first += step) {
    const std::ptrdiff_t left = all_columns.count - first;
    part.columns = {all_columns.index + first, all_columns.value + first, left < step ? left : step};
    if (learn_few<Mode>(weights, part)) continue;
    if (Mode == 7)
      learn_stochastic(weights, part);
    else
      learn<Mode>(weights, part);
  }
  return true;
}

// In the order of enum Rounding.
template <int Mode, class T>
void learn_avx2(T* weights, const LearnBlock& k) {
  if (learn_by_rows<Mode>(weights, k)) return;
  if (Mode == 7) return learn_stochastic(weights, k);
  learn<Mode>(weights, k);
}

}  // namespace
}  // namespace apical::fixedpoint
