#include "tools/costs.hpp"

#include "fixedpoint/compiler.hpp"
#include "tools/wide_formats.hpp"

namespace apical::tools {
namespace {

constexpr int fewest_bits = 2;

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// Every format of a signal: that of all layers, and the exceptions.
std::vector<fixedpoint::Format*> formats_of(Config& config, const std::string& signal) {
  std::vector<fixedpoint::Format*> all{&config.formats.by_signal.at(signal)};
  for (auto& [place, format] : config.formats.by_layer)
    if (place.first == signal) all.push_back(&format);
  return all;
}

}  // namespace

Costs costs_of(const Config& config, const std::vector<model::WeightMatrix>& shape, const Work& work) {
  const fixedpoint::Program program = fixedpoint::compile_shape(describe(config, shape));
  Costs c;
  for (const fixedpoint::MemoryRegion& region : fixedpoint::memory_map(program)) {
    const double bits = static_cast<double>(region.words) * region.bits;
    (region.name.rfind("weights ", 0) == 0 ? c.weight_bits
     : ends_with(region.name, " table")    ? c.table_bits
                                           : c.state_bits) += bits;
  }
  for (std::size_t k = 0; k < work.activity.size() && work.ticks > 0; ++k)
    c.energy += sim::estimate(program, static_cast<int>(k), work.activity[k], config.energy).total() /
                static_cast<double>(work.ticks);
  return c;
}

std::vector<Move> all_moves(int first_step) {
  std::vector<Move> moves;
  moves.reserve(2 * signal_order().size() + 1);
  for (const std::string& signal : signal_order()) moves.push_back({signal, Move::precision, first_step});
  for (const std::string& signal : signal_order()) moves.push_back({signal, Move::range, 1});
  moves.push_back({"", Move::segments, first_step});
  return moves;
}

bool apply_move(Config& config, const Move& move) {
  if (move.kind == Move::segments) {
    config.table_index_bits -= move.step;
    return config.table_index_bits >= 1;
  }
  for (fixedpoint::Format* f : formats_of(config, move.signal)) {
    const bool placed = f->frac == fixedpoint::automatic_frac;
    if (placed && move.kind == Move::range) return false;
    f->bits -= move.step;
    if (!placed && move.kind == Move::precision) f->frac -= move.step;
    if (f->bits < fewest_bits || (!placed && f->frac < -64)) return false;
  }
  return true;
}

void set_weight_rounding(Config& config, fixedpoint::Rounding rounding, int more_bits) {
  for (fixedpoint::Format* f : formats_of(config, "weight")) {
    f->rounding = rounding;
    f->bits += more_bits;
    f->frac += more_bits;
  }
}

}  // namespace apical::tools
