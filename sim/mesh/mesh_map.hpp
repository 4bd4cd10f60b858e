// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "fixedpoint/program/program.hpp"
#include "sim/mesh/mesh_parts.hpp"

namespace apical::sim {

/// Some units of a population, and the core that has their state.
struct Slice {
  UnitRange units;
  int core = 0;
};

/// A program on a mesh: populations cut into slices, and every matrix into blocks (tiles), one per slice of
/// its targets and slice of its sources, each on a core. Tile (r, c) of projection k: tiles[k][r · C + c].
struct Placement {
  int columns = 1, rows = 1;               ///< of the mesh
  std::vector<std::vector<Slice>> slices;  ///< [population][slice], in order of their units
  std::vector<std::vector<int>> tiles;     ///< [projection][row-major] -> core

  int cores() const { return columns * rows; }
};

/// What a core offers.
struct CoreBudget {
  std::uint64_t memory_bits = std::uint64_t{128} * 8192;  ///< weights, state, sums, tables, what arrives
  int fan_in = 4096;                                      ///< sources that a core can listen to per matrix
  int lanes = 4;
};

/// A mesh for so many cores, as square as may be; it may have a few more places.
Placement empty_mesh(int cores);

/// Chooses slices and cores so that memory and fan-in suffice, the estimated time of a tick is small, and
/// those who talk are neighbours. Throws std::invalid_argument that says what is missing.
Placement place(const fixedpoint::Program&, int cores, const CoreBudget&);

/// Any cuts, on any cores.
Placement random_placement(const fixedpoint::Program&, int cores, std::mt19937_64&);

}  // namespace apical::sim
