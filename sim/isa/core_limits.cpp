// SPDX-License-Identifier: Apache-2.0
#include "sim/isa/core_limits.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "model/settings/settings_error.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/isa/pass_words.hpp"
#include "sim/isa/table_plan.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

namespace {

const Population& population(const Program& program, int index) {
  return program.populations[static_cast<std::size_t>(index)];
}

// The layer whose formats a population has, as [formats.<signal>.layerK] numbers them.
int layer_of(const Program& program, int index) {
  const Population& p = population(program, index);
  return p.compartment == Compartment::soma || p.relayed < 0 ? index : p.relayed;
}

// Matrices around dendrites have the formats of the layer above, whose voltages they carry.
int layer_of(const Program& program, const Projection& p) {
  return layer_of(program,
                  population(program, p.target).compartment == Compartment::dendrite ? p.source : p.target);
}

std::string key(const char* signal, const char* what) {
  return fmt::format("formats.{}.{}", signal, what);
}

void check_width(const Format& f, const char* signal, int layer) {
  if (f.bits + (f.is_signed ? 0 : 1) > limit::signal_bits)
    throw CoreLimitError(
        key(signal, "bits"), fmt::format("unsigned {} bits is {} as two's complement", f.bits, f.bits + 1),
        fmt::format("at most {}, signed, or {} unsigned", limit::signal_bits, limit::signal_bits - 1), layer);
}

void check_count(const char* name, std::int64_t count, std::int64_t most, const std::string& of) {
  if (count > most)
    throw CoreLimitError(name, fmt::format("{} {}", count, of), fmt::format("at most {}", most));
}

void check_tables(const Program& program) {
  bool piecewise = false;
  for (const ActivationTable& table : program.rate_tables) piecewise |= table.piecewise;
  check_count(piecewise ? "tables.index_bits" : "tables.full_bits", TablePlan(program).words,
              limit::table_entries, "entries of all activation tables");
  check_count("dynamics.dt", static_cast<std::int64_t>(program.decay.size()), limit::decay_entries,
              "ticks until the mismatch has decayed");
}

}  // namespace

void check_core_formats(const Program& program) {
  check_tables(program);
  for (const Projection& p : program.projections) {
    if (p.accumulator_bits > 0)
      throw CoreLimitError("learning.accumulator_bits", fmt::format("{} on a core", p.accumulator_bits),
                           "0 (the emulator has accumulators)");
    if (!p.forward && p.shares < 0)
      throw CoreLimitError("learning.rule", "\"feedback-alignment\" on a core",
                           "another rule (golden and emulator have it)");
  }
  for (int p = 0; p < static_cast<int>(program.populations.size()); ++p) {
    const Population& at = population(program, p);
    const int layer = layer_of(program, p);
    if (p == 0) {
      check_width(at[Signal::rate], "input", 0);
      continue;
    }
    for (std::size_t s = 0; s < neuron_signals; ++s)
      if (carries(program, p, static_cast<Signal>(s)))
        check_width(at.formats[s], name_of(static_cast<Signal>(s)), layer);
    for (int s = 0; s < slot::count; ++s) {
      PassWords words;
      if (!runs(program, p, s) || !pass_words(program, p, s, {}, words)) continue;
      if (std::abs(words.shift) <= limit::shift) continue;
      const Signal signal = pass_of(s).signal;
      throw CoreLimitError(
          key(name_of(signal), "frac"),
          fmt::format("{} shifts what becomes it by {} bits", at[signal].frac, words.shift),
          fmt::format("at most {}, so bring the binary points of its population closer", limit::shift),
          layer);
    }
  }
  for (const Projection& p : program.projections) {
    check_width(p.weight, "weight", layer_of(program, p));
    check_width(p.step, "step", layer_of(program, p));
  }
}

namespace {

void check_sizes(const Program& program, int lanes) {
  const auto padded = [&](std::int64_t count) { return (count + lanes - 1) / lanes * lanes; };
  const char* const layers = "network.layers";
  check_count(layers, static_cast<std::int64_t>(program.populations.size()), limit::populations,
              "populations");
  std::int64_t units = 0;
  for (const Population& p : program.populations) {
    check_count(layers, p.units, limit::units, "units of " + p.name);
    check_count(layers, units / lanes, limit::first_group,
                fmt::format("groups of {} lanes before {}", lanes, p.name));
    for (const Population& copier : program.populations)
      if (copier.relayed >= 0 && &program.populations[static_cast<std::size_t>(copier.relayed)] == &p)
        check_count(layers, units, limit::relayed_unit,
                    fmt::format("units before {}, which {} copies", p.name, copier.name));
    // An interneuron copies its own voltage.
    if (p.compartment == Compartment::interneuron)
      check_count(layers, units, limit::relayed_unit, "units before " + p.name);
    units += padded(p.units);
  }
  check_count(layers, units, limit::all_units, "units of all populations");
  std::int64_t weights = 0;
  for (const Projection& p : program.projections)
    if (p.shares < 0) weights += padded(p.rows) * padded(p.columns);
  check_count(layers, weights, limit::weights, "weights of all matrices");
  std::int64_t operations = static_cast<std::int64_t>(program.start.size() + program.operations.size()) + 1;
  if (!program.decay.empty()) operations += static_cast<std::int64_t>(program.populations.size());
  check_count(layers, operations, limit::operations, "operations");
}

}  // namespace

void check_core_limits(const Program& program, int lanes) {
  check_sizes(program, lanes);
  check_core_formats(program);
}

}  // namespace apical::sim
