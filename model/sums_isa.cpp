// SPDX-License-Identifier: Apache-2.0
// The inner loops of the golden model for one x86-64 level, APICAL_LEVEL. Nothing of the standard library
// that has a body of its own may be used here: the linker would keep one of the three.
#if APICAL_LEVEL != 1
#include <immintrin.h>
#endif

#include "model/lanes.hpp"
#include "model/sums.hpp"

#define APICAL_JOIN_(a, b) a##b
#define APICAL_JOIN(a, b) APICAL_JOIN_(a, b)

namespace apical::model {
namespace {

using Size = Sums::Size;

template <class T, int Bytes>
struct Vector {
  using Type [[gnu::vector_size(Bytes)]] = T;
};

template <class V, class T>
inline V load(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof(V));
  return v;
}
template <class V, class T>
inline void store(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof(V));
}

// factor x + sum, rounded once. Products of matrices run at the peak of a processor, which without fusing is
// half as high; level 1 has no such instruction, and calls the C library, whose result is the same.
#if APICAL_LEVEL == 4
inline __m512d fused(double factor, __m512d x, __m512d sum) {
  return _mm512_fmadd_pd(_mm512_set1_pd(factor), x, sum);
}
inline __m512 fused(float factor, __m512 x, __m512 sum) {
  return _mm512_fmadd_ps(_mm512_set1_ps(factor), x, sum);
}
#elif APICAL_LEVEL == 3
inline __m256d fused(double factor, __m256d x, __m256d sum) {
  return _mm256_fmadd_pd(_mm256_set1_pd(factor), x, sum);
}
inline __m256 fused(float factor, __m256 x, __m256 sum) {
  return _mm256_fmadd_ps(_mm256_set1_ps(factor), x, sum);
}
#else
inline double fused(double factor, double x, double sum) {
  return __builtin_fma(factor, x, sum);
}
inline float fused(float factor, float x, float sum) {
  return __builtin_fmaf(factor, x, sum);
}
template <class T, class V>
inline V fused(T factor, V x, V sum) {
  for (std::size_t i = 0; i < sizeof(V) / sizeof(T); ++i) sum[i] = fused(factor, T(x[i]), T(sum[i]));
  return sum;
}
#endif

// Columns that meet something else than zero.
constexpr Size most_chosen = 64;
struct Chosen {
  const double* column[most_chosen];
  double factor[most_chosen];
  Size count = 0;
};

// y += the chosen columns' factors times their rows, for Count vectors of rows.
template <class V, std::size_t Count>
inline void add_chosen(const Chosen& chosen, Size row, double* y) {
  constexpr Size lanes = sizeof(V) / sizeof(double);
  constexpr Size count = Count;
  V sum[Count];
  for (Size v = 0; v < count; ++v) sum[v] = load<V>(y + row + v * lanes);
  for (Size c = 0; c < chosen.count; ++c) {
    const double* from = chosen.column[c] + row;
    const double factor = chosen.factor[c];
    for (Size v = 0; v < count; ++v) sum[v] += factor * load<V>(from + v * lanes);
  }
  for (Size v = 0; v < count; ++v) store(y + row + v * lanes, sum[v]);
}

void add_columns(const double* a, Size stride, Size rows, Size columns, const double* x, double* y) {
  Chosen chosen;
  for (Size j = 0; j < columns;) {
    chosen.count = 0;
    for (; j < columns && chosen.count < most_chosen; ++j) {
      chosen.column[chosen.count] = a + j * stride;
      chosen.factor[chosen.count] = x[j];
      chosen.count += x[j] != 0.0 ? 1 : 0;
    }
    Size row = 0;
    for (; row + Size{8} * width <= rows; row += Size{8} * width) add_chosen<Doubles, 8>(chosen, row, y);
    for (; row + Size{2} * width <= rows; row += Size{2} * width) add_chosen<Doubles, 2>(chosen, row, y);
    for (; row + 4 <= rows; row += 4) add_chosen<Vector<double, 16>::Type, 2>(chosen, row, y);
    for (; row < rows; ++row) add_chosen<Vector<double, 8>::Type, 1>(chosen, row, y);
  }
}

// Eight lanes of sums, in as many vectors as they need.
constexpr Size parts = 8 / width;

// The sums of Count columns.
template <std::size_t Count>
inline void add_dots(const double* a, Size stride, Size rows, const double* x, double* y) {
  constexpr Size count = Count;
  Doubles sum[Count][parts] = {};
  Size row = 0;
  for (; row + 8 <= rows; row += 8)
    for (Size p = 0; p < parts; ++p) {
      const Doubles factor = load<Doubles>(x + row + p * width);
      for (Size c = 0; c < count; ++c) sum[c][p] += factor * load<Doubles>(a + c * stride + row + p * width);
    }
  for (Size c = 0; c < count; ++c) {
    double s[8];
    for (Size p = 0; p < parts; ++p) store(s + p * width, sum[c][p]);
    for (Size i = row; i < rows; ++i) s[i - row] += x[i] * a[c * stride + i];
    y[c] += ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
  }
}

void add_rows(const double* a, Size stride, Size rows, Size columns, const double* x, double* y) {
  constexpr int together = APICAL_LEVEL == 4 ? 8 : APICAL_LEVEL == 3 ? 4 : 2;
  Size j = 0;
  for (; j + together <= columns; j += together) add_dots<together>(a + j * stride, stride, rows, x, y + j);
  for (; j < columns; ++j) add_dots<1>(a + j * stride, stride, rows, x, y + j);
}

void add_outer(double* a, Size stride, Size rows, Size columns, const double* post, const double* pre) {
  for (Size j = 0; j < columns; ++j) {
    if (pre[j] == 0.0) continue;
    double* column = a + j * stride;
    const double factor = pre[j];
    Size row = 0;
    for (; row + width <= rows; row += width)
      store(column + row, load<Doubles>(column + row) + factor * load<Doubles>(post + row));
    using Two = Vector<double, 16>::Type;
    for (; row + 2 <= rows; row += 2)
      store(column + row, load<Two>(column + row) + factor * load<Two>(post + row));
    for (; row < rows; ++row) column[row] += factor * post[row];
  }
}

// C in tiles of one or two vectors of rows by a few columns, over slices of the depth: a slice of A's rows is
// copied, so that it lies together.
template <class T>
struct Tile {
  using V = typename Vector<T, vector_bytes>::Type;
  static constexpr Size lanes = vector_bytes / Size{sizeof(T)}, columns = APICAL_LEVEL == 4 ? 6 : 4,
                        depth = 256;
};

// What product a call adds to C: rows of A's slice times columns of B.
template <class T>
struct Product {
  const T *scale, *b;
  Size down, right, depth, high;
  T* c;
  Size c_stride;
};

template <class T, std::size_t Vectors, std::size_t Columns>
inline void add_tile(const T* slice, const Product<T>& p, Size column) {
  using V = typename Tile<T>::V;
  constexpr Size lanes = Tile<T>::lanes, vectors = Vectors, columns = Columns, rows = vectors * lanes;
  T edge[Vectors * std::size_t{Tile<T>::lanes}] = {};
  V sum[Columns][Vectors];
  T* const c = p.c + column * p.c_stride;
  for (Size j = 0; j < columns; ++j) {
    const T* from = c + j * p.c_stride;
    if (p.high < rows) {
      for (Size i = 0; i < p.high; ++i) edge[i] = from[i];
      from = edge;
    }
    for (Size v = 0; v < vectors; ++v) sum[j][v] = load<V>(from + v * lanes);
  }
  const T* b = p.b + column * p.right;
  for (Size k = 0; k < p.depth; ++k, slice += rows, b += p.down)
    for (Size j = 0; j < columns; ++j) {
      const T factor = b[j * p.right];
      for (Size v = 0; v < vectors; ++v) sum[j][v] = fused(factor, load<V>(slice + v * lanes), sum[j][v]);
    }
  for (Size j = 0; j < columns; ++j) {
    T* const to = c + j * p.c_stride;
    for (Size v = 0; v < vectors; ++v) store(p.high < rows ? edge + v * lanes : to + v * lanes, sum[j][v]);
    if (p.high < rows)
      for (Size i = 0; i < p.high; ++i) to[i] = edge[i];
  }
}

template <class T, std::size_t Vectors>
inline void add_panel(const T* a, Size stride, const Product<T>& p, Size columns) {
  using V = typename Tile<T>::V;
  constexpr Size lanes = Tile<T>::lanes, vectors = Vectors, rows = vectors * lanes, wide = Tile<T>::columns;
  alignas(64) T slice[rows * Tile<T>::depth];
  for (Size k = 0; k < p.depth; ++k) {
    const T* column = a + k * stride;
    T* const to = slice + k * rows;
    const T factor = p.scale == nullptr ? T(1) : p.scale[k];
    if (p.high == rows) {
      for (Size v = 0; v < vectors; ++v) store(to + v * lanes, factor * load<V>(column + v * lanes));
    } else {
      for (Size i = 0; i < rows; ++i) to[i] = i < p.high ? factor * column[i] : T(0);
    }
  }
  Size j = 0;
  for (; j + wide <= columns; j += wide) add_tile<T, Vectors, Tile<T>::columns>(slice, p, j);
  for (; j + 2 <= columns; j += 2) add_tile<T, Vectors, 2>(slice, p, j);
  if (j < columns) add_tile<T, Vectors, 1>(slice, p, j);
}

template <class T>
void add_product(const T* a, Size stride, Size rows, Size depth, const T* scale, const T* b, Size down,
                 Size right, Size columns, bool lower, T* c, Size c_stride) {
  constexpr Size lanes = Tile<T>::lanes, most = Tile<T>::depth;
  for (Size start = 0; start < depth; start += most) {
    const Size deep = depth - start < most ? depth - start : most;
    for (Size row = 0; row < rows; row += 2 * lanes) {
      const Size high = rows - row < 2 * lanes ? rows - row : 2 * lanes;
      const Product<T> p = {scale == nullptr ? nullptr : scale + start,
                            b + start * down,
                            down,
                            right,
                            deep,
                            high,
                            c + row,
                            c_stride};
      const T* from = a + start * stride + row;
      const Size needed = lower && row + high < columns ? row + high : columns;
      if (high > lanes)
        add_panel<T, 2>(from, stride, p, needed);
      else
        add_panel<T, 1>(from, stride, p, needed);
    }
  }
}

// φ and φ' of vectors of values; the last is filled up with zeros.
template <class Function>
inline void over_values(const double* u, Size count, double* rate, double* slope, const Function& function) {
  Size i = 0;
  for (; i + width <= count; i += width) {
    Doubles r, s;
    function(load<Doubles>(u + i), r, s);
    if (rate != nullptr) store(rate + i, r);
    if (slope != nullptr) store(slope + i, s);
  }
  if (i == count) return;
  double rest[width] = {}, last[width];
  const auto size = static_cast<std::size_t>(count - i) * sizeof(double);
  __builtin_memcpy(rest, u + i, size);
  Doubles r, s;
  function(load<Doubles>(rest), r, s);
  store(last, r);
  if (rate != nullptr) __builtin_memcpy(rate + i, last, size);
  store(last, s);
  if (slope != nullptr) __builtin_memcpy(slope + i, last, size);
}

inline void logistic_of(Doubles u, Doubles e, Doubles& rate, Doubles& slope) {
  const Doubles upper = 1.0 / (1.0 + e), lower = e / (1.0 + e);
  rate = u >= 0.0 ? upper : lower;
  slope = upper * lower;
}

void logistic(const double* u, Size count, double* rate, double* slope) {
  over_values(u, count, rate, slope,
              [](Doubles x, Doubles& r, Doubles& s) { logistic_of(x, exp(-size_of(x)), r, s); });
}

void tanh(const double* u, Size count, double* rate, double* slope) {
  over_values(u, count, rate, slope, [](Doubles x, Doubles& r, Doubles& s) {
    r = tanh(x);
    s = (1.0 - r) * (1.0 + r);
  });
}

void softplus(const double* u, Size count, double* rate, double* slope) {
  over_values(u, count, rate, slope, [](Doubles x, Doubles& r, Doubles& s) {
    const Doubles e = exp(-size_of(x));
    Doubles unused;
    logistic_of(x, e, s, unused);
    r = (x > 0.0 ? x : every(0.0)) + log1p(e);
  });
}

}  // namespace

extern const Sums APICAL_JOIN(sums_level_, APICAL_LEVEL);
const Sums APICAL_JOIN(sums_level_, APICAL_LEVEL) = {
    add_columns, add_rows, add_outer, add_product<double>, add_product<float>, logistic, tanh, softplus};

}  // namespace apical::model
