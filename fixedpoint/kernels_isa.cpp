// Loops over weights. Compiled once per x86-64 level (APICAL_LEVEL); includes nothing with inline functions
// that another translation unit could share, so that no code of a higher level can leak into the baseline.
#include "fixedpoint/kernels_level.hpp"
#include "fixedpoint/learn_isa.hpp"

namespace apical::fixedpoint {
namespace {

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
