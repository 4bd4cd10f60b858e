// Compiled once per x86-64 level (APICAL_LEVEL); includes nothing with inline functions that another
// translation unit could share, so that no code of a higher level can leak into the baseline.
#include "fixedpoint/kernels.hpp"

#if APICAL_LEVEL >= 3
#include <immintrin.h>
#endif

#define APICAL_JOIN_(a, b) a##b
#define APICAL_JOIN(a, b) APICAL_JOIN_(a, b)

namespace apical::fixedpoint {
namespace {

using i16 = std::int16_t;
using u16 = std::uint16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

// Elements whose products are summed in 32 bits before they are widened: 2^15 · 2^8 · 256 = 2^31.
constexpr std::ptrdiff_t block = 256;

// Σ weights[j] x[j] over one stretch, with x = high · 2^8 + low so that every partial sum stays within 32
// bits.
template <bool Split>
inline i64 dot(const i16* weights, const i16* high, const i16* low, std::ptrdiff_t width) {
  i64 sum = 0;
  for (std::ptrdiff_t begin = 0; begin < width; begin += block) {
    const std::ptrdiff_t end = begin + block < width ? begin + block : width;
    i32 sum_low = 0;
    i32 sum_high = 0;
    for (std::ptrdiff_t j = begin; j < end; ++j) {
      sum_low += static_cast<i32>(weights[j]) * low[j];
      if (Split) sum_high += static_cast<i32>(weights[j]) * high[j];
    }
    sum += sum_low + static_cast<i64>(sum_high) * 256;
  }
  return sum;
}

void forward(const NarrowMatrix& w, std::ptrdiff_t first, std::ptrdiff_t last, const i16* x, i32 magnitude,
             i64* sums) {
  constexpr std::ptrdiff_t chunk = 4096;
  alignas(64) i16 high[chunk];
  alignas(64) i16 low[chunk];
  for (std::ptrdiff_t row = first; row < last; ++row) sums[row] = 0;
  for (std::ptrdiff_t begin = 0; begin < w.stride; begin += chunk) {
    const std::ptrdiff_t width = begin + chunk < w.stride ? chunk : w.stride - begin;
    const i16* weights = w.weights + begin;
    if (magnitude <= 255) {
      for (std::ptrdiff_t row = first; row < last; ++row)
        sums[row] += dot<false>(weights + row * w.stride, nullptr, x + begin, width);
      continue;
    }
    for (std::ptrdiff_t j = 0; j < width; ++j) {
      high[j] = static_cast<i16>(x[begin + j] >> 8);
      low[j] = static_cast<i16>(x[begin + j] & 255);
    }
    for (std::ptrdiff_t row = first; row < last; ++row)
      sums[row] += dot<true>(weights + row * w.stride, high, low, width);
  }
}

void backward(const NarrowMatrix& w, std::ptrdiff_t rows, std::ptrdiff_t first, std::ptrdiff_t last,
              const i16* x, i32* scratch, i64* sums) {
  const std::ptrdiff_t width = last - first;
  for (std::ptrdiff_t j = 0; j < width; ++j) sums[first + j] = 0;
  std::ptrdiff_t row = 0;
  while (row < rows) {
    // As many rows as 32 bits hold for certain: Σ|x| · 2^15 < 2^31.
    for (std::ptrdiff_t j = 0; j < width; ++j) scratch[first + j] = 0;
    i32 budget = 65535;
    for (; row < rows; ++row) {
      const i32 value = x[row];
      const i32 cost = value < 0 ? -value : value;
      if (cost > budget) break;
      budget -= cost;
      if (value == 0) continue;
      const i16* weights = w.weights + row * w.stride + first;
      i32* partial = scratch + first;
      for (std::ptrdiff_t j = 0; j < width; ++j) partial[j] += value * weights[j];
    }
    for (std::ptrdiff_t j = 0; j < width; ++j) sums[first + j] += scratch[first + j];
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

// Modes as in enum Rounding: RND, RND_ZERO, RND_MIN_INF, RND_INF, RND_CONV, TRN, TRN_ZERO, STOCHASTIC.
template <int Mode>
void learn(i16* weights, std::ptrdiff_t columns, const i16* rate, const u16* a, const u16* b,
           const LearnRow& row) {
  const i32 step = row.step;
  const int shift = row.shift;
  const i32 minimum = row.minimum;
  const i32 maximum = row.maximum;
  const i32 mask = static_cast<i32>((std::uint32_t{1} << shift) - 1);
  const i32 half = shift == 0 ? 1 : i32{1} << (shift - 1);  // shift 0: remainder 0 never reaches it
  const u16 low_key = static_cast<u16>(row.key);
  const u16 high_key = static_cast<u16>(row.key >> 16);
  const int random_up = shift > 16 ? shift - 16 : 0;
  const int random_down = shift < 16 ? 16 - shift : 0;
  const i32 resolution_half = shift > 16 ? i32{1} << (shift - 17) : 0;
  for (std::ptrdiff_t j = 0; j < columns; ++j) {
    const i32 product = step * rate[j];
    i32 rounded;
    if (Mode == 7) {
      const i32 random = (random_bits(low_key, high_key, a[j], b[j]) >> random_down) << random_up;
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
    i32 value = weights[j] + rounded;
    value = value < minimum ? minimum : value;
    value = value > maximum ? maximum : value;
    weights[j] = static_cast<i16>(value);
  }
}

// Stochastic rounding in 16-bit lanes: product = hi · 2^16 + lo, and rounding is the carry out of
// lo + random. The compiler finds only 32-bit lanes for this, which is half the speed.
#if APICAL_LEVEL == 4
using vector = __m512i;
constexpr std::ptrdiff_t lanes = 32;
inline vector load(const void* p) {
  return _mm512_loadu_si512(p);
}
inline void store(void* p, vector v) {
  _mm512_storeu_si512(p, v);
}
inline vector all(int value) {
  return _mm512_set1_epi16(static_cast<i16>(value));
}
inline vector plus(vector a, vector b) {
  return _mm512_add_epi16(a, b);
}
inline vector plus_saturating(vector a, vector b) {
  return _mm512_adds_epi16(a, b);
}
inline vector clamp(vector v, vector low, vector high) {
  return _mm512_min_epi16(_mm512_max_epi16(v, low), high);
}
inline vector product_low(vector a, vector b) {
  return _mm512_mullo_epi16(a, b);
}
inline vector product_high(vector a, vector b) {
  return _mm512_mulhi_epi16(a, b);
}
inline vector exclusive_or(vector a, vector b) {
  return _mm512_xor_si512(a, b);
}
inline vector either(vector a, vector b) {
  return _mm512_or_si512(a, b);
}
inline vector right(vector v, __m128i n) {
  return _mm512_srl_epi16(v, n);
}
inline vector right_signed(vector v, __m128i n) {
  return _mm512_sra_epi16(v, n);
}
inline vector left(vector v, __m128i n) {
  return _mm512_sll_epi16(v, n);
}
// v + 1 where the unsigned sum is below one of its terms, i.e. where the addition carried.
inline vector plus_carry(vector v, vector sum, vector term) {
  return _mm512_mask_add_epi16(v, _mm512_cmplt_epu16_mask(sum, term), v, all(1));
}
#elif APICAL_LEVEL == 3
using vector = __m256i;
constexpr std::ptrdiff_t lanes = 16;
inline vector load(const void* p) {
  return _mm256_loadu_si256(static_cast<const vector*>(p));
}
inline void store(void* p, vector v) {
  _mm256_storeu_si256(static_cast<vector*>(p), v);
}
inline vector all(int value) {
  return _mm256_set1_epi16(static_cast<i16>(value));
}
inline vector plus(vector a, vector b) {
  return _mm256_add_epi16(a, b);
}
inline vector plus_saturating(vector a, vector b) {
  return _mm256_adds_epi16(a, b);
}
inline vector clamp(vector v, vector low, vector high) {
  return _mm256_min_epi16(_mm256_max_epi16(v, low), high);
}
inline vector product_low(vector a, vector b) {
  return _mm256_mullo_epi16(a, b);
}
inline vector product_high(vector a, vector b) {
  return _mm256_mulhi_epi16(a, b);
}
inline vector exclusive_or(vector a, vector b) {
  return _mm256_xor_si256(a, b);
}
inline vector either(vector a, vector b) {
  return _mm256_or_si256(a, b);
}
inline vector right(vector v, __m128i n) {
  return _mm256_srl_epi16(v, n);
}
inline vector right_signed(vector v, __m128i n) {
  return _mm256_sra_epi16(v, n);
}
inline vector left(vector v, __m128i n) {
  return _mm256_sll_epi16(v, n);
}
// v + 1 where the unsigned sum is below one of its terms, i.e. where the addition carried.
inline vector plus_carry(vector v, vector sum, vector term) {
  const vector kept = _mm256_cmpeq_epi16(_mm256_max_epu16(sum, term), sum);  // -1 where nothing carried
  return plus(plus(v, all(1)), kept);
}
#endif

#if APICAL_LEVEL >= 3
template <bool Wide>  // Wide: more than 16 bits are dropped
void learn_lanes(i16* weights, std::ptrdiff_t columns, const i16* rate, const u16* a, const u16* b,
                 const LearnRow& row) {
  const vector step = all(row.step);
  const vector minimum = all(row.minimum);
  const vector maximum = all(row.maximum);
  const vector low_key = all(static_cast<int>(row.key & 0xffff));
  const vector high_key = all(static_cast<int>(row.key >> 16));
  const int extra = row.shift - 16;
  const vector half = all(Wide ? 1 << (extra - 1) : 0);
  const __m128i down = _mm_cvtsi32_si128(extra);
  const __m128i up = _mm_cvtsi32_si128(16 - extra);
  const __m128i three = _mm_cvtsi32_si128(3);
  const __m128i five = _mm_cvtsi32_si128(5);
  const __m128i seven = _mm_cvtsi32_si128(7);
  const __m128i nine = _mm_cvtsi32_si128(9);
  for (std::ptrdiff_t j = 0; j < columns; j += lanes) {
    const vector r = load(rate + j);
    vector low = product_low(step, r);
    vector high = product_high(step, r);
    if (Wide) {
      low = plus(low, half);
      high = plus_carry(high, low, half);
      low = either(right(low, down), left(high, up));
      high = right_signed(high, down);
    }
    vector random = plus(exclusive_or(low_key, load(a + j)), exclusive_or(high_key, load(b + j)));
    random = exclusive_or(random, right(random, five));
    random = plus(random, left(random, seven));
    random = exclusive_or(random, right(random, three));
    random = plus(random, left(random, nine));
    const vector rounded = plus_carry(high, plus(low, random), random);
    store(weights + j, clamp(plus_saturating(load(weights + j), rounded), minimum, maximum));
  }
}
#endif

void learn_stochastic(i16* weights, std::ptrdiff_t columns, const i16* rate, const u16* a, const u16* b,
                      const LearnRow& row) {
#if APICAL_LEVEL >= 3
  if (row.shift > 16) return learn_lanes<true>(weights, columns, rate, a, b, row);
  if (row.shift == 16) return learn_lanes<false>(weights, columns, rate, a, b, row);
#endif
  learn<7>(weights, columns, rate, a, b, row);
}

}  // namespace

extern const Kernels APICAL_JOIN(kernels_level_, APICAL_LEVEL);
const Kernels APICAL_JOIN(kernels_level_, APICAL_LEVEL) = {
    APICAL_LEVEL == 4   ? "avx512"
    : APICAL_LEVEL == 3 ? "avx2"
                        : "baseline",
    forward,
    backward,
    {learn<0>, learn<1>, learn<2>, learn<3>, learn<4>, learn<5>, learn<6>, learn_stochastic}};

}  // namespace apical::fixedpoint
