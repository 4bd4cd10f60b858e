// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace apical::fixedpoint {

const char* name_of(Signal signal) {
  static constexpr const char* names[signal_count] = {"basal",    "apical", "u",     "membrane",
                                                      "rate",     "slope",  "nudge", "error",
                                                      "mismatch", "target", "step",  "weight"};
  return names[static_cast<std::size_t>(signal)];
}

int holder_of(const Program& program, int projection) {
  const int shared = program.projections[static_cast<std::size_t>(projection)].shares;
  return shared < 0 ? projection : shared;
}

std::vector<int> forwards_into(const Program& program, int population) {
  std::vector<int> all;
  for (std::size_t p = 0; p < program.projections.size(); ++p)
    if (program.projections[p].target == population && program.projections[p].forward)
      all.push_back(static_cast<int>(p));
  return all;
}

std::vector<int> backwards_into(const Program& program, int population) {
  std::vector<int> all;
  for (std::size_t p = 0; p < program.projections.size(); ++p)
    if (program.projections[p].source == population && program.projections[p].backward)
      all.push_back(static_cast<int>(p));
  return all;
}

bool is_chain(const Program& program) {
  if (program.projections.size() + 1 != program.populations.size()) return false;
  for (int p = 0; p < static_cast<int>(program.projections.size()); ++p) {
    const Projection& projection = program.projections[static_cast<std::size_t>(p)];
    if (projection.source != p || projection.target != p + 1) return false;
  }
  return program.output + 1 == static_cast<int>(program.populations.size());
}

Signal relayed_signal(Compartment copier) {
  switch (copier) {
    case Compartment::soma:
      return Signal::basal;
    case Compartment::dendrite:
      return Signal::rate;
    case Compartment::error_relay:
      return Signal::error;
    default:
      return Signal::u;
  }
}

const Format& learning_signal_format(const Program& program, const Projection& p) {
  return program.populations[static_cast<std::size_t>(p.target)][p.shares < 0 ? Signal::error : Signal::rate];
}

const Format& held_format(const Population& p, Signal signal) {
  const bool rates = signal == Signal::error && p.compartment == Compartment::dendrite && p.relayed >= 0;
  return p[rates ? Signal::rate : signal];
}

LoadReport load_weights(const Projection& p, const double* real, std::size_t count,
                        std::vector<std::int64_t>& raw) {
  LoadReport report;
  report.name = p.name;
  report.layer = p.layer;
  report.format = p.weight;
  report.values = count;
  raw.clear();
  raw.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(real[i]))
      throw std::invalid_argument(
          fmt::format("weights {}: {} is not a number to load; accepted: finite values", p.name, real[i]));
    const Quantised loaded = p.loaded(real[i]);
    report.became_zero += loaded.raw == 0 && real[i] != 0.0;
    report.saturated += loaded.saturated;
    report.largest = std::max(report.largest, std::abs(real[i]));
    report.largest_error = std::max(report.largest_error, std::abs(p.value(loaded.raw) - real[i]));
    raw.push_back(loaded.raw);
  }
  return report;
}

std::vector<MemoryRegion> memory_map(const Program& program) {
  std::vector<MemoryRegion> map;
  for (const Projection& p : program.projections)
    if (p.shares < 0)
      map.push_back({MemoryKind::weights, "weights " + p.name,
                     static_cast<std::uint64_t>(p.rows) * static_cast<std::uint64_t>(p.columns),
                     p.learned().bits});
  for (std::size_t k = 0; k < program.populations.size(); ++k) {
    const Population& p = program.populations[k];
    const std::uint64_t units = static_cast<std::uint64_t>(p.units);
    map.push_back({MemoryKind::state, p.name + " rate", units, p[Signal::rate].bits});
    map.push_back({MemoryKind::state, p.name + " sent rate", units, p[Signal::rate].bits});
    if (k == 0) continue;
    map.push_back({MemoryKind::state, p.name + " sent error", units, p[Signal::error].bits});
    for (const Signal signal : {Signal::basal, Signal::apical, Signal::u, Signal::membrane, Signal::slope,
                                Signal::nudge, Signal::error, Signal::mismatch}) {
      if (signal == Signal::mismatch && program.decay.empty()) continue;
      map.push_back({MemoryKind::state, p.name + " " + name_of(signal), units, p[signal].bits});
    }
    map.push_back({MemoryKind::state, p.name + " rho", units, 16});
    map.push_back({MemoryKind::state, p.name + " alpha", units, 16});
    if (p.compartment != Compartment::soma) continue;
    map.push_back({MemoryKind::table, p.name + " rate table", program.rate_tables[k].words(),
                   program.rate_tables[k].word_bits()});
    map.push_back({MemoryKind::table, p.name + " slope table", program.slope_tables[k].words(),
                   program.slope_tables[k].word_bits()});
  }
  const Population& output = program.output_population();
  map.push_back(
      {MemoryKind::state, "target", static_cast<std::uint64_t>(output.units), output[Signal::target].bits});
  if (!program.decay.empty())
    map.push_back({MemoryKind::table, "decay table", program.decay.size(), decay_frac + 1});
  return map;
}

std::string describe(const Program& program, const Operation& op) {
  const std::string projection =
      op.code == OpCode::update ? "" : program.projections[static_cast<std::size_t>(op.index)].name;
  switch (op.code) {
    case OpCode::forward:
      return "FORWARD  " + projection;
    case OpCode::backward:
      return "BACKWARD " + projection;
    case OpCode::learn:
      return "LEARN    " + projection;
    case OpCode::update:
      break;
  }
  std::string text = fmt::format("UPDATE   {}", program.populations[static_cast<std::size_t>(op.index)].name);
  const std::pair<int, const char*> parts[] = {{part::basal, "basal"},
                                               {part::soma, "soma"},
                                               {part::error, "error"},
                                               {part::membrane, "membrane"},
                                               {part::start_error, "start-error"},
                                               {part::start_mismatch, "start-mismatch"},
                                               {part::voltage, "voltage"}};
  for (const auto& [bit, word] : parts)
    if (op.parts & bit) text += fmt::format(" {}", word);
  return text;
}

}  // namespace apical::fixedpoint
