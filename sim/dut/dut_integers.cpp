// SPDX-License-Identifier: Apache-2.0
#include "sim/dut/dut_integers.hpp"

#include <fmt/format.h>

#include "sim/isa/core_map.hpp"
#include "sim/isa/image.hpp"
#include "sim/isa/pass_words.hpp"

namespace apical::sim {

using namespace apical::fixedpoint;

DutIntegers::DutIntegers(std::string name, std::shared_ptr<const Program> program,
                         std::shared_ptr<const DutDescription> description,
                         std::shared_ptr<const DutLibrary> library, const std::string& waveform)
    : name_(std::move(name)),
      program_(std::move(program)),
      description_(std::move(description)),
      library_(std::move(library)),
      self_(library_->plugin().create(), library_->plugin().destroy) {
  eta_registers_.resize(program_->projections.size());
  resolve();
  if (!waveform.empty()) DutIntegers::waveform(waveform);
  reset();
  for (auto& [projection, cells] : weights_)
    cells.write(program_->projections[static_cast<std::size_t>(projection)].image);
  DutIntegers::set_learning_scale(1.0);
  DutIntegers::set_beta(0);
}

void DutIntegers::resolve() {
  const DutDescription& d = *description_;
  const auto port = [&](const DutPort& p) { return dut_variable(plugin(), self_.get(), p.where, p.name); };
  const auto cells = [&](const DutPlace& place, int rows, int columns) {
    return DutCells(plugin(), self_.get(), place, rows, columns);
  };
  clock_ = port(d.clock);
  start_ = port(d.start);
  done_ = port(d.done);
  if (d.reset) reset_ = port(*d.reset);
  if (d.input) input_ = cells(*d.input, program_->populations.front().units, 0);
  if (d.target) target_ = cells(*d.target, program_->output_population().units, 0);
  if (d.nudge) nudge_ = cells(*d.nudge, 1, 0);
  for (const auto& [projection, place] : d.eta) eta_.emplace(projection, cells(place, 1, 0));
  for (const auto& [projection, place] : d.weights) {
    const Projection& p = program_->projections[static_cast<std::size_t>(projection)];
    weights_.emplace(projection, cells(place, p.rows, p.columns));
  }
  for (const auto& [key, place] : d.signals)
    signals_.emplace(key, cells(place, program_->populations[static_cast<std::size_t>(key.first)].units, 0));
}

void DutIntegers::drive(const DutVariable& port, std::uint64_t value) {
  write_bits(port.data, 0, port.width, value);
}

bool DutIntegers::is(const DutVariable& port, std::uint64_t value) const {
  return read_bits(port.data, 0, port.width) == value;
}

void DutIntegers::clock() {
  if (plugin().clock(self_.get(), &clock_) == 0)
    throw Stopped(fmt::format("{}: {}", name_, plugin().error(self_.get())), -1);
}

void DutIntegers::reset() {
  if (!description_->reset) return;
  drive(reset_, description_->reset->value);
  for (int i = 0; i < description_->reset->clocks; ++i) clock();
  drive(reset_, ~description_->reset->value);
  clock();
}

void DutIntegers::set_beta(std::int64_t value) {
  beta_ = value;
  if (nudge_.size() > 0) nudge_.write({value});
}

void DutIntegers::set_learning_scale(double factor) {
  for (std::size_t k = 0; k < eta_registers_.size(); ++k)
    eta_registers_[k] = eta_register(*program_, static_cast<int>(k), factor);
  for (auto& [projection, cells] : eta_) cells.write({eta_registers_[static_cast<std::size_t>(projection)]});
}

void DutIntegers::tick() {
  const DutPort &start = description_->start, &done = description_->done;
  drive(start_, start.value);
  for (int i = 0; i < start.clocks; ++i) clock();
  drive(start_, ~start.value);
  // What follows a port without a clock sees that it fell.
  if (plugin().settle(self_.get()) == 0)
    throw Stopped(fmt::format("{}: {}", name_, plugin().error(self_.get())), -1);
  for (int i = start.clocks; i < done.clocks; ++i) clock();
  for (std::uint64_t waited = 0; !is(done_, done.value); ++waited) {
    if (waited == description_->limit)
      throw Stopped(fmt::format("{}: tick {} doesn't end within {} clocks ({} is never {})", name_, ticks_,
                                description_->limit, done.name, done.value),
                    -1);
    clock();
  }
  ++ticks_;
}

std::vector<std::int64_t> DutIntegers::read(int layer, int field) {
  const auto found = signals_.find({layer, field});
  return found == signals_.end() ? std::vector<std::int64_t>{} : found->second.read();
}

std::vector<std::int64_t> DutIntegers::weights(int projection) {
  const auto found = weights_.find(projection);
  return found == weights_.end() ? std::vector<std::int64_t>{} : found->second.read();
}

DutScope dut_scope(const Program& program, const DutDescription& d) {
  DutScope scope;
  const auto say = [&](bool named, const std::string& what) {
    (named ? scope.compared : scope.not_compared).push_back(what);
  };
  for (int layer = 0; layer < static_cast<int>(program.populations.size()); ++layer)
    for (int field = 0; field < state_fields; ++field) {
      const bool sent = field == memory::sent_rate || field == memory::sent_error;
      const auto signal = static_cast<Signal>(field == memory::first_mismatch ? memory::mismatch : field);
      const bool there = layer == 0 ? field == memory::rate || field == memory::sent_rate
                                    : sent || carries(program, layer, signal);
      if (there)
        say(d.signals.count({layer, field}) != 0,
            program.populations[static_cast<std::size_t>(layer)].name + "." + field_name(field));
    }
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k)
    if (holder_of(program, k) == k)
      say(d.weights.count(k) != 0, program.projections[static_cast<std::size_t>(k)].name);
  if (!d.input) scope.not_driven.emplace_back("input");
  if (!d.target) scope.not_driven.emplace_back("target");
  if (!d.nudge) scope.not_driven.emplace_back("nudge");
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k) {
    const Projection& p = program.projections[static_cast<std::size_t>(k)];
    if (program.learning && p.learns && d.eta.count(k) == 0) scope.not_driven.push_back("eta of " + p.name);
    if (holder_of(program, k) == k && d.weights.count(k) == 0)
      scope.not_driven.push_back("weights of " + p.name);
  }
  return scope;
}

}  // namespace apical::sim
