#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/integer_machine.hpp"

namespace apical::sim {

/// What the host does before one tick.
struct TickStimulus {
  std::optional<std::vector<std::int64_t>> input, target;  ///< raw values, where they changed
  std::int64_t beta = 0;                                   ///< register value
  std::optional<double> learning_scale;                    ///< where it changed
};

/// Ticks in order; the same sequence each time one is made.
using Stimulus = std::function<TickStimulus()>;

/// The first place where two machines part.
struct Difference {
  std::string machine, reference;
  std::uint32_t tick = 0;               ///< the tick after which they differ, from 0
  std::string where, signal;            ///< "layer1", "u"; or "W2", "weight"
  int layer = 0, row = 0, column = -1;  ///< column -1: a unit's signal
  std::int64_t expected = 0, found = 0;
  fixedpoint::Format format;
  std::vector<std::string> operations;  ///< of the program, the last one writes what differs
};

/// Applies one tick's stimulus, and ticks.
void advance(IntegerMachine&, const TickStimulus&);

/// Compares all architectural state; empty where it is equal.
std::optional<Difference> compare(IntegerMachine& reference, IntegerMachine& machine);

/// Runs the machines side by side for `ticks`, each compared with the one before it after every tick; stops
/// at the first difference. `progress` is called with the ticks done.
std::optional<Difference> run_lockstep(const std::vector<IntegerMachine*>& machines, const Stimulus&,
                                       std::uint64_t ticks,
                                       const std::function<void(std::uint64_t)>& progress);

/// The difference in words, several lines: both values in hexadecimal and as real numbers, and their bits.
std::string describe(const Difference&);

}  // namespace apical::sim
