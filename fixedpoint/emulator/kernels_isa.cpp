// SPDX-License-Identifier: Apache-2.0
// Loops over weights. Compiled once per x86-64 level (APICAL_LEVEL); includes nothing with inline functions
// that another translation unit could share, so that no code of a higher level can leak into the baseline.
#include "fixedpoint/emulator/kernels_level.hpp"
#if APICAL_LEVEL == 3
#include "fixedpoint/emulator/learn_avx2.hpp"
#else
#include "fixedpoint/emulator/learn_isa.hpp"
#endif

namespace apical::fixedpoint {
namespace {

// FORWARD adds columns eight at a time into 32-bit sums, which go to the 64-bit ones before they could
// overflow. Values are split into high · 256 + low where the products would leave too little room.
constexpr std::ptrdiff_t group = 8;

#if APICAL_LEVEL >= 3
constexpr std::ptrdiff_t row_step = lanes;
#else
constexpr std::ptrdiff_t row_step = 8;
#endif

struct Group {
  const void* column[group];
  i32 value[group];
};

#if APICAL_LEVEL >= 3
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
      // Opaque, or the compiler loads them once for each of the two unpackings.
      const vector w0 = opaque(load_weights(column[2 * p] + i));
      const vector w1 = opaque(load_weights(column[2 * p + 1] + i));
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

#endif

// Whole values where at most half of what 32 bits hold comes from one group, so that flushing stays rare.
template <class T>
void forward_rows(const T* weights, std::ptrdiff_t stride, std::ptrdiff_t first, std::ptrdiff_t width,
                  const ColumnList& list, i32 magnitude, i32* scratch, i64* sums) {
  const i64 budget = limit_32 / magnitude;  // Σ |value|, or Σ of the larger half, that 32 bits hold
  i64 spent = 0;
  bool split = false;  // since the last flush
  clear(scratch, width);
  for (std::ptrdiff_t begin = 0; begin < list.count; begin += group) {
    Group g;
    i64 whole = 0, halves = 0, largest = 0;
    for (std::ptrdiff_t c = 0; c < group; ++c) {
      const bool real = begin + c < list.count;
      const std::ptrdiff_t at = real ? begin + c : begin;
      g.column[c] = weights + list.index[at] * stride;
      g.value[c] = real ? static_cast<i32>(list.value[at]) : 0;
      const i64 size = magnitude_of(g.value[c]), high = magnitude_of(g.value[c] >> 8), low = g.value[c] & 255;
      largest = size > largest ? size : largest;
      whole += size;
      halves += high > low ? high : low;
    }
    const bool splits = largest > 32767 || 2 * whole > budget;
    const i64 cost = splits ? halves : whole;
    if (spent + cost > budget) {
      flush_scratch(width, split, scratch, sums + first);
      clear(scratch, width);
      split = false;
      spent = 0;
    }
    if (splits && !split) clear(scratch + width, width);
    split |= splits;
    spent += cost;
    if (splits)
      add_group<T, true>(g, first, width, scratch);
    else
      add_group<T, false>(g, first, width, scratch);
  }
  flush_scratch(width, split, scratch, sums + first);
}

template <class T>
void forward(const T* weights, std::ptrdiff_t stride, std::ptrdiff_t first, std::ptrdiff_t last,
             const ColumnList& list, i32 magnitude, i32* scratch, i64* sums) {
  if (list.count == 0) return;
  constexpr std::ptrdiff_t chunk = 2048;  // rows whose sums stay in the first-level cache
  for (std::ptrdiff_t begin = first; begin < last; begin += chunk) {
    const std::ptrdiff_t width = begin + chunk < last ? chunk : last - begin;
    const std::ptrdiff_t padded = (width + row_step - 1) / row_step * row_step;
    forward_rows(weights, stride, begin, padded, list, magnitude, scratch + 2 * begin, sums);
  }
}

#if APICAL_LEVEL >= 3
// sums[0..4) += Σ W[row] · x[row] of four neighbouring columns, which share the loads of x and the addition
// of lanes.
template <class T, bool Split>
inline void backward_four(const T* w, std::ptrdiff_t stride, std::ptrdiff_t begin, std::ptrdiff_t end,
                          const i16* high, const i16* low, i64* sums) {
  vector sum_low[4], sum_high[4];
  for (int c = 0; c < 4; ++c) sum_low[c] = sum_high[c] = all_32(0);
  for (std::ptrdiff_t i = begin; i < end; i += lanes) {
    const vector x_low = load(low + i), x_high = Split ? load(high + i) : x_low;
    for (int c = 0; c < 4; ++c) {
      const vector row = load_weights(w + c * stride + i);
      sum_low[c] = plus_32(sum_low[c], multiply_add(row, x_low));
      if (Split) sum_high[c] = plus_32(sum_high[c], multiply_add(row, x_high));
    }
  }
  add_totals<0>(sum_low, sums);
  if (Split) add_totals<8>(sum_high, sums);
}
#endif

template <class T>
void backward(const T* weights, std::ptrdiff_t stride, std::ptrdiff_t first, std::ptrdiff_t last,
              const i16* high, const i16* low, i64* sums) {
  constexpr std::ptrdiff_t chunk = 1024;  // 2^15 · 2^8 · 1024 / lanes stays within 32 bits
  for (std::ptrdiff_t begin = 0; begin < stride; begin += chunk) {
    const std::ptrdiff_t end = begin + chunk < stride ? begin + chunk : stride;
    std::ptrdiff_t j = first;
#if APICAL_LEVEL >= 3
    for (; j + 4 <= last; j += 4) {
      if (high != nullptr)
        backward_four<T, true>(weights + j * stride, stride, begin, end, high, low, sums + j);
      else
        backward_four<T, false>(weights + j * stride, stride, begin, end, high, low, sums + j);
    }
#endif
    for (; j < last; ++j) {
      const T* const w = weights + j * stride;
      i64 sum_low = 0, sum_high = 0;
      for (std::ptrdiff_t i = begin; i < end; ++i) sum_low += static_cast<i64>(w[i]) * low[i];
      if (high != nullptr)
        for (std::ptrdiff_t i = begin; i < end; ++i) sum_high += static_cast<i64>(w[i]) * high[i];
      sums[j] += sum_low + 256 * sum_high;
    }
  }
}

// The largest |W| of `count` weights.
template <class T>
i32 largest(const T* weights, std::ptrdiff_t count) {
  T low = 0, high = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    low = weights[i] < low ? weights[i] : low;
    high = weights[i] > high ? weights[i] : high;
  }
  return -low > high ? -low : high;
}

template <class T>
constexpr MatrixKernels<T> matrix_kernels() {
  return {
    forward<T>, backward<T>, largest<T>,
#if APICAL_LEVEL == 3
    {
      learn_avx2<0, T>, learn_avx2<1, T>, learn_avx2<2, T>, learn_avx2<3, T>, learn_avx2<4, T>,
          learn_avx2<5, T>, learn_avx2<6, T>, learn_avx2<7, T>
    }
  };
#else
    {
      learn<0, T>, learn<1, T>, learn<2, T>, learn<3, T>, learn<4, T>, learn<5, T>, learn<6, T>,
          learn_stochastic<T>
    }
  };
#endif
}

}  // namespace

extern const NeuronKernels APICAL_JOIN(neuron_kernels_, APICAL_LEVEL);
extern const Kernels APICAL_JOIN(kernels_level_, APICAL_LEVEL);
const Kernels APICAL_JOIN(kernels_level_, APICAL_LEVEL) = {APICAL_LEVEL == 4   ? "avx512"
                                                           : APICAL_LEVEL == 3 ? "avx2"
                                                                               : "baseline",
                                                           row_step, matrix_kernels<std::int8_t>(),
                                                           matrix_kernels<std::int16_t>(),
                                                           &APICAL_JOIN(neuron_kernels_, APICAL_LEVEL)};

}  // namespace apical::fixedpoint
