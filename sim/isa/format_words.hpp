// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixedpoint/numeric/format.hpp"
#include "hw/isa.hpp"

namespace apical::sim {

/// Formats in the words of a program, all but their binary points, which shifts imply.
void put(isa::Pass&, const fixedpoint::Format&);
void put(isa::Matrix&, const fixedpoint::Format&);
fixedpoint::Format format_of(const isa::Pass&);
fixedpoint::Format format_of(const isa::Matrix&);

/// Parameter RANDOM that they need; for 16 random bits of a weight none.
int random_level(const isa::Pass&);
int random_level(const isa::Matrix&);

}  // namespace apical::sim
