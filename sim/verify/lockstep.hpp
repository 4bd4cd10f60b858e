// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/machines/integer_machine.hpp"
#include "sim/verify/difference.hpp"

namespace apical::sim {

/// What the host does before one tick.
struct TickStimulus {
  std::optional<std::vector<std::int64_t>> input, target;  ///< raw values, where they changed
  std::int64_t beta = 0;                                   ///< register value
  std::optional<double> learning_scale;                    ///< where it changed
};

/// Ticks in order; the same sequence each time one is made.
using Stimulus = std::function<TickStimulus()>;

/// Applies one tick's stimulus, and ticks.
void advance(IntegerMachine&, const TickStimulus&);

/// Compares all architectural state, and if both tell of them the writes of the last tick; empty where all is
/// equal. `teller` is the machine that tells what has to be written, if it isn't the reference.
std::optional<Difference> compare(IntegerMachine& reference, IntegerMachine& machine,
                                  IntegerMachine* teller = nullptr);

struct LockstepOptions {
  std::function<void(std::uint64_t)> progress = [](std::uint64_t) {};  ///< is given the ticks done
  bool counters = true;  ///< those of machines with registers have to be equal
};

/// Runs the machines side by side for `ticks`, each compared with the one before it after every tick; stops
/// at the first difference. A tick of a machine behind one that counts clocks ends within a multiple of those
/// clocks, or that is the difference.
std::optional<Difference> run_lockstep(const std::vector<IntegerMachine*>& machines, const Stimulus&,
                                       std::uint64_t ticks, const LockstepOptions& = {});

/// The difference of a machine that stops while its program is loaded.
Difference stopped_on_loading(const std::string& machine, IntegerMachine& reference, const Stopped&);

}  // namespace apical::sim
