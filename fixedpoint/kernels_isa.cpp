// Loops over weights. Compiled once per x86-64 level (APICAL_LEVEL); includes nothing with inline functions
// that another translation unit could share, so that no code of a higher level can leak into the baseline.
#include "fixedpoint/kernels.hpp"
#include "fixedpoint/kernels_level.hpp"
#if APICAL_LEVEL >= 3
#include "fixedpoint/vectors.hpp"
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

// FORWARD adds columns eight at a time into 32-bit sums, which go to the 64-bit ones before they could
// overflow. Values are split into high · 256 + low where the products would leave too little room.
constexpr std::ptrdiff_t group = 8;

struct Group {
  const void* column[group];
  i32 value[group];
};

#if APICAL_LEVEL >= 3
inline vector pair_of(i32 first, i32 second) {
  return all_32(static_cast<i32>((static_cast<std::uint32_t>(first) & 0xffffu) |
                                 (static_cast<std::uint32_t>(second) << 16)));
}

// scratch[0..width) collects low (or whole) products, scratch[width..2 width) high ones, in the order of
// lanes that unpacking leaves.
template <class T, bool Split>
inline void add_group(const Group& g, std::ptrdiff_t first, std::ptrdiff_t width, i32* scratch) {
  constexpr std::ptrdiff_t pairs = group / 2;
  vector low[pairs], high[pairs];
  const T* column[group];
  for (std::ptrdiff_t c = 0; c < group; ++c) column[c] = static_cast<const T*>(g.column[c]) + first;
  for (std::ptrdiff_t p = 0; p < pairs; ++p) {
    const i32 a = g.value[2 * p], b = g.value[2 * p + 1];
    low[p] = pair_of(Split ? a & 255 : a, Split ? b & 255 : b);
    high[p] = pair_of(a >> 8, b >> 8);
  }
  for (std::ptrdiff_t i = 0; i < width; i += lanes) {
    i32* const sum = scratch + i;
    vector even = load(sum), odd = load(sum + lanes / 2), high_even = even, high_odd = odd;
    if (Split) high_even = load(sum + width), high_odd = load(sum + width + lanes / 2);
    for (std::ptrdiff_t p = 0; p < pairs; ++p) {
      const vector w0 = load_weights(column[2 * p] + i), w1 = load_weights(column[2 * p + 1] + i);
      const vector evens = unpack_even(w0, w1), odds = unpack_odd(w0, w1);
      even = plus_32(even, multiply_add(evens, low[p]));
      odd = plus_32(odd, multiply_add(odds, low[p]));
      if (!Split) continue;
      high_even = plus_32(high_even, multiply_add(evens, high[p]));
      high_odd = plus_32(high_odd, multiply_add(odds, high[p]));
    }
    store(sum, even);
    store(sum + lanes / 2, odd);
    if (!Split) continue;
    store(sum + width, high_even);
    store(sum + width + lanes / 2, high_odd);
  }
}

inline void flush_scratch(std::ptrdiff_t width, bool split, i32* scratch, i64* sums) {
  for (std::ptrdiff_t i = 0; i < width; i += lanes) {
    add_lanes<0>(load(scratch + i), load(scratch + i + lanes / 2), sums + i);
    if (split) add_lanes<8>(load(scratch + width + i), load(scratch + width + i + lanes / 2), sums + i);
  }
}
#else
template <class T, bool Split>
inline void add_group(const Group& g, std::ptrdiff_t first, std::ptrdiff_t width, i32* scratch) {
  for (std::ptrdiff_t c = 0; c < group; ++c) {
    const T* const w = static_cast<const T*>(g.column[c]) + first;
    const i32 low = Split ? g.value[c] & 255 : g.value[c];
    const i32 high = g.value[c] >> 8;
    for (std::ptrdiff_t i = 0; i < width; ++i) scratch[i] += low * w[i];
    if (Split)
      for (std::ptrdiff_t i = 0; i < width; ++i) scratch[width + i] += high * w[i];
  }
}

inline void flush_scratch(std::ptrdiff_t width, bool split, i32* scratch, i64* sums) {
  for (std::ptrdiff_t i = 0; i < width; ++i)
    sums[i] += scratch[i] + (split ? 256 * static_cast<i64>(scratch[width + i]) : 0);
}
#endif

inline void clear(i32* scratch, std::ptrdiff_t count) {
  for (std::ptrdiff_t i = 0; i < count; ++i) scratch[i] = 0;
}

template <class T, bool Split>
void forward_split(const T* weights, std::ptrdiff_t stride, std::ptrdiff_t first, std::ptrdiff_t width,
                   const ColumnList& list, i32 magnitude, i32* scratch, i64* sums) {
  const i64 budget = limit_32 / magnitude;  // Σ |value|, or Σ of the larger half, that 32 bits hold
  i64 spent = 0;
  clear(scratch, (Split ? 2 : 1) * width);
  for (std::ptrdiff_t begin = 0; begin < list.count; begin += group) {
    Group g;
    i64 cost = 0;
    for (std::ptrdiff_t c = 0; c < group; ++c) {
      const bool real = begin + c < list.count;
      const std::ptrdiff_t at = real ? begin + c : begin;
      g.column[c] = weights + list.index[at] * stride;
      g.value[c] = real ? static_cast<i32>(list.value[at]) : 0;
      const i64 high = magnitude_of(g.value[c] >> 8), low = g.value[c] & 255;
      cost += Split ? (high > low ? high : low) : magnitude_of(g.value[c]);
    }
    if (spent + cost > budget) {
      flush_scratch(width, Split, scratch, sums + first);
      clear(scratch, (Split ? 2 : 1) * width);
      spent = 0;
    }
    spent += cost;
    add_group<T, Split>(g, first, width, scratch);
  }
  flush_scratch(width, Split, scratch, sums + first);
}

template <class T>
void forward(const T* weights, std::ptrdiff_t stride, std::ptrdiff_t first, std::ptrdiff_t last,
             const ColumnList& list, i32 magnitude, i32* scratch, i64* sums) {
  if (list.count == 0) return;
  i64 largest = 0;
  for (std::ptrdiff_t c = 0; c < list.count; ++c) {
    const i64 value = magnitude_of(list.value[c]);
    largest = value > largest ? value : largest;
  }
  // Whole values while at least 32 of the largest fit, so that flushing stays rare.
  const bool whole = largest < 32768 && 32 * largest * magnitude <= limit_32;
  constexpr std::ptrdiff_t chunk = 2048;  // rows whose sums stay in the first-level cache
  for (std::ptrdiff_t begin = first; begin < last; begin += chunk) {
    const std::ptrdiff_t width = begin + chunk < last ? chunk : last - begin;
    const std::ptrdiff_t padded = (width + row_block - 1) / row_block * row_block;
    if (whole)
      forward_split<T, false>(weights, stride, begin, padded, list, magnitude, scratch + 2 * begin, sums);
    else
      forward_split<T, true>(weights, stride, begin, padded, list, magnitude, scratch + 2 * begin, sums);
  }
}

template <class T>
void backward(const T* weights, std::ptrdiff_t stride, std::ptrdiff_t first, std::ptrdiff_t last,
              const i16* high, const i16* low, i64* sums) {
  constexpr std::ptrdiff_t chunk = 1024;  // 2^15 · 2^8 · 1024 / lanes stays within 32 bits
  for (std::ptrdiff_t j = first; j < last; ++j) {
    const T* const w = weights + j * stride;
    i64 sum = 0;
    for (std::ptrdiff_t begin = 0; begin < stride; begin += chunk) {
      const std::ptrdiff_t end = begin + chunk < stride ? begin + chunk : stride;
#if APICAL_LEVEL >= 3
      vector sum_low = all_32(0), sum_high = all_32(0);
      for (std::ptrdiff_t i = begin; i < end; i += lanes) {
        const vector row = load_weights(w + i);
        sum_low = plus_32(sum_low, multiply_add(row, load(low + i)));
        if (high != nullptr) sum_high = plus_32(sum_high, multiply_add(row, load(high + i)));
      }
      sum += total(sum_low);
      if (high != nullptr) sum += 256 * total(sum_high);
#else
      i64 sum_low = 0, sum_high = 0;
      for (std::ptrdiff_t i = begin; i < end; ++i) sum_low += static_cast<i32>(w[i]) * low[i];
      if (high != nullptr)
        for (std::ptrdiff_t i = begin; i < end; ++i) sum_high += static_cast<i32>(w[i]) * high[i];
      sum += sum_low + 256 * sum_high;
#endif
    }
    sums[j] += sum;
  }
}

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
template <int Mode, class T>
void learn_column(T* weights, i32 rate, u16 a, u16 b, const LearnBlock& k, i64* apical) {
  const int shift = k.shift;
  const i32 mask = static_cast<i32>((std::uint32_t{1} << shift) - 1);
  const i32 half = shift == 0 ? 1 : i32{1} << (shift - 1);  // shift 0: remainder 0 never reaches it
  const int random_up = shift > 16 ? shift - 16 : 0;
  const int random_down = shift < 16 ? 16 - shift : 0;
  const i32 resolution_half = shift > 16 ? i32{1} << (shift - 17) : 0;
  const auto one = [&](std::ptrdiff_t i) {
    const i32 product = k.steps[i] * rate;
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
    value = value < k.minimum ? k.minimum : value;
    value = value > k.maximum ? k.maximum : value;
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

template <int Mode, class T>
void learn(T* weights, const LearnBlock& k) {
  for (std::ptrdiff_t c = 0; c < k.columns.count; ++c) {
    const std::ptrdiff_t j = k.columns.index[c];
    learn_column<Mode>(weights + j * k.stride, static_cast<i32>(k.columns.value[c]), k.a[j], k.b[j], k,
                       k.apical_sums == nullptr ? nullptr : k.apical_sums + j);
  }
}

#if APICAL_LEVEL >= 3
// Stochastic rounding in 16-bit lanes: product = hi · 2^16 + lo, and rounding is the carry out of
// lo + random. The compiler finds only 32-bit lanes for this, which is half the speed.
// Wide: more than 16 bits are dropped. Basal, Apical: the sums follow, in 32 bits between flushes.
template <class T, bool Wide, bool Basal, bool Apical>
void learn_lanes(T* weights, const LearnBlock& k) {
  const vector minimum = all(k.minimum), maximum = all(k.maximum);
  const int extra = k.shift - 16;
  const vector half = all(Wide ? 1 << (extra - 1) : 0);
  const __m128i down = _mm_cvtsi32_si128(extra), up = _mm_cvtsi32_si128(16 - extra);
  // x + (x << 7), x + (x << 9) by the multipliers; the compiler would make shifts of them again.
  const vector by_129 = opaque(all(129)), by_513 = opaque(all(513));
  const i16* const steps = k.steps;
  const i16* const errors = k.errors;
  const u16* const low_keys = k.low_keys;
  const u16* const high_keys = k.high_keys;
  const std::ptrdiff_t first = k.first, last = k.last;
  const std::ptrdiff_t width = k.last - k.first;
  i32* const scratch = k.scratch + 2 * k.first;
  const i64 vectors = width / lanes;
  i64 spent = 0;
  if (Basal) clear(scratch, width);
  for (std::ptrdiff_t c = 0; c < k.columns.count; ++c) {
    const std::ptrdiff_t j = k.columns.index[c];
    const i32 rate = static_cast<i32>(k.columns.value[c]);
    // No change of this column is larger.
    const i64 change = ((magnitude_of(rate) * k.largest_step) >> k.shift) + 1;
    if (Apical && 2 * vectors * change * k.largest_error > limit_32) {
      learn_column<7>(weights + j * k.stride, rate, k.a[j], k.b[j], k, k.apical_sums + j);
      continue;
    }
    if (Basal) {
      const i64 cost = change * magnitude_of(rate);
      if (spent + cost > limit_32) {
        flush_scratch(width, false, scratch, k.basal_sums + k.first);
        clear(scratch, width);
        spent = 0;
      }
      spent += cost;
    }
    T* const column = weights + j * k.stride;
    const vector r = all(rate), a = all(k.a[j]), b = all(k.b[j]);
    vector known = all_32(0);
    for (std::ptrdiff_t i = first; i < last; i += lanes) {
      const vector step = load(steps + i);
      vector low = product_low(step, r);
      vector high = product_high(step, r);
      if (Wide) {
        low = plus(low, half);
        high = plus_carry(high, low, half);
        low = either(right(low, down), left(high, up));
        high = right_signed(high, down);
      }
      vector random = plus(exclusive_or(load(low_keys + i), a), exclusive_or(load(high_keys + i), b));
      random = product_low(exclusive_or(random, right_by<5>(random)), by_129);
      random = product_low(exclusive_or(random, right_by<3>(random)), by_513);
      const vector rounded = plus_carry(high, plus(low, random), random);
      const vector before = load_weights(column + i);
      const vector after = clamp(plus_saturating(before, rounded), minimum, maximum);
      store_weights(column + i, after);
      if (!Basal && !Apical) continue;
      const vector moved = minus(after, before);
      if (Basal) {
        const vector product = product_low(moved, r), carry = product_high(moved, r);
        i32* const sum = scratch + (i - first);
        store(sum, plus_32(load(sum), unpack_even(product, carry)));
        store(sum + lanes / 2, plus_32(load(sum + lanes / 2), unpack_odd(product, carry)));
      }
      if (Apical) known = plus_32(known, multiply_add(moved, load(errors + i)));
    }
    if (Apical) k.apical_sums[j] += total(known);
  }
  if (Basal) flush_scratch(width, false, scratch, k.basal_sums + k.first);
}

template <class T, bool Wide>
void learn_sums(T* weights, const LearnBlock& k) {
  const bool basal = k.basal_sums != nullptr, apical = k.apical_sums != nullptr;
  if (basal && apical) return learn_lanes<T, Wide, true, true>(weights, k);
  if (basal) return learn_lanes<T, Wide, true, false>(weights, k);
  if (apical) return learn_lanes<T, Wide, false, true>(weights, k);
  learn_lanes<T, Wide, false, false>(weights, k);
}
#endif

template <class T>
void learn_stochastic(T* weights, const LearnBlock& k) {
#if APICAL_LEVEL >= 3
  if (k.shift > 16) return learn_sums<T, true>(weights, k);
  if (k.shift == 16) return learn_sums<T, false>(weights, k);
#endif
  learn<7>(weights, k);
}

template <class T>
constexpr MatrixKernels<T> matrix_kernels() {
  return {forward<T>,
          backward<T>,
          {learn<0, T>, learn<1, T>, learn<2, T>, learn<3, T>, learn<4, T>, learn<5, T>, learn<6, T>,
           learn_stochastic<T>}};
}

}  // namespace

extern const NeuronKernels APICAL_JOIN(neuron_kernels_, APICAL_LEVEL);
extern const Kernels APICAL_JOIN(kernels_level_, APICAL_LEVEL);
const Kernels APICAL_JOIN(kernels_level_, APICAL_LEVEL) = {APICAL_LEVEL == 4   ? "avx512"
                                                           : APICAL_LEVEL == 3 ? "avx2"
                                                                               : "baseline",
                                                           matrix_kernels<std::int8_t>(),
                                                           matrix_kernels<std::int16_t>(),
                                                           &APICAL_JOIN(neuron_kernels_, APICAL_LEVEL)};

}  // namespace apical::fixedpoint
