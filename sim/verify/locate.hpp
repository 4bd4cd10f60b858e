// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "sim/verify/lockstep.hpp"

namespace apical::sim {

/// Two machines, to be made anew for every look: one that is right and tells what it writes
/// (RetiringEmulator), one that parts from it. Both are played the same.
struct Suspects {
  std::function<std::unique_ptr<IntegerMachine>()> reference, machine;
  std::function<Stimulus()> stimulus;
};

/// The first weight that was stored otherwise than the machine told in its first `ticks` ticks, found by
/// looking into its memory after each of them.
std::optional<Difference> locate_stored(const Suspects&, std::uint64_t ticks);

/// The operation of tick `tick` behind which the state is wrong for the first time, and what it is that is
/// wrong there, found by ticks that end early. Nothing where the machine can't end them so.
std::optional<Difference> locate_operation(const Suspects&, std::uint32_t tick);

}  // namespace apical::sim
