// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/emulator/state.hpp"

#include <algorithm>

#include "fixedpoint/emulator/digest.hpp"

namespace apical::fixedpoint {

EmulatorState::EmulatorState(const Program& program)
    : eta(program.projections.size(), 0), layers(program.populations.size()) {
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const Population& p = program.populations[k];
    LayerState& l = layers[k];
    const auto units = static_cast<std::size_t>(p.units);
    for (auto& values : l.signals) values.assign(units, 0);
    for (auto* values : {&l.first_mismatch, &l.sent_rate, &l.sent_error}) values->assign(units, 0);
    if (k == 0 || p.compartment != Compartment::soma) continue;
    std::fill(l[Signal::rate].begin(), l[Signal::rate].end(), program.rate_tables[k].lookup(0));
    std::fill(l[Signal::slope].begin(), l[Signal::slope].end(), program.slope_tables[k].lookup(0));
    l.sent_rate = l[Signal::rate];
  }
  for (std::size_t k = 0; k < program.projections.size(); ++k)
    if (program.projections[k].shares < 0) {
      const Projection& p = program.projections[k];
      weights.emplace_back(program, static_cast<int>(k));
      accumulators.emplace_back();
      for (const std::int64_t raw : p.image)
        if (p.accumulator_bits > 0)
          accumulators.back().push_back(raw * (std::int64_t{1} << p.accumulator_bits));
    }
}

std::int64_t EmulatorState::learned(const Program& program, int projection, int row, int column) const {
  const auto k = static_cast<std::size_t>(projection);
  if (accumulators[k].empty()) return weights[k].at(row, column);
  const auto columns = static_cast<std::size_t>(program.projections[k].columns);
  return accumulators[k][static_cast<std::size_t>(row) * columns + static_cast<std::size_t>(column)];
}

std::string EmulatorState::digest(const Program& program) const {
  StateDigest digest;
  digest.add(tick);
  digest.add(beta);
  for (const std::int64_t rate : eta) digest.add(rate);
  for (const LayerState& l : layers) {
    for (const auto& values : l.signals) digest.add(values);
    for (const auto* values : {&l.first_mismatch, &l.sent_rate, &l.sent_error}) digest.add(*values);
  }
  AlignedVector<std::int64_t> row_values;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const Projection& p = program.projections[k];
    row_values.resize(static_cast<std::size_t>(p.columns));
    for (int row = 0; row < p.rows; ++row) {
      for (int column = 0; column < p.columns; ++column)
        row_values[static_cast<std::size_t>(column)] = learned(program, static_cast<int>(k), row, column);
      digest.add(row_values);
    }
  }
  return digest.hex();
}

}  // namespace apical::fixedpoint
