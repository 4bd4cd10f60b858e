// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/emulator_machine.hpp"

#include "sim/machines/clipping.hpp"
#include "sim/machines/integer_machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace apical::sim {

using fixedpoint::Format;
using fixedpoint::Population;
using fixedpoint::Program;
using fixedpoint::Signal;
using fixedpoint::SignalCounter;

EmulatorMachine::EmulatorMachine(std::shared_ptr<const Program> program, fixedpoint::EmulatorOptions options)
    : emulator_(std::move(program), options) {}

void EmulatorMachine::tick(const double* input, const double* target, double nudge, bool changed) {
  if (changed || fresh_) {
    emulator_.write_input(input);
    if (target != nullptr) emulator_.write_target(target);
  }
  fresh_ = false;
  emulator_.set_beta(emulator_.program().beta * nudge);
  advance();
}

std::vector<double> EmulatorMachine::read(const std::string& signal, int layer) const {
  for (std::size_t i = 0; i < fixedpoint::neuron_signals; ++i) {
    const Signal candidate = static_cast<Signal>(i);
    if (signal != fixedpoint::name_of(candidate)) continue;
    const auto& raw = emulator_.signal(candidate, layer);
    const Format& format = emulator_.program().populations[static_cast<std::size_t>(layer)][candidate];
    return to_real(raw, format);
  }
  throw std::invalid_argument(fmt::format(
      "signal \"{}\"; accepted: basal, apical, u, membrane, rate, slope, nudge, error, mismatch, target",
      signal));
}

std::vector<double> EmulatorMachine::weights(int layer) const {
  const auto& p = emulator_.program().projections.at(static_cast<std::size_t>(layer - 1));
  std::vector<double> values;
  values.reserve(p.image.size());
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column)
      values.push_back(p.value(emulator_.weights(layer - 1).at(row, column)));
  return values;
}

std::vector<SignalStatistics> EmulatorMachine::statistics() const {
  const Program& program = emulator_.program();
  std::vector<SignalStatistics> all;
  all.push_back(in_units("input", 0, program.populations[0][Signal::rate],
                         emulator_.observers().counter(Signal::rate, 0)));
  for (int k = 1; k < static_cast<int>(program.populations.size()); ++k) {
    const Population& p = program.populations[static_cast<std::size_t>(k)];
    const std::size_t first = all.size();
    for (const int index : fixedpoint::forwards_into(program, k)) {
      const auto& projection = program.projections[static_cast<std::size_t>(index)];
      const bool usual = projection.name == fmt::format("W{}", k);
      all.push_back(in_units(usual ? "weight" : "weight " + projection.name, k, projection.weight,
                             emulator_.weight_counter(index)));
      if (all.size() == first + 1)
        all.push_back(in_units("step", k, projection.step, emulator_.observers().counter(Signal::step, k)));
    }
    for (const Signal s : {Signal::basal, Signal::apical, Signal::u, Signal::membrane, Signal::rate,
                           Signal::slope, Signal::nudge, Signal::error, Signal::mismatch, Signal::target}) {
      const SignalCounter& counter = emulator_.observers().counter(s, k);
      if (counter.count > 0) all.push_back(in_units(fixedpoint::name_of(s), k, p[s], counter));
    }
    for (std::size_t i = first; k > program.output && i < all.size(); ++i) all[i].population = p.name;
  }
  return all;
}

std::vector<fixedpoint::Activity> EmulatorMachine::activity() const {
  std::vector<fixedpoint::Activity> all;
  for (std::size_t k = 0; k < emulator_.program().populations.size(); ++k)
    all.push_back(emulator_.activity(static_cast<int>(k)));
  return all;
}

std::string EmulatorMachine::trouble() const {
  return clipping_in_words(statistics());
}

}  // namespace apical::sim
