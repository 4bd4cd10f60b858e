// SPDX-License-Identifier: Apache-2.0
#pragma once
// LEARN, for kernels_isa.cpp alone: everything is static, so that each level keeps its own.
#include "fixedpoint/emulator/sums_isa.hpp"

namespace apical::fixedpoint {
namespace {

// random16_from() of counter_random.hpp on the halves of a row key, repeated here to share no inline
// function.
inline u16 random_bits(u16 low_key, u16 high_key, u16 a, u16 b) {
  u16 x = static_cast<u16>((low_key ^ a) + (high_key ^ b));
  x = static_cast<u16>(x ^ (x >> 5));
  x = static_cast<u16>(x + (x << 7));
  x = static_cast<u16>(x ^ (x >> 3));
  return static_cast<u16>(x + (x << 9));
}

// One column. Modes as in enum Rounding: RND, RND_ZERO, RND_MIN_INF, RND_INF, RND_CONV, TRN, TRN_ZERO,
// STOCHASTIC.
template <int Mode, bool Decays, class T>
void learn_column(T* weights, i32 rate, u16 a, u16 b, const LearnBlock& k, i64* apical) {
  const int shift = k.shift;
  const i32 mask = static_cast<i32>((std::uint32_t{1} << shift) - 1);
  const i32 half = shift == 0 ? 1 : i32{1} << (shift - 1);  // shift 0: remainder 0 never reaches it
  const int kept = k.weight.random_bits;                    // the upper ones of 16
  const int random_up = shift > kept ? shift - kept : 0;
  const int random_down = 16 - (shift < kept ? shift : kept);
  const i32 unit = Decays ? i32{1} << k.decay : 0;
  const i32 resolution_half = shift > kept ? i32{1} << (shift - kept - 1) : 0;
  const i32 minimum = static_cast<i32>(k.weight.minimum_raw()),
            maximum = static_cast<i32>(k.weight.maximum_raw());
  const auto one = [&](std::ptrdiff_t i) {
    i32 product = k.steps[i] * rate;
    if (Decays) product -= k.steps[i] == 0 ? 0 : weights[i] * unit;
    i32 rounded;
    if (Mode == 7) {
      const i32 random = (random_bits(k.low_keys[i], k.high_keys[i], a, b) >> random_down) << random_up;
      rounded = (product + random + resolution_half) >> shift;
    } else {
      const i32 floor = product >> shift;
      const i32 rest = product & mask;
      i32 up = 0;
      if (Mode == 0) up = rest >= half;
      if (Mode == 1) up = rest > half || (rest == half && product < 0);
      if (Mode == 2) up = rest > half;
      if (Mode == 3) up = rest > half || (rest == half && product > 0);
      if (Mode == 4) up = rest > half || (rest == half && (floor & 1));
      if (Mode == 6) up = rest != 0 && product < 0;
      rounded = floor + up;
    }
    i32 value = weights[i] + rounded;
    value = value < minimum ? minimum : value;
    value = value > maximum ? maximum : value;
    const i32 change = value - weights[i];
    weights[i] = static_cast<T>(value);
    return change;
  };
  if (k.basal_sums == nullptr && apical == nullptr) {
    for (std::ptrdiff_t i = k.first; i < k.last; ++i) one(i);
    return;
  }
  i64 known = 0;
  for (std::ptrdiff_t i = k.first; i < k.last; ++i) {
    const i64 change = one(i);
    if (k.basal_sums != nullptr) k.basal_sums[i] += change * rate;
    if (apical != nullptr) known += change * k.errors[i];
  }
  if (apical != nullptr) *apical += known;
}

// Below this |step · rate| every change of a weight is rounded to 0: half an LSB to nearest, a whole one
// towards 0, and half of the last bit that stochastic rounding sees.
template <int Mode>
inline i64 least_change(const LearnBlock& k) {
  if (Mode <= 4) return k.shift == 0 ? 0 : i64{1} << (k.shift - 1);
  if (Mode == 6) return i64{1} << k.shift;
  const int unseen = Mode == 7 ? k.shift - k.weight.random_bits : 0;
  return unseen > 0 ? i64{1} << (unseen - 1) : 0;
}

template <int Mode, bool Decays, class T>
void learn_each(T* weights, const LearnBlock& k) {
  const i64 least = Decays ? 0 : least_change<Mode>(k);
  for (std::ptrdiff_t c = 0; c < k.columns.count; ++c) {
    const std::ptrdiff_t j = k.columns.index[c];
    const i32 rate = static_cast<i32>(k.columns.value[c]);
    if (Decays ? rate == 0 : magnitude_of(rate) * k.largest_step < least) continue;
    learn_column<Mode, Decays>(weights + j * k.stride, rate, k.a[j], k.b[j], k,
                               k.apical_sums == nullptr ? nullptr : k.apical_sums + j);
  }
}

template <int Mode, class T>
void learn(T* weights, const LearnBlock& k) {
  k.decay < 0 ? learn_each<Mode, false>(weights, k) : learn_each<Mode, true>(weights, k);
}

#if APICAL_LEVEL >= 3
// Stochastic rounding in 16-bit lanes; the compiler finds only 32-bit lanes for this, which is half the
// speed. With F = step · rate at 16 fraction bits, the change is the floor of (F + random) / 2^16.
struct Lanes {
  const i16 *steps, *scaled;  ///< scaled = steps · 2^k, so that F is one rounded product
  const i16* errors;
  const u16 *low_keys, *high_keys;
  i32* basal;  ///< 32-bit sums of rows first..
  vector minimum, maximum, half, by_129, by_513;
  __m128i down, up;
};

inline vector random_lanes(const Lanes& l, std::ptrdiff_t i, vector a, vector b) {
  const vector x = plus(exclusive_or(load(l.low_keys + i), a), exclusive_or(load(l.high_keys + i), b));
  const vector y = product_low(exclusive_or(x, right_by<5>(x)), l.by_129);
  return product_low(exclusive_or(y, right_by<3>(y)), l.by_513);
}

// F has 16 bits: -1, 0 or 1 from the average of F and random, both made unsigned.
inline vector small_change(const Lanes& l, std::ptrdiff_t i, vector scaled_rate, vector random) {
  const vector fraction = product_rounded(load(l.scaled + i), scaled_rate);
  const vector sum = exclusive_or(average(plus(fraction, all(32767)), random), all(-32768));
  return product_rounded(sum, all(1));
}

// F = high · 2^16 + low, and the change is high plus the carry out of low + random.
inline vector large_change(const Lanes& l, std::ptrdiff_t i, vector rate, vector random) {
  const vector step = load(l.steps + i);
  const vector low = plus(product_low(step, rate), l.half);
  const vector high = plus_one_above(product_high(step, rate), l.half, low);
  const vector not_low = neither(right(low, l.down), left(high, l.up));
  return plus_one_above(right_signed(high, l.down), random, not_low);
}

// One or two columns, which then share the loads of rows. Full: the weights use all of T, and saturation is
// their limit. Basal, Apical: the sums follow, in 32 bits between flushes.
template <class T>
struct LearnColumn {
  T* weights;
  std::ptrdiff_t index;
  i32 factor, rate;  ///< factor: the rate as the change takes it
};

template <std::size_t N, class T, bool Small, bool Full, bool Basal, bool Apical>
inline void learn_lanes(const LearnColumn<T>* columns, const LearnBlock& k, const Lanes& l) {
  vector rate[N], a[N], b[N], known[N];
  T* weights[N];
  for (std::size_t n = 0; n < N; ++n) {
    const LearnColumn<T>& column = columns[n];
    weights[n] = column.weights;
    rate[n] = all(column.factor);
    a[n] = all(k.a[column.index]);
    b[n] = all(k.b[column.index]);
    known[n] = all_32(0);
  }
  const vector pair = pair_of(columns[0].rate, N == 2 ? columns[N - 1].rate : 0);
  i32* const sums = l.basal - k.first;
  const std::ptrdiff_t last = k.last;
  for (std::ptrdiff_t i = k.first; i < last; i += lanes) {
    vector moved[2] = {all_32(0), all_32(0)};
    for (std::size_t n = 0; n < N; ++n) {
      const vector random = random_lanes(l, i, a[n], b[n]);
      const vector change = Small ? small_change(l, i, rate[n], random) : large_change(l, i, rate[n], random);
      const vector before = load_weights(weights[n] + i);
      vector after = plus_saturating(before, change);
      if (!Full) after = clamp(after, l.minimum, l.maximum);
      store_weights(weights[n] + i, after);
      moved[n] = minus(after, before);
    }
    if (Basal) {
      i32* const sum = sums + i;
      store(sum, plus_32(load(sum), multiply_add(unpack_even(moved[0], moved[1]), pair)));
      store(sum + lanes / 2,
            plus_32(load(sum + lanes / 2), multiply_add(unpack_odd(moved[0], moved[1]), pair)));
    }
    if (Apical)
      for (std::size_t n = 0; n < N; ++n)
        known[n] = plus_32(known[n], multiply_add(moved[n], load(l.errors + i)));
  }
  if (Apical)
    for (std::size_t n = 0; n < N; ++n) k.apical_sums[columns[n].index] += total(known[n]);
}

template <class T, bool Full, bool Basal, bool Apical>
void learn_columns(T* weights, const LearnBlock& k) {
  // Below 16 bits of shift a power of two on the rate makes up for them: (x + (R >> d)) >> (16 - d) is
  // (x 2^d + R) >> 16.
  const int extra = k.shift > 16 ? k.shift - 16 : 0, lacking = k.shift < 16 ? 16 - k.shift : 0;
  const std::ptrdiff_t first = k.first, last = k.last, width = last - first;
  i32* const scratch = k.scratch + 2 * first;
  // Powers of two on step and rate bring F to the place that a rounded product has.
  int step_bits = 0;
  while (step_bits < 15 - extra && (static_cast<i64>(k.largest_step) << (step_bits + 1)) < 32768) ++step_bits;
  const int rate_bits = 15 - extra - step_bits;
  i16* const scaled = reinterpret_cast<i16*>(scratch + width) - first;
  for (std::ptrdiff_t i = first; i < last; i += lanes)
    store(scaled + i, left(load(k.steps + i), _mm_cvtsi32_si128(step_bits)));
  // x + (x << 7), x + (x << 9) by the multipliers; the compiler would make shifts of them again.
  const Lanes l{k.steps,
                scaled,
                k.errors,
                k.low_keys,
                k.high_keys,
                scratch,
                all(static_cast<int>(k.weight.minimum_raw())),
                all(static_cast<int>(k.weight.maximum_raw())),
                all(extra > 0 ? 1 << (extra - 1) : 0),
                opaque(all(129)),
                opaque(all(513)),
                _mm_cvtsi32_si128(extra),
                _mm_cvtsi32_si128(16 - extra)};
  const i64 vectors = width / lanes;
  i64 spent = 0;
  if (Basal) clear(scratch, width);
  const i64 least = least_change<7>(k);
  LearnColumn<T> large[2], small[2];
  int larges = 0, smalls = 0;
  const auto finish = [&] {
    if (larges == 1) learn_lanes<1, T, false, Full, Basal, Apical>(large, k, l);
    if (smalls == 1) learn_lanes<1, T, true, Full, Basal, Apical>(small, k, l);
    larges = smalls = 0;
  };
  for (std::ptrdiff_t c = 0; c < k.columns.count; ++c) {
    const std::ptrdiff_t j = k.columns.index[c];
    const i32 rate = static_cast<i32>(k.columns.value[c]);
    if (magnitude_of(rate) * k.largest_step < least) continue;
    // No change of this column is larger.
    const i64 change = ((magnitude_of(rate) * k.largest_step) >> k.shift) + 1;
    const i64 lifted = magnitude_of(rate) << lacking;
    if ((Apical && 2 * vectors * change * k.largest_error > limit_32) || (lacking > 0 && lifted > 32767)) {
      learn_column<7, false>(weights + j * k.stride, rate, k.a[j], k.b[j], k,
                             Apical ? k.apical_sums + j : nullptr);
      continue;
    }
    if (Basal) {
      const i64 cost = change * magnitude_of(rate);
      if (spent + cost > limit_32) {
        finish();
        flush_scratch(width, false, scratch, k.basal_sums + first);
        clear(scratch, width);
        spent = 0;
      }
      spent += cost;
    }
    const bool is_small = k.largest_step < 32768 && (lifted << rate_bits) < 32768;
    const auto factor = static_cast<std::uint32_t>(rate) << (is_small ? lacking + rate_bits : lacking);
    const LearnColumn<T> column{weights + j * k.stride, j, static_cast<i32>(factor), rate};
    if (is_small) {
      small[smalls++] = column;
      if (smalls == 2) learn_lanes<2, T, true, Full, Basal, Apical>(small, k, l), smalls = 0;
    } else {
      large[larges++] = column;
      if (larges == 2) learn_lanes<2, T, false, Full, Basal, Apical>(large, k, l), larges = 0;
    }
  }
  finish();
  if (Basal) flush_scratch(width, false, scratch, k.basal_sums + first);
}

template <class T, bool Full>
void learn_sums(T* weights, const LearnBlock& k) {
  const bool basal = k.basal_sums != nullptr, apical = k.apical_sums != nullptr;
  if (basal && apical) return learn_columns<T, Full, true, true>(weights, k);
  if (basal) return learn_columns<T, Full, true, false>(weights, k);
  if (apical) return learn_columns<T, Full, false, true>(weights, k);
  learn_columns<T, Full, false, false>(weights, k);
}
#endif

template <class T>
void learn_stochastic(T* weights, const LearnBlock& k) {
#if APICAL_LEVEL >= 3
  if (k.decay >= 0 || k.weight.random_bits < 16) return learn<7>(weights, k);
  if (sizeof(T) == 2 && k.weight.minimum_raw() == -32768 && k.weight.maximum_raw() == 32767)
    return learn_sums<T, true>(weights, k);
  learn_sums<T, false>(weights, k);
#else
  learn<7>(weights, k);
#endif
}

}  // namespace
}  // namespace apical::fixedpoint
