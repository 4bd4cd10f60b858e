// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "tools/config/config.hpp"

namespace apical::tools {

/// What the formats of a configuration cost.
struct Costs {
  double weight_bits = 0.0, state_bits = 0.0, table_bits = 0.0;  ///< memories of the program
  double energy = 0.0;  ///< pJ per tick of training (sim/machines/energy.hpp)
  double area = 0.0;    ///< gate equivalents of a core (tools/explore/area.hpp)

  double bits() const { return weight_bits + state_bits + table_bits; }
};

/// What a training did, for the energy of other formats than its own.
struct Work {
  std::vector<fixedpoint::Activity> activity;  ///< per population 0..N
  std::uint64_t ticks = 0;
};

/// Throws std::invalid_argument for formats without a proof.
Costs costs_of(const Config&, const std::vector<model::WeightMatrix>& shape, const Work&);

/// One way to narrow a configuration.
struct Move {
  enum Kind { precision, range, segments, widest };
  std::string signal;  ///< "" for segments and widest
  Kind kind = precision;
  int step = 1;  ///< bits less
};

/// The costs that costs_of() knows by name.
inline const std::vector<std::string> cost_names = {"bits", "area", "energy"};
/// The cost of that name.
double cost_of(const Costs&, const std::string& name);

/// All moves that may save that cost: of every signal fraction bits and integer bits, and segments of the
/// tables; for area then fraction bits of the signals that are wider than the others, together: a core has
/// one width for all.
std::vector<Move> all_moves(int first_step, const std::string& cost);

/// Takes `move.step` bits away, in all layers; false where too few are left.
bool apply_move(Config&, const Move&);

/// The weights' rounding in all layers, and so many fraction bits more.
void set_weight_rounding(Config&, fixedpoint::Rounding, int more_bits);

}  // namespace apical::tools
