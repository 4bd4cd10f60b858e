// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "fixedpoint/emulator/activity.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::sim {

/// Energy of single operations in pJ. Defaults: a 45 nm process at 0.9 V, from M. Horowitz, "Computing's
/// energy problem (and what we can do about it)", ISSCC 2014, figure 1.1.9.
struct EnergyCosts {
  double multiply = 3.1;  ///< of 32 × 32 bits; scaled by the product of the widths
  double add = 0.1;       ///< of 32 bits; scaled by the width
  double memory = 10.0;   ///< 64 bits from 8 KB of SRAM; grows with the square root of the size (1 MB: 113)
};

/// Where the energy went, in pJ.
struct Energy {
  double arithmetic = 0.0, weight_memory = 0.0, state_memory = 0.0;
  double total() const { return arithmetic + weight_memory + state_memory; }
  Energy& operator+=(const Energy& other) {
    arithmetic += other.arithmetic;
    weight_memory += other.weight_memory;
    state_memory += other.state_memory;
    return *this;
  }
};

/// One word of `bits` out of a memory of `words` such words, or into it, in pJ.
double memory_access(double words, int bits, const EnergyCosts&);

/// Estimate for one population (0..N) and the projections into it, from what it did.
Energy estimate(const fixedpoint::Program&, int layer, const fixedpoint::Activity&, const EnergyCosts&);

}  // namespace apical::sim
