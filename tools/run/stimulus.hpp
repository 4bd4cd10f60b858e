// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "sim/verify/lockstep.hpp"
#include "tools/config/config.hpp"

namespace apical::tools {

/// The training of a configuration as an integer machine's host plays it: raw inputs and targets, register
/// values, learning rates that fall from epoch to epoch. Goes on for ever. The task must outlive it.
sim::Stimulus make_stimulus(const Config&, const model::Task&, std::shared_ptr<const fixedpoint::Program>);

/// Raw inputs and targets at random over their formats.
sim::Stimulus make_random_stimulus(const std::shared_ptr<const fixedpoint::Program>&, std::uint64_t seed);

/// What a machine of the ladder is given: a configuration's task and its compiled program. Throws InputError
/// for whatever the configuration gets wrong.
struct Assignment {
  std::unique_ptr<model::Task> task;
  std::shared_ptr<const fixedpoint::Program> program;
};
/// The last machine that the program is for: what cores can't hold is refused unless it is the emulator; one
/// of a mesh has part of the units only.
enum class Upto { emulator, mesh, core };
Assignment prepare(const Config&, Upto upto = Upto::core);

/// The task of a configuration; throws std::invalid_argument where it doesn't fit the network.
std::unique_ptr<model::Task> configured_task(const Config&);

}  // namespace apical::tools
