// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "fixedpoint/program/program.hpp"
#include "sim/mesh/mesh_map.hpp"

namespace apical::sim {

/// Bits of a block of a matrix: its weights, what its sources sent, errors, the sums of both directions; all
/// but the weights twice, since what arrives early must not disturb what is being computed.
std::uint64_t tile_bits(const fixedpoint::Program&, int projection, int rows, int sources);

/// Bits of the state of some units and of the sums that arrive for them, without tables.
std::uint64_t slice_bits(const fixedpoint::Program&, int layer, int units);

/// Bits of the tables of a layer's rates and slopes; a core with several slices of it has them once.
std::uint64_t table_bits(const fixedpoint::Program&, int layer);

/// Memory that the parts on each core need, in bits. [cores]
std::vector<std::uint64_t> memory_of(const fixedpoint::Program&, const Placement&);

}  // namespace apical::sim
