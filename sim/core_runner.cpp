#include "sim/core_runner.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/core_map.hpp"

namespace apical::sim {
CoreRunner::CoreRunner(std::unique_ptr<RegisterMachine> core) : core_(std::move(core)) {
  counts_.lanes = static_cast<int>(core_->read_register(reg::parameters) >> 24);
}

void CoreRunner::tick(const double* input, const double* target, double nudge, bool changed) {
  using fixedpoint::Signal;
  const fixedpoint::Program& program = core_->program();
  if (changed || fresh_) {
    const auto& first = program.populations.front();
    const auto& last = program.output_population();
    core_->write_input(to_raw(input, first.units, first[Signal::rate]));
    if (target != nullptr) core_->write_target(to_raw(target, last.units, last[Signal::target]));
  }
  fresh_ = false;
  const std::int64_t beta = beta_register(program.beta * nudge);
  if (beta != core_->beta()) core_->set_beta(beta);
  core_->tick();
  count();
}

void CoreRunner::count() {
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

std::vector<double> CoreRunner::read(const std::string& signal, int layer) const {
  for (int field = 0; field < state_fields; ++field)
    if (signal == field_name(field))
      return to_real(core_->read(layer, field), field_format(core_->program(), layer, field));
  throw std::invalid_argument(fmt::format("signal \"{}\"; accepted: those of the emulator", signal));
}

std::vector<double> CoreRunner::weights(int projection) const {
  const auto& p = core_->program().projections.at(static_cast<std::size_t>(projection - 1));
  std::vector<double> values;
  for (const std::int64_t raw : core_->weights(projection - 1)) values.push_back(p.value(raw));
  return values;
}

}  // namespace apical::sim
