// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fixedpoint/program/corner_proof.hpp"
#include "sim/verify/lockstep.hpp"

namespace apical::tools {

/// The program with rows of weights at the ends of their formats and rows of powers of two among its own: no
/// training gets there, and what weights multiply gets to its limits by them.
std::shared_ptr<const fixedpoint::Program> with_corner_weights(const fixedpoint::Program&);

/// Raw inputs, targets, nudges and learning rates that bring quantisers to the corners that `proof` leaves
/// open: each tick is chosen among many, tried on an emulator, some led to ties of membranes
/// (membrane_tie.hpp), as long as that finds new corners; in between come phases at the ends of all formats,
/// longer than membranes and weights need to get to theirs.
sim::Stimulus make_corner_stimulus(const std::shared_ptr<const fixedpoint::Program>&,
                                   const fixedpoint::CornerProof& proof, std::uint64_t seed);

/// What was neither met nor proven to be out of reach: "tie, odd of step of layer 1", ...
std::vector<std::string> missing_corners(const fixedpoint::Coverage&, const fixedpoint::CornerProof&);

}  // namespace apical::tools
