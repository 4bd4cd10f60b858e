// SPDX-License-Identifier: Apache-2.0
#include "sim/core/real_view.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "fixedpoint/numeric/load.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/machines/clipping.hpp"

namespace apical::sim {

// As a host loads real numbers, counting what they lose.
static std::vector<std::int64_t> loaded(const double* real, int count, const fixedpoint::Format& format,
                                        fixedpoint::SignalCounter& counter) {
  std::vector<std::int64_t> raw;
  raw.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const fixedpoint::Quantised q = fixedpoint::load(real[i], format);
    raw.push_back(q.raw);
    counter.add(q.raw, q.raw, 1, q.saturated, q.raw == 0 && real[i] != 0.0);
    ++counter.bits[static_cast<std::size_t>(fixedpoint::used_bits(q.raw))];
  }
  return raw;
}

RealView::RealView(std::unique_ptr<RegisterMachine> core) : core_(std::move(core)) {
  counts_.lanes = reg::Parameters::decode(core_->read_register(reg::parameters)).lanes;
}

void RealView::tick(const double* input, const double* target, double nudge, bool changed) {
  using fixedpoint::Signal;
  const fixedpoint::Program& program = core_->program();
  if (changed || fresh_) {
    const auto& first = program.populations.front();
    const auto& last = program.output_population();
    core_->write_input(loaded(input, first.units, first[Signal::rate], input_));
    if (target != nullptr) core_->write_target(loaded(target, last.units, last[Signal::target], target_));
  }
  fresh_ = false;
  const std::int64_t beta = beta_register(program, program.beta * nudge);
  if (beta != core_->beta()) core_->set_beta(beta);
  core_->tick();
  count();
}

void RealView::count() {
  const auto add = [this](int counter, std::uint32_t& last, std::uint64_t& sum) {
    const std::uint32_t now = core_->read_register(counter);
    sum += now - last;
    last = now;
  };
  add(reg::macs, last_macs_, macs_);
  add(reg::events, last_events_, events_);
  add(reg::cycles, last_clocks_, counts_.clocks);
  add(reg::lane_cycles, last_lane_clocks_, counts_.lane_clocks);
  counts_.ticks = core_->ticks();
}

std::vector<double> RealView::read(const std::string& signal, int layer) const {
  for (int field = 0; field < state_fields; ++field)
    if (signal == field_name(field))
      return to_real(core_->read(layer, field), field_format(core_->program(), layer, field));
  throw std::invalid_argument(fmt::format("signal \"{}\"; accepted: those of the emulator", signal));
}

std::vector<double> RealView::weights(int projection) const {
  const auto& p = core_->program().projections.at(static_cast<std::size_t>(projection - 1));
  std::vector<double> values;
  for (const std::int64_t raw : core_->weights(projection - 1)) values.push_back(p.value(raw));
  return values;
}

std::vector<SignalStatistics> RealView::statistics() const {
  using fixedpoint::Signal;
  const fixedpoint::Program& program = core_->program();
  std::vector<SignalStatistics> all{in_units("input", 0, program.populations.front()[Signal::rate], input_)};
  if (target_.count > 0)
    all.push_back(in_units("target", program.output, program.output_population()[Signal::target], target_));
  return all;
}

std::string RealView::trouble() const {
  return clipping_in_words(statistics());
}

}  // namespace apical::sim
