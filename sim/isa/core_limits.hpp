// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixedpoint/program/program.hpp"

namespace apical::sim {

/// What no core has room for, whatever its parameters: widths of ports and registers, fields of descriptors,
/// and what 32-bit numbers of the Verilog count (hw/ARCHITECTURE.md, "Limits").
namespace limit {
inline constexpr int signal_bits = 32;         ///< two's complement, of the window's data
inline constexpr int populations = 255;        ///< the sequencer compares numbers of 8 bits
inline constexpr int units = 65535;            ///< of a population
inline constexpr int first_group = 65535;      ///< first unit / LANES
inline constexpr int all_units = 1 << 20;      ///< INPUT_UNIT
inline constexpr int relayed_unit = 65535;     ///< first table entry, which a relay takes for a unit
inline constexpr int table_entries = 1 << 16;  ///< likewise, of all tables
inline constexpr int decay_entries = 65535;    ///< DECAY_LENGTH
inline constexpr int operations = 1 << 16;     ///< TICK_OPERATION
inline constexpr int weights = 1 << 30;        ///< DEPTH x LANES
inline constexpr int shift = 127;              ///< of a signal's quantiser
}  // namespace limit

/// Throws std::invalid_argument "KEY: ...; accepted by cores: ..." for the first thing of a compiled program
/// that no core of so many lanes can hold. KEY is one of the configuration.
void check_core_limits(const fixedpoint::Program&, int lanes);

/// The part of it that doesn't depend on how many units a core has: for programs that a mesh divides.
void check_core_formats(const fixedpoint::Program&);

}  // namespace apical::sim
