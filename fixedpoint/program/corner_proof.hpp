// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <utility>

#include "fixedpoint/program/coverage.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// Of every quantiser of a program, by signal and layer as in Coverage: why it can't meet a corner; "" where
/// nothing here says that it can't.
using CornerProof = std::map<std::pair<Signal, int>, CornerReasons>;

/// Follows ranges, and the powers of two that divide exact values, through the operations until no range
/// grows: what any weights, inputs and targets within their formats, any beta and any learning rates lead to
/// from the first tick on. Tables are evaluated for every input of up to 20 bits that can occur.
CornerProof prove_corners(const Program&);

}  // namespace apical::fixedpoint
