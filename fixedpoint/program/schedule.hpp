// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixedpoint/program/network.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// The populations beside the somata of hidden layer k of a microcircuit: one behind the other, found by the
/// dendrite that the somata copy from.
struct Around {
  int interneuron, dendrite, relay;
  int errors;  ///< only where B learns

  Around(const Program& program, int k)
      : interneuron(program.populations[static_cast<std::size_t>(k)].relayed - 1),
        dendrite(interneuron + 1),
        relay(interneuron + 2),
        errors(interneuron + 3) {}
};

/// The operations of one tick, in order, for a program that has its populations and projections
/// (model/README.md, "The prospective unit" and "Dendritic microcircuit").
std::vector<Operation> schedule(const NetworkDescription&, const Program&);

/// m(0) = F(0) at u = 0, by the machine's own operations: see namespace part.
std::vector<Operation> start_schedule(const Program&);

}  // namespace apical::fixedpoint
