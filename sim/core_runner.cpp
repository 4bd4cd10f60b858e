#include "sim/core_runner.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/core_map.hpp"

namespace apical::sim {
CoreRunner::CoreRunner(std::unique_ptr<RegisterMachine> core) : core_(std::move(core)) {}

void CoreRunner::tick(const double* input, const double* target, double nudge, bool changed) {
  using fixedpoint::Signal;
  const fixedpoint::Program& program = core_->program();
  if (changed || fresh_) {
    const auto& first = program.populations.front();
    const auto& last = program.populations.back();
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
  const std::uint32_t macs = core_->read_register(reg::macs), events = core_->read_register(reg::events);
  macs_ += macs - last_macs_;
  events_ += events - last_events_;
  last_macs_ = macs;
  last_events_ = events;
}

std::vector<double> CoreRunner::read(const std::string& signal, int layer) const {
  for (int field = 0; field < state_fields; ++field)
    if (signal == field_name(field))
      return to_real(core_->read(layer, field), field_format(core_->program(), layer, field));
  throw std::invalid_argument(fmt::format("signal \"{}\"; accepted: those of the emulator", signal));
}

std::vector<double> CoreRunner::weights(int layer) const {
  const auto index = static_cast<std::size_t>(layer - 1);
  return to_real(core_->weights(layer - 1), core_->program().projections.at(index).weight);
}

}  // namespace apical::sim
