// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace apical::sim {

/// One value that the core wrote, from its retire ports.
struct Retired {
  std::uint64_t clock;                ///< simulated since create()
  std::int64_t old_value, new_value;  ///< of a signal as the port's bits; of a weight sign-extended
  std::uint32_t tick;
  std::int32_t operation;
  std::int32_t signal;       ///< number of the memory, or -1: a weight
  std::int32_t projection;   ///< of a weight
  std::int32_t row, column;  ///< of a weight; of a signal the address of the unit, and -1
  std::uint32_t random;
};

/// What a verilated core offers through its shared library, as one table of functions in C; `self` is what
/// create() returned. core_plugin.cpp is compiled beside Verilator's output for each set of parameters.
struct CorePlugin {
  void* (*create)();
  void (*destroy)(void* self);
  /// One access to a register; `data` gets what was read. Returns 0 if no acknowledge came within `limit`
  /// clocks.
  int (*access)(void* self, int offset, int write, std::uint32_t value, std::uint64_t limit,
                std::uint32_t* data);
  /// Clocks until the core is idle. Returns 0 if it isn't after `limit` clocks.
  int (*wait)(void* self, std::uint64_t limit);
  std::uint64_t (*clocks)(const void* self);  ///< simulated since create()
  int (*operation)(const void* self);         ///< number of the operation under way, or the last one
  void (*record)(void* self, int on);         ///< whether what the core writes is kept for retired()
  /// What the core wrote since the last call: how many, and where they are until the next clock.
  std::uint64_t (*retired)(void* self, const Retired** records);
  /// Writes an FST waveform to `file` from now on; null ends it. Its time is twice the clocks. Returns 0
  /// where the core was built without.
  int (*trace)(void* self, const char* file);
};

/// The one symbol of a core's shared library.
extern "C" const CorePlugin* apical_core_plugin();

}  // namespace apical::sim
