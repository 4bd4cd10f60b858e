// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <vector>

#include "sim/machines/integer_machine.hpp"
#include "sim/verify/difference.hpp"

namespace apical::sim {

// Each gives the first thing that differs, with what complete() adds left out but for compare_stored().

/// Of one field of a population, or of the weights of a projection; nothing where `machine` hasn't got it.
std::optional<Difference> compare_site(const Site&, IntegerMachine& reference, IntegerMachine& machine);

/// Of all state, in the order in which a tick writes it.
std::optional<Difference> compare_state(IntegerMachine& reference, IntegerMachine& machine);

/// How a tick came to where what it wrote is compared.
enum class Tick { ended, stopped };

/// The first write that was expected and did not come, came and was not expected, or has another value. Of a
/// tick that stopped those that are still to come are not missed.
std::optional<Difference> compare_writes(const fixedpoint::Program&, const std::vector<Write>& expected,
                                         const std::vector<Write>& found, Tick);

/// The first weight that lies in the machine's memory with another value than the reference has, as it was
/// written in the last tick; by the host before the first one.
std::optional<Difference> compare_stored(IntegerMachine& reference, IntegerMachine& machine);

/// Adds who parts in which tick, the operations up to the one that writes, address and clock.
void complete(Difference&, IntegerMachine& reference, IntegerMachine& machine, std::uint32_t tick);

}  // namespace apical::sim
