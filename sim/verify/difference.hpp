// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/verify/writing_order.hpp"

namespace apical::sim {

/// The first place where two machines part: of all that differs what was written first.
struct Difference {
  enum class Kind {
    value,    ///< the state, or a new value on its way there
    retire,   ///< what a retire port tells beside it: the value before, random bits, the tick
    stored,   ///< what lies in memory is nothing that the machine told of
    counter,  ///< a counter of clocks, events or multiplications
    stopped   ///< the machine doesn't go on
  };
  Kind kind = Kind::value;
  std::string machine, reference;
  std::uint32_t tick = 0;                ///< the tick in which they part, from 0
  std::string where, signal;             ///< "layer1", "u"; or "W2", "weight"
  int layer = -1, row = 0, column = -1;  ///< column -1: a unit's signal
  int projection = -1;                   ///< of a weight
  std::int64_t expected = 0, found = 0;
  fixedpoint::Format format;
  std::string text;         ///< what the machine said as it stopped
  std::uint64_t exact = 0;  ///< clocks that the tick takes where it ends; 0: unknown
  Place place;
  std::vector<std::string> operations;   ///< of the program, the last one writes what differs
  std::optional<std::uint32_t> address;  ///< in the memories of a machine that has some
  std::uint64_t clock = 0;               ///< of a clocked machine, when it was written or should have been
};

/// The difference in words, several lines: both values in hexadecimal and as real numbers, and their bits.
std::string describe(const Difference&);

}  // namespace apical::sim
