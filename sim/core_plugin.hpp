#pragma once
#include <cstdint>

namespace apical::sim {

/// One weight that the core moved, from its retire port.
struct RetiredWeight {
  std::int32_t projection, row, column, value;
};

/// What a verilated core offers through its shared library, as one table of functions in C; `self` is what
/// create() returned. core_plugin.cpp is compiled beside Verilator's output for each set of parameters.
struct CorePlugin {
  void* (*create)();
  void (*destroy)(void* self);
  /// One access to a register; returns what was read.
  std::uint32_t (*access)(void* self, int offset, int write, std::uint32_t value);
  /// Starts a tick and clocks until the core is idle. Returns 0 if it isn't after `limit` clocks.
  int (*tick)(void* self, std::uint64_t limit);
  std::uint64_t (*clocks)(const void* self);  ///< simulated since create()
  /// Weights that moved since the last call: their number, and where they are until the next tick.
  std::uint64_t (*retired)(void* self, const RetiredWeight** records);
  /// Writes an FST waveform to `file` from now on; null ends it. Returns 0 where the core was built without.
  int (*trace)(void* self, const char* file);
};

/// The one symbol of a core's shared library.
extern "C" const CorePlugin* apical_core_plugin();

}  // namespace apical::sim
