// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixedpoint/program/program.hpp"
#include "sim/isa/image.hpp"

namespace apical::sim {

inline int round_up(int value, int unit) {
  return (value + unit - 1) / unit * unit;
}

/// Bank words of the weights that a projection holds.
inline int padded_words(const fixedpoint::Projection& p, int lanes) {
  if (p.shares >= 0) return 0;
  return round_up(p.rows, lanes) * (round_up(p.columns, lanes) / lanes);
}

/// Throws std::invalid_argument naming the parameter of which the program needs more than the core has.
void check_fits(const fixedpoint::Program&, const CoreParameters&);

}  // namespace apical::sim
