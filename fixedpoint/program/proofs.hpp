// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// Proves of every intermediate result of a program that it fits the machine, and says with which width.
///
/// Throws std::invalid_argument naming the formats to narrow, or those whose binary points must agree because
/// their products meet in one accumulator.
std::vector<WidthProof> prove(const Program&);

/// Whether a population whose alphas have so many fraction bits has a proof of its membranes.
bool membrane_fits(const Population&, int alpha_frac, std::int64_t largest_alpha);

}  // namespace apical::fixedpoint
