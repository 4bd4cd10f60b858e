// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sim/verify/vectors.hpp"

namespace apical::sim {

/// Continues a script where its ticks ended: whatever a host must not do (hw/ARCHITECTURE.md: "Memories in
/// the window", "Operations", "What isn't there", registers in README.md), what it must read then, and that
/// all state is what it was. The expected values are the document's; those of the state are `machine`'s,
/// which ticks where the core does. Its last part zeroes the core. Writes `errors` and `refusals` of the
/// script.
void record_refusals(CoreHost&, Recorder&, IntegerMachine& machine, const CoreParameters&, BusScript&);

}  // namespace apical::sim
