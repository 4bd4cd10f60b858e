// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fixedpoint/emulator/kernels.hpp"

namespace apical::fixedpoint {

/// UPDATE looks at blocks of so many units, and leaves out those whose inputs have not moved.
inline constexpr std::ptrdiff_t update_block_units = 256;

inline std::size_t update_blocks(int units) {
  return static_cast<std::size_t>((units + update_block_units - 1) / update_block_units);
}

/// Parts of UPDATE (namespace part), each of which counts on its own.
inline constexpr std::size_t update_parts = 7;

/// Results are counted bit by bit on every 17th tick; ranges, saturations and zeros on every one.
inline constexpr std::uint32_t bits_sampled_tick = 17;

/// Columns whose weights are compared at a time until one has moved (EmulatorOptions::watch_weights).
inline constexpr std::ptrdiff_t watched_columns = 16;

/// Rows first..last of one of `parts` parts of a column, in whole blocks; where the column's `rows` end
/// within one, what kernels take at a time is enough.
struct RowRange {
  std::ptrdiff_t first, last;
  RowRange(std::ptrdiff_t stride, std::ptrdiff_t rows, const Kernels& kernels, int part, int parts)
      : first(stride / row_block * part / parts * row_block),
        last(std::min(stride / row_block * (part + 1) / parts * row_block,
                      (rows + kernels.row_step - 1) / kernels.row_step * kernels.row_step)) {}
};

}  // namespace apical::fixedpoint
