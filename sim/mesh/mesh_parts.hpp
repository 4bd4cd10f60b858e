// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "fixedpoint/program/program.hpp"

namespace apical::sim {

/// Consecutive units of a population.
struct UnitRange {
  int first = 0, count = 0;
  int last() const { return first + count; }
};

/// The program of some units without their matrices: their population is number 1 (0 for units of the
/// input). The sums come from outside: projection 0 is the one into them, 1 the one above them.
fixedpoint::Program slice_program(const fixedpoint::Program&, int layer, UnitRange units);

/// The program of one block of a matrix: its sources are population 1, its targets population 2, its
/// projection number 1. The bias belongs to the block with the last source. `rows` targets × `sources`.
fixedpoint::Program tile_program(const fixedpoint::Program&, int projection, UnitRange rows,
                                 UnitRange sources);

/// Projection of a tile's program, and populations of both.
namespace part_index {
inline constexpr int source = 1, target = 2, matrix = 1, slice = 1, into = 0, above = 1;
}

}  // namespace apical::sim
