// SPDX-License-Identifier: Apache-2.0
// What an emulator has done, counted.
#include "fixedpoint/emulator/observers.hpp"

#include "fixedpoint/emulator/emulator_blocks.hpp"

namespace apical::fixedpoint {
namespace {

constexpr std::size_t at_signal(Signal signal) {
  return static_cast<std::size_t>(signal);
}

std::size_t place_of(std::size_t block, int part) {
  return block * update_parts + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(part)));
}

}  // namespace

Observers::Observers(const Program& program, Counting counting, std::vector<Watcher*> watchers)
    : counting_what_(counting),
      watchers_(std::move(watchers)),
      layers_(program.populations.size()),
      routes_(program.projections.size()) {
  for (std::size_t k = 0; k < layers_.size(); ++k)
    layers_[k].parts.assign(update_blocks(program.populations[k].units) * update_parts, {});
  for (const Projection& p : program.projections) {
    if (p.forward) at(p.source).rate_fan_out += static_cast<std::uint64_t>(p.rows);
    if (p.backward)
      at(p.target).error_fan_out +=
          static_cast<std::uint64_t>(program.populations[static_cast<std::size_t>(p.source)].units);
  }
}

void Observers::count_bits(SignalCounter& counter, const std::int64_t* values, std::ptrdiff_t count,
                           std::uint32_t tick) const {
  if (tick % bits_sampled_tick != 0 || counting_what_ != Counting::all) return;
  for (std::ptrdiff_t i = 0; i < count; ++i) ++counter.bits[static_cast<std::size_t>(used_bits(values[i]))];
}

void Observers::loaded(Signal signal, int layer, const AlignedVector<std::int64_t>& values,
                       const Tally& tally, std::uint32_t tick) {
  if (!statistics()) return;
  SignalCounter& counter = at(layer).counters[at_signal(signal)];
  counter.add(tally.minimum, tally.maximum, values.size(), tally.saturated, tally.rounded_to_zero);
  count_bits(counter, values.data(), static_cast<std::ptrdiff_t>(values.size()), tick);
}

void Observers::quantised(const QuantisedRun& run, const Tally& tally, std::uint32_t tick) {
  for (Watcher* watcher : watchers_) watcher->quantised(run);
  Layer& l = at(run.layer);
  const auto count = static_cast<std::uint64_t>(run.count);
  l.work.state_writes += count;
  if (!statistics()) return;
  SignalCounter& counter = l.counters[at_signal(run.signal)];
  counter.add(tally.minimum, tally.maximum, count, tally.saturated, tally.rounded_to_zero);
  if (counting_ != nullptr) counting_->add(at_signal(run.signal), tally.saturated, tally.rounded_to_zero);
  count_bits(counter, run.values, run.count, tick);
}

void Observers::begin_part(int layer, std::size_t block, int part) {
  counting_ = &at(layer).parts[place_of(block, part)];
  counting_->size = 0;
}

void Observers::again(const LayerState& state, int layer, const PartCounts& counted, std::ptrdiff_t first,
                      std::ptrdiff_t count, std::uint32_t tick) {
  for (std::size_t i = 0; i < counted.size; ++i) {
    const auto& [signal, saturated, zeros] = counted.signals[i];
    SignalCounter& counter = at(layer).counters[signal];
    counter.count += static_cast<std::uint64_t>(count);
    counter.saturated += saturated;
    counter.rounded_to_zero += zeros;
    count_bits(counter, state.signals[signal].data() + first, count, tick);
  }
}

void Observers::left_out(const LayerState& state, int layer, std::size_t block, int part,
                         std::ptrdiff_t first, std::ptrdiff_t count, std::uint32_t tick) {
  if (statistics()) again(state, layer, at(layer).parts[place_of(block, part)], first, count, tick);
}

void Observers::stays_zero(const LayerState& state, int layer, std::uint32_t tick) {
  if (!statistics()) return;
  PartCounts zeros;
  zeros.add(at_signal(Signal::mismatch), 0, 0);
  again(state, layer, zeros, 0, static_cast<std::ptrdiff_t>(state.first_mismatch.size()), tick);
}

void Observers::stepped(const QuantisedRun& run, const Tally& tally) {
  for (Watcher* watcher : watchers_) watcher->quantised(run);
  const auto rows = static_cast<std::uint64_t>(run.count);
  Layer& target = at(run.layer);
  target.work.state_reads += rows;
  if (statistics())
    target.counters[at_signal(Signal::step)].add(tally.minimum, tally.maximum, rows, tally.saturated,
                                                 tally.rounded_to_zero);
}

void Observers::changed(int holder, std::int64_t change, const Quantised& weight) {
  SignalCounter& counter = routes_[static_cast<std::size_t>(holder)].weights;
  ++counter.count;
  counter.saturated += weight.saturated;
  counter.rounded_to_zero += change == 0;
}

Activity Observers::activity(const Program& program, int index, std::uint32_t ticks) const {
  const Layer& l = layers_[static_cast<std::size_t>(index)];
  Activity a = l.work;
  // Of what nobody hears nothing is sent.
  if (l.rate_fan_out == 0) a.rate_events = 0;
  if (l.error_fan_out == 0) a.error_events = 0;
  a.rate_received = a.rate_events * l.rate_fan_out;
  a.error_received = a.error_events * l.error_fan_out;
  for (std::size_t k = 0; k < routes_.size(); ++k) {
    const Projection& p = program.projections[k];
    if (p.target != index) continue;
    a.into.push_back(routes_[k].traffic);
    const auto rows = static_cast<std::uint64_t>(p.rows);
    const std::uint64_t weights = rows * static_cast<std::uint64_t>(p.columns);
    const std::uint64_t synapses =
        rows * static_cast<std::uint64_t>(program.populations[static_cast<std::size_t>(p.source)].units);
    a.dense_macs += ticks * ((p.forward ? weights : 0) + (p.backward ? synapses : 0) +
                             (program.learning && p.learns ? weights : 0));
  }
  return a;
}

std::uint64_t Observers::macs() const {
  std::uint64_t sum = 0;
  for (const Route& r : routes_) sum += r.traffic.macs();
  return sum;
}

std::uint64_t Observers::events() const {
  std::uint64_t sum = 0;
  for (const Layer& l : layers_)
    sum += (l.rate_fan_out > 0 ? l.work.rate_events : 0) + (l.error_fan_out > 0 ? l.work.error_events : 0);
  return sum;
}

const SignalCounter& Observers::counter(Signal signal, int index) const {
  return layers_.at(static_cast<std::size_t>(index)).counters[at_signal(signal)];
}

SignalCounter Observers::weight_counter(const Projection& p, int index, const WeightMemory& weights) const {
  SignalCounter counter = routes_[static_cast<std::size_t>(index)].weights;
  for (int column = 0; column < p.columns; ++column)
    for (int row = 0; row < p.rows; ++row) {
      const std::int64_t raw = weights.at(row, column);
      counter.range(raw);
      ++counter.bits[static_cast<std::size_t>(used_bits(raw))];
    }
  return counter;
}

}  // namespace apical::fixedpoint
