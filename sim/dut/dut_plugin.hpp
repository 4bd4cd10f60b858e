// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace apical::sim {

/// A variable of a design as Verilator stores it: elements of memories one after the other, the last index
/// fastest, each a whole number of bytes, the lowest bits first.
struct DutVariable {
  static constexpr int most_dimensions = 4;
  unsigned char* data;
  std::int32_t bytes, width;                                 ///< of an element
  std::int32_t dimensions;                                   ///< of unpacked ones
  std::int32_t low[most_dimensions], high[most_dimensions];  ///< of each index
};

/// What a verilated design offers through its shared library, as one table of functions in C; `self` is what
/// create() returned. dut_plugin.cpp is compiled beside Verilator's output.
struct DutPlugin {
  void* (*create)();
  void (*destroy)(void* self);
  /// A port or a variable by its hierarchical name below the top module; 0 where there is none, or none of
  /// bits.
  int (*find)(void* self, const char* name, DutVariable*);
  /// What there is in the innermost scope of that name, separated by ", "; lasts until the next call.
  const char* (*beside)(void* self, const char* name);
  /// A clock's rise and fall. Returns 0 where the design ended by $stop, $fatal or $finish: error() says so.
  int (*clock)(void* self, const DutVariable* clock);
  int (*settle)(void* self);  ///< after ports were written; 0 likewise
  const char* (*error)(void* self);
  std::uint64_t (*clocks)(const void* self);  ///< simulated since create()
  /// Writes an FST waveform to `file` from now on; null ends it. Its time is twice the clocks. Returns 0
  /// where the design was built without.
  int (*trace)(void* self, const char* file);
};

/// The one symbol of a design's shared library.
extern "C" const DutPlugin* apical_dut_plugin();

}  // namespace apical::sim
