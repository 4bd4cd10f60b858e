#pragma once
#include <cstddef>
#include <cstdint>

namespace apical::fixedpoint {

/// A 16-bit weight matrix in memory: rows are targets, padded with zeros to whole 64-byte lines.
struct NarrowMatrix {
  std::int16_t* weights;
  std::ptrdiff_t stride;   ///< elements from row to row, a multiple of 32
  std::ptrdiff_t columns;  ///< columns in use, <= stride
};

/// How a row learns: W += round(step · rate · 2^-shift), then clamped to [minimum, maximum].
struct LearnRow {
  std::int16_t step;              ///< eta · error of the row
  int shift;                      ///< fraction bits that the product has more than the weight, 0..30
  std::int16_t minimum, maximum;  ///< of the weight format
  std::uint32_t key;              ///< row key of the counter-based generator
};

/// Inner loops on 16-bit integers, one table per x86-64 level; all tables compute the same integers.
struct Kernels {
  const char* name;
  /// sums[row] = Σ_j W[row][j] x[j], exact, for rows first..last. `magnitude` bounds |x|.
  void (*forward)(const NarrowMatrix&, std::ptrdiff_t first, std::ptrdiff_t last, const std::int16_t* x,
                  std::int32_t magnitude, std::int64_t* sums);
  /// sums[j] = Σ_row W[row][j] x[row], exact, for columns first..last. `scratch`: as many int32 as columns.
  void (*backward)(const NarrowMatrix&, std::ptrdiff_t rows, std::ptrdiff_t first, std::ptrdiff_t last,
                   const std::int16_t* x, std::int32_t* scratch, std::int64_t* sums);
  /// One row of LEARN; `a`, `b` are the column keys of the generator. One function per rounding mode, in the
  /// order of enum Rounding.
  void (*learn[8])(std::int16_t* weights, std::ptrdiff_t columns, const std::int16_t* rate,
                   const std::uint16_t* a, const std::uint16_t* b, const LearnRow&);
};

/// The kernels for the processor at hand (AVX-512, AVX2 or baseline x86-64), chosen once at run time.
/// `level` 0 = choose, 1 = baseline, 3 = AVX2, 4 = AVX-512; an unsupported level throws
/// std::invalid_argument.
const Kernels& kernels(int level = 0);

}  // namespace apical::fixedpoint
