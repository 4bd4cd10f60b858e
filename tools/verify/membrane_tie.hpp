// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <random>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/program/coverage.hpp"
#include "sim/verify/lockstep.hpp"

namespace apical::tools {

/// Whether lead_to_membrane_tie() can choose what the membranes of this layer add up: the output's nudge, by
/// its target; else the basal of a layer that hears the input alone.
bool leads_to_membrane(const fixedpoint::Program&, int layer);

/// Changes one target or one input of the stimulus, and beta, so that s + alpha (drive - s) of a unit becomes
/// a tie that is `wanted`, which is given as what such a tick covers. Of all drives about one in 2^alpha_frac
/// has a tie: too few to be drawn. `played`: an emulator that has played the stimulus from the state `before`
/// of the layer. False where nothing was found; what the changed stimulus leads to has to be played.
bool lead_to_membrane_tie(const fixedpoint::Emulator& played, const fixedpoint::LayerState& before, int layer,
                          std::size_t unit, const std::function<bool(const fixedpoint::Coverage&)>& wanted,
                          std::mt19937_64& random, sim::TickStimulus&);

}  // namespace apical::tools
