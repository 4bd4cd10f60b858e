// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fixedpoint/program/program.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/isa/image.hpp"

namespace apical::sim {

/// The memories of a core and the registers that belong to its program, as a host has written them. Values
/// are cut to the widths of the core (CoreParameters).
struct CoreMemories {
  explicit CoreMemories(const CoreParameters&);
  /// Addresses of a memory of the window; 0 of one that doesn't exist.
  std::size_t size(int memory) const;

  std::vector<std::int64_t> signals[memory::count];  ///< by memory, by unit address
  std::vector<std::uint32_t> operations, descriptors, decay;
  std::vector<std::int64_t> table_base, table_delta;
  std::vector<std::int64_t> weights;  ///< by address in the window
  std::vector<std::uint32_t> links, always;
  std::uint32_t tick_operation = 0, decay_length = 0, seed = 0;
};

/// One operation of a core as the emulator executes it.
struct CoreOperation {
  enum Kind { end, execute, decay, bad } kind = bad;
  fixedpoint::Operation operation{};  ///< execute; of decay and bad the index
  std::uint32_t slots = 0;            ///< of an UPDATE
};

/// What a core's memories say, as a program. Binary points are not in there, only their differences: those of
/// the program are chosen so that every shift comes out as it is written.
struct Disassembly {
  std::shared_ptr<const fixedpoint::Program> program;
  std::vector<CoreOperation> operations;  ///< by number, up to the END of a tick or the first bad one
  std::vector<std::uint32_t> first_unit;  ///< of every population
  CoreImage image;                        ///< first_unit, first_block and eta_word only
};

/// The inverse of assemble(). Throws std::invalid_argument, naming what stands in the way, for memories that
/// no program of fixedpoint/ leads to: a core executes more than the compiler writes.
Disassembly disassemble(const CoreMemories&, const CoreParameters&);

}  // namespace apical::sim
