// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "tools/deploy/records.hpp"

namespace apical::tools {

/// What one pass of the neuron unit reads of a unit, and what it makes of it.
struct PassOperands {
  struct Operand {
    Field field;
    std::function<std::int64_t(std::size_t unit)> value;  ///< when the pass has just been quantised
  };
  std::vector<Operand> operands;
  /// The exact value from the operands' names, all as real numbers; "" where it is a sum over a matrix.
  std::string formula;
};

/// Of a pass of population `layer`. `membrane`: what that signal was before the pass, by unit. The emulator
/// and the membranes must outlive it.
PassOperands operands_of(const fixedpoint::Emulator&, fixedpoint::PassSlot, int layer,
                         const std::vector<std::int64_t>& membrane);

}  // namespace apical::tools
