#include "fixedpoint/emulator.hpp"

#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "fixedpoint/counter_random.hpp"
#include "fixedpoint/digest.hpp"
#include "fixedpoint/load.hpp"

namespace apical::fixedpoint {
namespace {

// Matrices below this many multiply-accumulates are done by one thread: starting others costs more.
constexpr std::ptrdiff_t work_for_threads = 1 << 19;

// LEARN's roundings are counted on every 61st tick, on every 32nd row: 1% of the time.
constexpr std::uint32_t sampled_tick = 61;
constexpr int sampled_row = 32;

std::ptrdiff_t padded(std::ptrdiff_t count) {
  return (count + 31) / 32 * 32;
}

std::int64_t clamp_register(double value, int frac, std::int64_t maximum) {
  return std::clamp<std::int64_t>(std::llround(std::ldexp(value, frac)), 0, maximum);
}

}  // namespace

Emulator::Emulator(std::shared_ptr<const Program> program, EmulatorOptions options)
    : program_(std::move(program)), options_(options), kernels_(&kernels(options.kernel_level)) {
  const std::size_t count = program_->populations.size();
  layers_.resize(count);
  for (std::size_t k = 0; k < count; ++k) {
    const Population& p = program_->populations[k];
    Layer& l = layers_[k];
    const std::size_t units = static_cast<std::size_t>(p.units);
    const std::size_t columns = static_cast<std::size_t>(padded(p.units + 1));
    for (auto& values : l.signals) values.assign(units, 0);
    l.first_mismatch.assign(units, 0);
    l.basal_sums.assign(columns, 0);
    l.apical_sums.assign(columns, 0);
    l.scratch.assign(columns, 0);
    l.narrow_rate.assign(columns, 0);
    l.narrow_error.assign(columns, 0);
    for (std::size_t j = 0; j < columns; ++j) {
      l.key_a.push_back(column_a(static_cast<std::uint32_t>(j)));
      l.key_b.push_back(column_b(static_cast<std::uint32_t>(j)));
    }
  }
  for (const Projection& p : program_->projections) {
    const std::size_t source = static_cast<std::size_t>(p.source);
    weights_.emplace_back(p, program_->populations[source], program_->populations[source + 1]);
    if (p.bias)
      layers_[source].narrow_rate[layers_[source].signals[0].size()] = static_cast<std::int16_t>(p.one);
    steps_.resize(std::max(steps_.size(), static_cast<std::size_t>(p.rows)));
  }
  weight_counters_.resize(weights_.size());
  eta_.resize(weights_.size());
  set_learning_scale(1.0);
  for (std::size_t k = 1; k < count; ++k) {
    const std::int64_t rest = program_->rate_tables[k].lookup(0);
    const std::int64_t slope = program_->slope_tables[k].lookup(0);
    auto& signals = layers_[k].signals;
    std::fill(signals[static_cast<std::size_t>(Signal::rate)].begin(),
              signals[static_cast<std::size_t>(Signal::rate)].end(), rest);
    std::fill(signals[static_cast<std::size_t>(Signal::slope)].begin(),
              signals[static_cast<std::size_t>(Signal::slope)].end(), slope);
    after_rate(static_cast<int>(k));
  }
}

void Emulator::write_input(const double* input) {
  Layer& l = layer(0);
  auto& rates = l.signals[static_cast<std::size_t>(Signal::rate)];
  const Format format = population(0)[Signal::rate];
  SignalCounter& counter = l.counters[static_cast<std::size_t>(Signal::rate)];
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const Quantised q = load(input[i], format);
    rates[i] = q.raw;
    counter.range(q.raw);
    counter.saturated += q.saturated;
    counter.rounded_to_zero += q.raw == 0 && input[i] != 0.0;
    ++counter.bits[static_cast<std::size_t>(used_bits(q.raw))];
  }
  counter.count += rates.size();
  after_rate(0);
}

void Emulator::write_target(const double* target) {
  const int last = static_cast<int>(layers_.size()) - 1;
  auto& values = layer(last).signals[static_cast<std::size_t>(Signal::target)];
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = load(target[i], population(last)[Signal::target]).raw;
}

void Emulator::set_beta(double beta) {
  beta_ = clamp_register(beta, beta_frac, (1 << 16) - 1);
}

void Emulator::set_learning_scale(double factor) {
  for (std::size_t k = 0; k < eta_.size(); ++k) {
    const Projection& p = program_->projections[k];
    eta_[k] = clamp_register(p.eta_dt * factor, p.eta_frac, (1 << eta_bits) - 1);
  }
}

const std::vector<std::int64_t>& Emulator::signal(Signal signal, int index) const {
  if (index < 0 || index >= static_cast<int>(layers_.size()) ||
      static_cast<std::size_t>(signal) >= neuron_signals)
    throw std::invalid_argument("signal: layers 0.." + std::to_string(layers_.size() - 1));
  return layers_[static_cast<std::size_t>(index)].signals[static_cast<std::size_t>(signal)];
}

const SignalCounter& Emulator::counter(Signal signal, int index) const {
  return layers_.at(static_cast<std::size_t>(index)).counters[static_cast<std::size_t>(signal)];
}

void Emulator::tick() {
  if (tick_ == 0)
    for (const Operation& op : program_->start) execute(op);
  if (!program_->decay.empty()) decay_mismatch();
  for (const Operation& op : program_->operations) execute(op);
  ++tick_;
}

void Emulator::execute(const Operation& op) {
  switch (op.code) {
    case OpCode::forward:
      return forward(op.index);
    case OpCode::backward:
      return backward(op.index);
    case OpCode::learn:
      return learn(op.index);
    case OpCode::update:
      return update(op.index, op.parts);
  }
}

// Runs body(first, last) over 0..count, on several threads where the work is worth it.
template <class Body>
void Emulator::split(std::ptrdiff_t count, std::ptrdiff_t work_each, std::ptrdiff_t grain, Body body) const {
  if (options_.threads <= 1 || count * work_each < work_for_threads) return body(std::ptrdiff_t{0}, count);
  tbb::task_arena arena(std::min(options_.threads, tbb::info::default_concurrency()));
  arena.execute([&] {
    tbb::parallel_for(tbb::blocked_range<std::ptrdiff_t>(0, count, static_cast<std::size_t>(grain)),
                      [&](const auto& range) { body(range.begin(), range.end()); });
  });
}

void Emulator::forward(int index) {
  const Projection& p = program_->projections[static_cast<std::size_t>(index)];
  WeightMemory& w = weights_[static_cast<std::size_t>(index)];
  Layer& source = layer(p.source);
  Layer& target = layer(p.target);
  macs_ += static_cast<std::uint64_t>(p.rows) * static_cast<std::uint64_t>(p.columns);
  if (w.narrow()) {
    const Format& rate = population(p.source)[Signal::rate];
    const std::int32_t magnitude =
        static_cast<std::int32_t>(std::max(-rate.minimum_raw(), rate.maximum_raw()));
    split(p.rows, p.columns, 16, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
      kernels_->forward(w.matrix(), first, last, source.narrow_rate.data(), magnitude,
                        target.basal_sums.data());
    });
    return;
  }
  const auto& rates = source.signals[static_cast<std::size_t>(Signal::rate)];
  const int units = static_cast<int>(rates.size());
  split(p.rows, p.columns, 16, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t row = first; row < last; ++row) {
      const std::int64_t* weights = w.wide_row(static_cast<int>(row));
      std::int64_t sum = p.bias ? weights[units] * p.one : 0;
      for (int j = 0; j < units; ++j) sum += weights[j] * rates[static_cast<std::size_t>(j)];
      target.basal_sums[static_cast<std::size_t>(row)] = sum;
    }
  });
}

void Emulator::backward(int index) {
  const Projection& p = program_->projections[static_cast<std::size_t>(index)];
  WeightMemory& w = weights_[static_cast<std::size_t>(index)];
  Layer& lower = layer(p.source);
  const Layer& upper = layers_[static_cast<std::size_t>(p.target)];
  const auto& errors = upper.signals[static_cast<std::size_t>(Signal::error)];
  const std::ptrdiff_t units = static_cast<std::ptrdiff_t>(lower.signals[0].size());
  if (std::all_of(errors.begin(), errors.end(), [](std::int64_t e) { return e == 0; })) {
    std::fill(lower.apical_sums.begin(), lower.apical_sums.end(), 0);
    return;
  }
  macs_ += static_cast<std::uint64_t>(p.rows) * static_cast<std::uint64_t>(units);
  if (w.narrow()) {
    split(units, p.rows, 64, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
      kernels_->backward(w.matrix(), p.rows, first, last, upper.narrow_error.data(), lower.scratch.data(),
                         lower.apical_sums.data());
    });
    return;
  }
  std::fill(lower.apical_sums.begin(), lower.apical_sums.end(), 0);
  split(units, p.rows, 64, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (int row = 0; row < p.rows; ++row) {
      const std::int64_t* weights = w.wide_row(row);
      const std::int64_t value = errors[static_cast<std::size_t>(row)];
      for (std::ptrdiff_t j = first; j < last; ++j)
        lower.apical_sums[static_cast<std::size_t>(j)] += weights[j] * value;
    }
  });
}

void Emulator::learn(int index) {
  const Projection& p = program_->projections[static_cast<std::size_t>(index)];
  WeightMemory& w = weights_[static_cast<std::size_t>(index)];
  const Layer& source = layers_[static_cast<std::size_t>(p.source)];
  Layer& target = layer(p.target);
  const auto& errors = target.signals[static_cast<std::size_t>(Signal::error)];
  const int error_frac = population(p.target)[Signal::error].frac;
  const std::uint32_t step_stream = stream_number(Signal::step, p.target);
  SignalCounter& counter = target.counters[static_cast<std::size_t>(Signal::step)];
  int active = 0;
  for (int row = 0; row < p.rows; ++row) {
    const std::int64_t exact = eta_[static_cast<std::size_t>(index)] * errors[static_cast<std::size_t>(row)];
    const std::uint32_t random =
        p.step.rounding == Rounding::stochastic
            ? random16(row_key(program_->seed, tick_, step_stream, static_cast<std::uint32_t>(row)), 0)
            : 0;
    const Quantised q = quantise(exact, p.eta_frac + error_frac, p.step, random);
    steps_[static_cast<std::size_t>(row)] = q.raw;
    active += q.raw != 0;
    counter.range(q.raw);
    counter.saturated += q.saturated;
    counter.rounded_to_zero += q.raw == 0 && exact != 0;
  }
  counter.count += static_cast<std::uint64_t>(p.rows);
  if (active == 0) return;
  macs_ += static_cast<std::uint64_t>(active) * static_cast<std::uint64_t>(p.columns);
  if (options_.statistics && tick_ % sampled_tick == 0) sample_learning(index, steps_);

  const std::uint32_t stream = stream_number(Signal::weight, p.target);
  split(p.rows, p.columns, 16, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t row = first; row < last; ++row) {
      const std::int64_t step = steps_[static_cast<std::size_t>(row)];
      if (step == 0) continue;  // every rounding mode leaves an exact zero
      const std::uint32_t key = row_key(program_->seed, tick_, stream, static_cast<std::uint32_t>(row));
      if (w.narrow()) {
        const LearnRow how{static_cast<std::int16_t>(step), p.learn_shift,
                           static_cast<std::int16_t>(p.weight.minimum_raw()),
                           static_cast<std::int16_t>(p.weight.maximum_raw()), key};
        kernels_->learn[static_cast<std::size_t>(p.weight.rounding)](
            w.narrow_row(static_cast<int>(row)), w.stride(), source.narrow_rate.data(), source.key_a.data(),
            source.key_b.data(), how);
      } else {
        learn_wide_row(index, static_cast<int>(row), step, key);
      }
    }
  });
}

namespace {

// W + round(change): the change is rounded on its own, so that a mode's treatment of ties and signs is about
// the change and not about the weight it meets.
std::int64_t rounded_change(std::int64_t change, int change_frac, const Format& weight,
                            std::uint32_t random) {
  const Format exact{62, weight.frac, true, weight.rounding,
                     Overflow::sat};  // wide enough by the compiler's proof
  return quantise(change, change_frac, exact, random).raw;
}

Quantised moved(std::int64_t weight, std::int64_t change, const Format& format) {
  return quantise(weight + change, format.frac, format);
}

}  // namespace

void Emulator::learn_wide_row(int index, int row, std::int64_t step, std::uint32_t key) {
  const Projection& p = program_->projections[static_cast<std::size_t>(index)];
  const Format& rate_format = population(p.source)[Signal::rate];
  const auto& rates =
      layers_[static_cast<std::size_t>(p.source)].signals[static_cast<std::size_t>(Signal::rate)];
  std::int64_t* weights = weights_[static_cast<std::size_t>(index)].wide_row(row);
  const bool stochastic = p.weight.rounding == Rounding::stochastic;
  for (int j = 0; j < p.columns; ++j) {
    const std::int64_t rate =
        static_cast<std::size_t>(j) < rates.size() ? rates[static_cast<std::size_t>(j)] : p.one;
    if (rate == 0) continue;
    const std::uint32_t random = stochastic ? random16(key, static_cast<std::uint32_t>(j)) : 0;
    weights[j] =
        moved(weights[j], rounded_change(step * rate, p.step.frac + rate_format.frac, p.weight, random),
              p.weight)
            .raw;
  }
}

void Emulator::sample_learning(int index, const std::vector<std::int64_t>& steps) {
  const Projection& p = program_->projections[static_cast<std::size_t>(index)];
  const int frac = p.step.frac + population(p.source)[Signal::rate].frac;
  const auto& rates =
      layers_[static_cast<std::size_t>(p.source)].signals[static_cast<std::size_t>(Signal::rate)];
  const std::uint32_t stream = stream_number(Signal::weight, p.target);
  SignalCounter& counter = weight_counters_[static_cast<std::size_t>(index)];
  for (int row = static_cast<int>(tick_ / sampled_tick) % sampled_row; row < p.rows; row += sampled_row) {
    const std::int64_t step = steps[static_cast<std::size_t>(row)];
    if (step == 0) continue;
    const std::uint32_t key = row_key(program_->seed, tick_, stream, static_cast<std::uint32_t>(row));
    for (std::size_t j = 0; j < rates.size(); ++j) {
      if (rates[j] == 0) continue;
      const std::int64_t before = weights_[static_cast<std::size_t>(index)].at(row, static_cast<int>(j));
      const std::int64_t change =
          rounded_change(step * rates[j], frac, p.weight, random16(key, static_cast<std::uint32_t>(j)));
      ++counter.count;
      counter.saturated += moved(before, change, p.weight).saturated;
      counter.rounded_to_zero += change == 0;
    }
  }
}

SignalCounter Emulator::weight_counter(int index) const {
  const Projection& p = program_->projections[static_cast<std::size_t>(index)];
  SignalCounter counter = weight_counters_[static_cast<std::size_t>(index)];
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column) {
      const std::int64_t raw = weights_[static_cast<std::size_t>(index)].at(row, column);
      counter.range(raw);
      ++counter.bits[static_cast<std::size_t>(used_bits(raw))];
    }
  return counter;
}

std::string Emulator::digest() const {
  StateDigest digest;
  digest.add(tick_);
  digest.add(beta_);
  digest.add(eta_);
  for (const Layer& l : layers_) {
    for (const auto& values : l.signals) digest.add(values);
    digest.add(l.first_mismatch);
  }
  std::vector<std::int64_t> row_values;
  for (std::size_t k = 0; k < weights_.size(); ++k) {
    const Projection& p = program_->projections[k];
    row_values.resize(static_cast<std::size_t>(p.columns));
    for (int row = 0; row < p.rows; ++row) {
      for (int column = 0; column < p.columns; ++column)
        row_values[static_cast<std::size_t>(column)] = weights_[k].at(row, column);
      digest.add(row_values);
    }
  }
  return digest.hex();
}

}  // namespace apical::fixedpoint
