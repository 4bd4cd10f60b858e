// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

namespace apical::fixedpoint {

/// exp(-n dt / tau) for n = 0, 1, .. at `frac` fraction bits, each entry correctly rounded (to nearest, from
/// 50 digits), until the first entry that is 0, which is left out. dt, tau in ms, dt <= tau.
std::vector<std::int64_t> decay_table(double dt, double tau, int frac);

}  // namespace apical::fixedpoint
