// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>

#include "fixedpoint/numeric/format.hpp"

namespace apical::fixedpoint {

/// Rows per block of a weight memory: columns are padded with zeros to whole blocks, and blocks are what
/// threads divide among themselves.
inline constexpr std::ptrdiff_t row_block = 32;

/// Some sources of a projection, and a number for each.
struct ColumnList {
  const std::int32_t* index;
  const std::int64_t* value;
  std::ptrdiff_t count;
};

/// A weight of 16 bits that is shifted by so much leaves 32-bit lanes room for the product and its rounding:
/// 2^30 + 2^28 + 2^29 + 2^15.
inline constexpr int most_decay_shift = 13;

/// LEARN on rows first..last (multiples of Kernels::row_step) of the listed columns, whose value is the rate
/// r: W += round((step · r − W · 2^decay) · 2^-shift), clamped to the range of `weight`, where neither step
/// nor r is 0. A sum that is given follows the changes.
struct LearnBlock {
  std::ptrdiff_t stride, first, last;
  ColumnList columns;
  const std::uint16_t *a, *b;                 ///< keys of the random bits, by column
  const std::uint16_t *low_keys, *high_keys;  ///< halves of the row keys
  const std::int16_t* steps;                  ///< eta · error, by row, 0 in the padding
  int shift;                                  ///< fraction bits that step · r has more than W, 0..29
  int decay;                                  ///< -1: weights don't; else 0..most_decay_shift
  Format weight;
  std::int32_t largest_step;   ///< bounds |steps|
  std::int64_t* basal_sums;    ///< by row: += ΔW · r; or null
  const std::int16_t* errors;  ///< by row: what apical_sums know
  std::int32_t largest_error;  ///< bounds |errors|
  std::int64_t* apical_sums;   ///< by column: += ΔW · error; or null
  std::int32_t* scratch;       ///< two per row
};

/// Inner loops over weights of 8 or 16 bits, source-major: column j, one weight per target row, starts at
/// weights + j · stride; stride is a multiple of row_block.
template <class T>
struct MatrixKernels {
  /// sums[row] += Σ_c W[index_c][row] · value_c, exact, for rows first..last (first a multiple of row_block),
  /// |value| < 2^17. `magnitude` bounds |W|. `scratch`: two per row.
  void (*forward)(const T* weights, std::ptrdiff_t stride, std::ptrdiff_t first, std::ptrdiff_t last,
                  const ColumnList&, std::int32_t magnitude, std::int32_t* scratch, std::int64_t* sums);
  /// sums[j] += Σ_row W[j][row] · x[row], exact, for columns first..last. `high` and `low` [stride], 0 in the
  /// padding: x = high · 256 + low, or high = null and x = low. `magnitude` bounds |W| · |x|.
  void (*backward)(const T* weights, std::ptrdiff_t stride, std::ptrdiff_t first, std::ptrdiff_t last,
                   const std::int16_t* high, const std::int16_t* low, std::int64_t* sums);
  /// The largest |W|.
  std::int32_t (*largest)(const T* weights, std::ptrdiff_t count);
  /// In the order of enum Rounding.
  void (*learn[8])(T* weights, const LearnBlock&);
};

/// What quantisers count: nothing, what their overflow modes changed, or that, ranges and zeros.
enum class Counting { none, clipped, all };

/// What a quantiser did to a run of units; the first four only where they were to be counted.
struct Tally {
  std::int64_t minimum, maximum;
  std::uint64_t saturated, rounded_to_zero;
  bool changed;  ///< some value is not what it was
  bool nonzero;  ///< some value is not 0
};

/// Values brought to 16 bits, of which the caller knows that they fit.
struct Narrowed {
  std::int64_t largest;  ///< magnitude, of those that do
  std::ptrdiff_t nonzero;
};

/// Where the random bits of a signal come from; unit i of the run is row `first` + i.
struct RandomRows {
  std::uint32_t seed, tick, stream, first;
};

/// out[i] = Σ direct[t] x_t[i] + factor[i] Σ inner[t] x_t[i]: what the neuron unit makes of its signals.
/// Terms with x_t = null are left out; factor may be null.
struct Affine {
  const std::int64_t* x[4];
  std::int64_t direct[4], inner[4];
  const std::int64_t* factor;
  bool narrow = false;  ///< every x has 32 bits, signed: formats of 32 unsigned bits have more
};

/// Inner loops of the neuron unit.
struct NeuronKernels {
  void (*affine)(const Affine&, std::ptrdiff_t count, std::int64_t* out);
  /// `narrow`: as that of Affine.
  void (*product)(const std::int64_t* a, const std::int64_t* b, std::ptrdiff_t count, bool narrow,
                  std::int64_t* out);
  /// ActivationTable::exact() of every raw value; delta is null for a full look-up.
  void (*table)(const std::int64_t* raw, std::ptrdiff_t count, std::int64_t lowest, int low_bits,
                const std::int64_t* base, const std::int64_t* delta, std::int64_t* out);
  /// Quantises exact values with `frac` fraction bits into `values`. In the order of enum Rounding.
  Tally (*quantise[8])(const std::int64_t* exact, std::ptrdiff_t count, int frac, const Format&,
                       const RandomRows&, Counting, std::int64_t* values);
  /// Row keys of the random bits for rows 0..count, as halves.
  void (*keys)(const RandomRows&, std::ptrdiff_t count, std::uint16_t* low, std::uint16_t* high);
  /// All are 0 or between 1e-250 and 1e250 in magnitude.
  bool (*loads_by_vector)(const double* real, std::ptrdiff_t count);
  /// Quantises such real numbers times `scale` (2^frac, frac -64..64) to nearest, ties to even, clamping.
  Tally (*load)(const double* real, std::ptrdiff_t count, double scale, const Format&, Counting,
                std::int64_t* values);
  /// sent[i] = values[i] where they differ by more than theta. Returns how many did; `largest` takes the
  /// largest difference that stays.
  std::ptrdiff_t (*send)(const std::int64_t* values, std::ptrdiff_t count, std::int64_t theta,
                         std::int64_t* sent, std::int64_t* largest);
  Narrowed (*narrow)(const std::int64_t* values, std::ptrdiff_t count, std::int16_t* out);
  /// Lists the sources whose a differs from b (b null: from 0), with a − b. Returns how many.
  std::ptrdiff_t (*differing)(const std::int64_t* a, const std::int64_t* b, std::ptrdiff_t count,
                              std::int32_t* index, std::int64_t* value);
};

/// All inner loops for one level (model/settings/processor_level.hpp); every level computes the same
/// integers.
struct Kernels {
  const char* name;
  std::ptrdiff_t row_step;  ///< rows that loops over weights take at a time; divides row_block
  MatrixKernels<std::int8_t> bytes;
  MatrixKernels<std::int16_t> words;
  const NeuronKernels* neurons;
};

/// The kernels of a level, 0: the highest that the processor at hand runs; one that it doesn't run throws
/// std::invalid_argument.
const Kernels& kernels(int level = 0);

}  // namespace apical::fixedpoint
