// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/verify/lockstep.hpp"

namespace apical::tools {

/// Of signals.json; raised when its keys or the columns change.
inline constexpr int signals_format = 1;

/// Vectors for any RTL, whatever its order and timing (hw/ARCHITECTURE.md, "Signals"): per quantiser, pass of
/// the neuron unit, table and matrix a file of operands, exact values, random bits and results, as CSV and
/// for $readmemh; tables; the state after every tick; what a core's retire ports tell; and signals.json,
/// which describes them all.
class SignalRecords {
 public:
  /// Plays `ticks` ticks on the emulator, every pass in every tick. `digests`: of all state after each of
  /// them; throws std::logic_error where it comes out otherwise.
  SignalRecords(const std::shared_ptr<const fixedpoint::Program>&, const std::function<sim::Stimulus()>&,
                std::uint64_t ticks, const std::vector<std::string>& digests);

  /// By name of file.
  const std::map<std::string, std::string>& files() const { return files_; }

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace apical::tools
