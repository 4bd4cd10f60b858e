// SPDX-License-Identifier: Apache-2.0
// Loops of the neuron unit. Compiled once per x86-64 level (APICAL_LEVEL) under the rule of kernels_isa.cpp:
// what it includes is always inlined.
#include "fixedpoint/emulator/kernels.hpp"
#include "fixedpoint/emulator/kernels_level.hpp"
#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#if APICAL_LEVEL == 3
#include "fixedpoint/emulator/neurons_avx2.hpp"
#elif APICAL_LEVEL == 4
#include <immintrin.h>
#endif

namespace apical::fixedpoint {
namespace {

using i64 = std::int64_t;

void affine(const Affine& f, std::ptrdiff_t count, i64* __restrict out) {
#if APICAL_LEVEL == 3
  if (narrow_affine(f, count, out)) return;
#endif
  if (f.factor != nullptr && f.x[0] != nullptr && f.x[1] != nullptr && f.x[2] != nullptr &&
      f.x[3] != nullptr) {
    const i64* __restrict x0 = f.x[0], * __restrict x1 = f.x[1], * __restrict x2 = f.x[2], * __restrict x3 = f.x[3];
    const i64* __restrict factor = f.factor;
    const i64 i0 = f.inner[0], i1 = f.inner[1], i2 = f.inner[2], i3 = f.inner[3];
    const i64 d0 = f.direct[0], d1 = f.direct[1], d2 = f.direct[2], d3 = f.direct[3];
    for (std::ptrdiff_t i = 0; i < count; ++i)
      out[i] = factor[i] * (i0 * x0[i] + i1 * x1[i] + i2 * x2[i] + i3 * x3[i]) + d0 * x0[i] + d1 * x1[i] +
               d2 * x2[i] + d3 * x3[i];
    return;
  }
  for (std::ptrdiff_t i = 0; i < count; ++i) out[i] = 0;
  if (f.factor != nullptr) {
    for (int t = 0; t < 4; ++t) {
      const i64* __restrict x = f.x[t];
      const i64 inner = f.inner[t];
      if (x != nullptr && inner != 0)
        for (std::ptrdiff_t i = 0; i < count; ++i) out[i] += inner * x[i];
    }
    const i64* __restrict factor = f.factor;
    for (std::ptrdiff_t i = 0; i < count; ++i) out[i] *= factor[i];
  }
  for (int t = 0; t < 4; ++t) {
    const i64* __restrict x = f.x[t];
    const i64 direct = f.direct[t];
    if (x != nullptr && direct != 0)
      for (std::ptrdiff_t i = 0; i < count; ++i) out[i] += direct * x[i];
  }
}

void product(const i64* __restrict a, const i64* __restrict b, std::ptrdiff_t count,
             [[maybe_unused]] bool narrow, i64* __restrict out) {
  std::ptrdiff_t i = 0;
#if APICAL_LEVEL == 3
  if (narrow) i = narrow_product(a, b, count, out);
#endif
  for (; i < count; ++i) out[i] = a[i] * b[i];
}

void table(const i64* __restrict raw, std::ptrdiff_t count, i64 lowest, int low_bits, const i64* base,
           const i64* delta, i64* __restrict out) {
  if (delta == nullptr) {
    for (std::ptrdiff_t i = 0; i < count; ++i) out[i] = base[raw[i] - lowest];
    return;
  }
  const i64 mask = (i64{1} << low_bits) - 1;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const i64 n = raw[i] - lowest;
    out[i] = base[n >> low_bits] * (i64{1} << low_bits) + delta[n >> low_bits] * (n & mask);
  }
}

// The loop that the compiler vectorises: rounding and overflow are decided outside of it.
template <Rounding Mode, bool Clamp, Counting Counts>
Tally quantise_run(const i64* __restrict exact, std::ptrdiff_t count, int frac, const Format& declared,
                   const RandomRows& random, i64* __restrict values) {
  Format format = declared;
  format.rounding = Mode;
  if (Clamp && format.overflow != Overflow::sat_sym) format.overflow = Overflow::sat;
  const int shift = frac - format.frac;
  const i64 low = format.minimum_raw(), high = format.maximum_raw();
  const std::uint32_t base = mix32(mix32(random.seed) + random.tick) + (random.stream << 20);
  i64 minimum = INT64_MAX, maximum = INT64_MIN, saturated = 0, zeros = 0, changed = 0, set = 0;
  std::ptrdiff_t begin = 0;
#if APICAL_LEVEL == 3
  // What has 32 bits after rounding is limited and counted eight at a time.
  if (Clamp && shift >= 0 && shift <= 62 && Mode != Rounding::stochastic && low > INT32_MIN &&
      high < INT32_MAX && count >= 8) {
    const Eights eights = quantise_eights<Mode, Counts>(exact, count, shift, low, high, values);
    begin = eights.count;
    minimum = eights.minimum;
    maximum = eights.maximum;
    saturated = eights.saturated;
    zeros = eights.zeros;
    changed = eights.changed;
    set = eights.set;
  }
#endif
  const auto one = [&](std::ptrdiff_t i, i64 raw, bool limited) {
    changed |= raw ^ values[i];
    set |= raw;
    values[i] = raw;
    if (Counts == Counting::none) return;
    saturated += limited;
    if (Counts == Counting::clipped) return;
    zeros += raw == 0 && exact[i] != 0;
    minimum = raw < minimum ? raw : minimum;
    maximum = raw > maximum ? raw : maximum;
  };
  if (Clamp && shift >= 0 && shift <= 62 && Mode != Rounding::stochastic) {
    for (std::ptrdiff_t i = begin; i < count; ++i) {
      const i64 rounded = shift == 0 ? exact[i] : round_shift(exact[i], shift, Mode);
      const i64 raw = rounded < low ? low : rounded > high ? high : rounded;
      one(i, raw, raw != rounded);
    }
  } else {
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const std::uint32_t bits = Mode == Rounding::stochastic
                                     ? random16(mix32(base + random.first + static_cast<std::uint32_t>(i)), 0)
                                     : 0;
      const Quantised q = quantise(exact[i], frac, format, bits);
      one(i, q.raw, q.saturated);
    }
  }
  return {minimum,      maximum, static_cast<std::uint64_t>(saturated), static_cast<std::uint64_t>(zeros),
          changed != 0, set != 0};
}

template <Rounding Mode>
Tally quantise_signal(const i64* exact, std::ptrdiff_t count, int frac, const Format& format,
                      const RandomRows& random, Counting counting, i64* values) {
  const bool clamp = format.overflow == Overflow::sat || format.overflow == Overflow::sat_sym;
  if (!clamp) return quantise_run<Mode, false, Counting::all>(exact, count, frac, format, random, values);
  if (counting == Counting::all)
    return quantise_run<Mode, true, Counting::all>(exact, count, frac, format, random, values);
  return counting == Counting::clipped
             ? quantise_run<Mode, true, Counting::clipped>(exact, count, frac, format, random, values)
             : quantise_run<Mode, true, Counting::none>(exact, count, frac, format, random, values);
}

void keys(const RandomRows& random, std::ptrdiff_t count, std::uint16_t* __restrict low,
          std::uint16_t* __restrict high) {
  const std::uint32_t base = mix32(mix32(random.seed) + random.tick) + (random.stream << 20) + random.first;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const std::uint32_t key = mix32(base + static_cast<std::uint32_t>(i));
    low[i] = static_cast<std::uint16_t>(key);
    high[i] = static_cast<std::uint16_t>(key >> 16);
  }
}

std::ptrdiff_t send(const i64* __restrict values, std::ptrdiff_t count, i64 theta, i64* __restrict sent,
                    i64* largest) {
  i64 sends = 0, stays = *largest;
  if (theta == 0) {
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      sends += values[i] != sent[i] ? i64{1} : i64{0};
      sent[i] = values[i];
    }
    return sends;
  }
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const i64 difference = values[i] - sent[i];
    const i64 size = difference < 0 ? -difference : difference;
    const i64 left = size > theta ? 0 : size;
    sends += size > theta ? i64{1} : i64{0};
    stays = left > stays ? left : stays;
    sent[i] = size > theta ? values[i] : sent[i];
  }
  *largest = stays;
  return sends;
}

bool loads_by_vector(const double* __restrict real, std::ptrdiff_t count) {
  // Magnitudes are ordered as their bits are.
  constexpr i64 sign = INT64_MIN, low = 0x0c06e93f5da2824c, high = 0x73d658e3ab795204;
  i64 strange = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    i64 bits;
    __builtin_memcpy(&bits, real + i, sizeof bits);
    const i64 magnitude = bits & ~sign;
    strange |= magnitude != 0 && (magnitude < low || magnitude > high) ? i64{1} : i64{0};
  }
  return strange == 0;
}

// Adding and taking away 1.5 · 2^52 rounds to the nearest integer, ties to even.
template <bool Counts>
Tally load_run(const double* __restrict real, std::ptrdiff_t count, double scale, const Format& format,
               i64* __restrict values) {
  constexpr double magic = 6755399441055744.0;
  constexpr i64 magic_bits = 0x4338000000000000;
  const double low = static_cast<double>(format.minimum_raw()),
               high = static_cast<double>(format.maximum_raw());
  i64 minimum = INT64_MAX, maximum = INT64_MIN, saturated = 0, zeros = 0, changed = 0, set = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const double scaled = real[i] * scale;
    const double near = scaled < low - 1 ? low - 1 : scaled > high + 1 ? high + 1 : scaled;
    const double rounded = (near + magic) - magic;
    const double kept = rounded < low ? low : rounded > high ? high : rounded;
    // What an integer becomes by adding the magic number has its bits at the end; processors without
    // AVX-512 convert only one at a time.
    const double placed = kept + magic;
    i64 raw;
    __builtin_memcpy(&raw, &placed, sizeof raw);
    raw -= magic_bits;
    changed |= raw ^ values[i];
    set |= raw;
    values[i] = raw;
    if (!Counts) continue;
    saturated += kept != rounded ? i64{1} : i64{0};
    zeros += kept == 0.0 && real[i] != 0.0 ? i64{1} : i64{0};
    minimum = raw < minimum ? raw : minimum;
    maximum = raw > maximum ? raw : maximum;
  }
  return {minimum,      maximum, static_cast<std::uint64_t>(saturated), static_cast<std::uint64_t>(zeros),
          changed != 0, set != 0};
}

Tally load(const double* real, std::ptrdiff_t count, double scale, const Format& format, Counting counting,
           i64* values) {
  return counting != Counting::none ? load_run<true>(real, count, scale, format, values)
                                    : load_run<false>(real, count, scale, format, values);
}

Narrowed narrow(const i64* __restrict values, std::ptrdiff_t count, std::int16_t* __restrict out) {
  i64 largest = 0, nonzero = 0;
  std::ptrdiff_t i = 0;
#if APICAL_LEVEL == 3
  i = narrow_eights(values, count, out, largest, nonzero);
#endif
  for (; i < count; ++i) {
    const i64 value = values[i];
    const i64 size = value < 0 ? -value : value;
    largest = size > largest ? size : largest;
    nonzero += value != 0 ? i64{1} : i64{0};
    out[i] = static_cast<std::int16_t>(value);
  }
  return {largest, nonzero};
}

#if APICAL_LEVEL == 4
constexpr int few = 14;  // of 64, that are picked one by one faster than by compressing all
#endif

std::ptrdiff_t differing(const i64* a, const i64* b, std::ptrdiff_t count, std::int32_t* index, i64* value) {
  std::ptrdiff_t found = 0;
  std::ptrdiff_t i = 0;
#if APICAL_LEVEL == 4
  for (; i + 64 <= count; i += 64) {
    std::uint64_t differs = 0;
    for (std::ptrdiff_t part = 0; part < 8; ++part) {
      const __m512i x = _mm512_loadu_si512(a + i + 8 * part);
      const __mmask8 mask = b == nullptr ? _mm512_test_epi64_mask(x, x)
                                         : _mm512_cmpneq_epi64_mask(x, _mm512_loadu_si512(b + i + 8 * part));
      differs |= std::uint64_t{mask} << (8 * part);
    }
    if (__builtin_popcountll(differs) <= few) {
      for (; differs != 0; differs &= differs - 1) {
        const std::ptrdiff_t at = i + __builtin_ctzll(differs);
        index[found] = static_cast<std::int32_t>(at);
        value[found++] = a[at] - (b == nullptr ? 0 : b[at]);
      }
      continue;
    }
    __m256i here = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                    _mm256_set1_epi32(static_cast<std::int32_t>(i)));
    for (std::ptrdiff_t part = 0; part < 8; ++part, differs >>= 8) {
      const __m512i x = _mm512_loadu_si512(a + i + 8 * part);
      const __m512i difference = b == nullptr ? x : _mm512_sub_epi64(x, _mm512_loadu_si512(b + i + 8 * part));
      const __mmask8 mask = static_cast<__mmask8>(differs);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(index + found), _mm256_maskz_compress_epi32(mask, here));
      _mm512_storeu_si512(value + found, _mm512_maskz_compress_epi64(mask, difference));
      found += __builtin_popcount(mask);
      here = _mm256_add_epi32(here, _mm256_set1_epi32(8));
    }
  }
#elif APICAL_LEVEL == 3
  i = b == nullptr ? differing_fours<false>(a, b, count, index, value, found)
                   : differing_fours<true>(a, b, count, index, value, found);
#endif
  for (; i < count; ++i) {
    const i64 difference = a[i] - (b == nullptr ? 0 : b[i]);
    index[found] = static_cast<std::int32_t>(i);
    value[found] = difference;
    found += difference != 0;
  }
  return found;
}

}  // namespace

extern const NeuronKernels APICAL_JOIN(neuron_kernels_, APICAL_LEVEL);
const NeuronKernels APICAL_JOIN(neuron_kernels_, APICAL_LEVEL) = {
    affine,
    product,
    table,
    {quantise_signal<Rounding::rnd>, quantise_signal<Rounding::rnd_zero>,
     quantise_signal<Rounding::rnd_min_inf>, quantise_signal<Rounding::rnd_inf>,
     quantise_signal<Rounding::rnd_conv>, quantise_signal<Rounding::trn>, quantise_signal<Rounding::trn_zero>,
     quantise_signal<Rounding::stochastic>},
    keys,
    loads_by_vector,
    load,
    send,
    narrow,
    differing};

}  // namespace apical::fixedpoint
