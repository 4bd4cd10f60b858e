// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixedpoint/program/network.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// Accumulators and other intermediate results hold at most this many bits.
inline constexpr int widest_accumulator = 62;

/// Compiles a network into the program that all integer machines execute.
///
/// Chooses nothing by measurement: formats are those of the description (and the binary point of `step` where
/// it is automatic), tables are correctly rounded, weights are quantised to nearest and what they lost is in
/// Program::loads. Throws std::invalid_argument for shapes that don't match, impossible formats, weights that
/// aren't finite, or an intermediate result without a proof of at most `widest_accumulator` bits.
Program compile(const NetworkDescription&);

/// The same without weights: every Projection::image is empty. For who only wants to know what would fit.
Program compile_shape(const NetworkDescription&);

}  // namespace apical::fixedpoint
