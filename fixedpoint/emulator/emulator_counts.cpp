// What an emulator has done, counted.
#include "fixedpoint/emulator/emulator.hpp"

namespace apical::fixedpoint {

Activity Emulator::activity(int index) const {
  const Layer& l = at(index);
  Activity a = l.activity;
  a.rate_received = a.rate_events * l.rate_fan_out;
  a.error_received = a.error_events * l.error_fan_out;
  for (std::size_t k = 0; k < routes_.size(); ++k) {
    const Projection& p = program_->projections[k];
    if (p.target != index) continue;
    a.into.push_back(routes_[k].traffic);
    const auto rows = static_cast<std::uint64_t>(p.rows);
    const std::uint64_t weights = rows * static_cast<std::uint64_t>(p.columns);
    const std::uint64_t synapses = rows * static_cast<std::uint64_t>(population(p.source).units);
    a.dense_macs += tick_ * ((p.shares < 0 ? weights : 0) + (p.backward ? synapses : 0) +
                             (program_->learning && p.learns ? weights : 0));
  }
  return a;
}

std::uint64_t Emulator::macs() const {
  std::uint64_t sum = 0;
  for (const Route& r : routes_) sum += r.traffic.macs();
  return sum;
}

std::uint64_t Emulator::events() const {
  std::uint64_t sum = 0;
  for (const Layer& l : layers_) sum += l.activity.rate_events + l.activity.error_events;
  return sum;
}

SignalCounter Emulator::weight_counter(int index) const {
  const Projection& p = projection(index);
  SignalCounter counter = routes_[static_cast<std::size_t>(index)].weights;
  for (int column = 0; column < p.columns; ++column)
    for (int row = 0; row < p.rows; ++row) {
      const std::int64_t raw = weights(index).at(row, column);
      counter.range(raw);
      ++counter.bits[static_cast<std::size_t>(used_bits(raw))];
    }
  return counter;
}

}  // namespace apical::fixedpoint
