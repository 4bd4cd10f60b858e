// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/costs.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "fixedpoint/program/compiler.hpp"
#include "tools/config/formats.hpp"
#include "tools/explore/area.hpp"
#include "tools/explore/wide_formats.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Format;

constexpr int fewest_bits = 2;

// Every format of a signal: that of all layers, and the exceptions.
// Whether rates and the input meet in a sum, so that they have one number of fraction bits.
bool input_meets_rates(const Config& config) {
  const auto& pairs = config.network.connections;
  return std::any_of(pairs.begin(), pairs.end(), [&](const auto& a) {
    return a.first == 0 && std::any_of(pairs.begin(), pairs.end(),
                                       [&](const auto& b) { return b.second == a.second && b.first > 0; });
  });
}

// Takes fraction bits or integer bits away; false where too few are left.
bool narrow(Format& f, Move::Kind kind, int bits) {
  const bool placed = f.frac == fixedpoint::automatic_frac;
  if (placed && kind == Move::range) return false;
  f.bits -= bits;
  if (!placed && kind != Move::range) f.frac -= bits;
  return f.bits >= fewest_bits && (placed || f.frac >= -64);
}

// The widest signals but weights, to `bits` less than the widest has.
bool narrow_widest(Config& config, int bits) {
  std::vector<Format*> all;
  for (const std::string& signal : signal_order())
    if (signal != "weight")
      for (Format* f : formats_of(config, signal)) all.push_back(f);
  int widest = 0;
  for (const Format* f : all) widest = std::max(widest, f->bits);
  return std::all_of(all.begin(), all.end(), [&](Format* f) {
    return f->bits <= widest - bits || narrow(*f, Move::widest, f->bits - (widest - bits));
  });
}

}  // namespace

double cost_of(const Costs& costs, const std::string& name) {
  return name == "energy" ? costs.energy : name == "area" ? costs.area : costs.bits();
}

Costs costs_of(const Config& config, const std::vector<model::WeightMatrix>& shape, const Work& work) {
  const fixedpoint::Program program = fixedpoint::compile_shape(describe(config, shape));
  Costs c;
  for (const fixedpoint::MemoryRegion& region : fixedpoint::memory_map(program)) {
    const double bits = static_cast<double>(region.words) * region.bits;
    (region.kind == fixedpoint::MemoryKind::weights ? c.weight_bits
     : region.kind == fixedpoint::MemoryKind::table ? c.table_bits
                                                    : c.state_bits) += bits;
  }
  for (std::size_t k = 0; k < work.activity.size() && work.ticks > 0; ++k)
    c.energy += sim::estimate(program, static_cast<int>(k), work.activity[k], config.energy).total() /
                static_cast<double>(work.ticks);
  try {
    c.area = AreaModel::of_sources().area(sim::required_parameters(program, config.lanes));
  } catch (const std::invalid_argument&) {
    c.area = std::numeric_limits<double>::infinity();
  }
  return c;
}

std::vector<Move> all_moves(int first_step, const std::string& cost) {
  std::vector<Move> moves;
  moves.reserve(2 * signal_order().size() + 2);
  for (const std::string& signal : signal_order()) moves.push_back({signal, Move::precision, first_step});
  for (const std::string& signal : signal_order()) moves.push_back({signal, Move::range, 1});
  moves.push_back({"", Move::segments, first_step});
  if (cost == "area") moves.push_back({"", Move::widest, first_step});
  return moves;
}

bool apply_move(Config& config, const Move& move) {
  if (move.kind == Move::segments) {
    config.table_index_bits -= move.step;
    return config.table_index_bits >= 1;
  }
  if (move.kind == Move::widest) return narrow_widest(config, move.step);
  std::vector<Format*> formats = formats_of(config, move.signal);
  if (move.kind == Move::precision && (move.signal == "input" || move.signal == "rate") &&
      input_meets_rates(config))
    for (Format* other : formats_of(config, move.signal == "input" ? "rate" : "input"))
      formats.push_back(other);
  return std::all_of(formats.begin(), formats.end(),
                     [&](Format* f) { return narrow(*f, move.kind, move.step); });
}

void set_weight_rounding(Config& config, fixedpoint::Rounding rounding, int more_bits) {
  for (Format* f : formats_of(config, "weight")) {
    f->rounding = rounding;
    f->bits += more_bits;
    f->frac += more_bits;
  }
}

}  // namespace apical::tools
