#pragma once
#include "fixedpoint/network.hpp"
#include "fixedpoint/program.hpp"

namespace apical::fixedpoint {

/// The operations of one tick, in order, for a program that has its populations and projections
/// (model/README.md, "The prospective unit" and "Dendritic microcircuit").
std::vector<Operation> schedule(const NetworkDescription&, const Program&);

/// m(0) = F(0) at u = 0, by the machine's own operations: see namespace part.
std::vector<Operation> start_schedule(const Program&);

}  // namespace apical::fixedpoint
