// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/imperfect_emulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/load.hpp"
#include "fixedpoint/program/compiler.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {
namespace {

using fixedpoint::Format;
using fixedpoint::OpCode;
using fixedpoint::Operation;
using fixedpoint::Signal;
using model::Imperfections;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::size_t at(Signal signal) {
  return static_cast<std::size_t>(signal);
}

template <class Integers>
Eigen::VectorXd reals(const Integers& raw, const Format& format) {
  const std::vector<double> values = sim::to_real(raw, format);
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

std::vector<std::int64_t> raws(const Eigen::VectorXd& real, const Format& format) {
  return sim::to_raw(real.data(), static_cast<int>(real.size()), format);
}

// Takes the values that differ by more than theta from what was sent last; returns how many.
std::uint64_t send(const std::vector<std::int64_t>& values, std::int64_t theta,
                   std::vector<std::int64_t>& sent) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::abs(values[i] - sent[i]) > theta) {
      sent[i] = values[i];
      ++count;
    }
  return count;
}

// Whatever 32-bit weights and values make of factors.
__extension__ typedef __int128 Wide;

// Without the fraction bits of the factors: to nearest, ties to even, within what a sum may have.
std::int64_t rounded(Wide sum) {
  constexpr int shift = Imperfections::constant_frac;
  constexpr Wide half = Wide{1} << (shift - 1), limit = (Wide{1} << (fixedpoint::widest_accumulator - 1)) - 1;
  return static_cast<std::int64_t>(
      std::clamp<Wide>((sum + half - 1 + ((sum >> shift) & 1)) >> shift, -limit, limit));
}

fixedpoint::EmulatorOptions dense(fixedpoint::EmulatorOptions options) {
  options.schedule = fixedpoint::Schedule::dense;
  return options;
}

}  // namespace

ImperfectEmulator::ImperfectEmulator(std::shared_ptr<const fixedpoint::Program> program,
                                     std::shared_ptr<Imperfections> chip, fixedpoint::EmulatorOptions options)
    : EmulatorMachine(std::move(program), dense(options)), chip_(std::move(chip)) {
  const auto& whole = emulator_.program();
  for (const auto& p : whole.populations) {
    const auto& state = emulator_.state(static_cast<int>(sent_.size()));
    sent_.push_back(
        {{state.sent_rate.begin(), state.sent_rate.end()}, std::vector<std::int64_t>(at(p.units), 0)});
  }
  for (std::size_t k = 0; k < whole.projections.size(); ++k) {
    synapses_.emplace_back();
    const Eigen::MatrixXd& factors = chip_->factors(static_cast<int>(k) + 1);
    for (const double factor : Eigen::Map<const Eigen::VectorXd>(factors.data(), factors.size()))
      synapses_.back().factors.push_back(
          static_cast<std::int64_t>(std::ldexp(factor, Imperfections::constant_frac)));
    take_weights(static_cast<int>(k));
  }
}

const fixedpoint::Population& ImperfectEmulator::population(int layer) const {
  return emulator_.program().populations[at(layer)];
}

const fixedpoint::Projection& ImperfectEmulator::projection(int index) const {
  return emulator_.program().projections[at(index)];
}

std::uint64_t ImperfectEmulator::events() const {
  return emulator_.activity(0).rate_events + events_;
}

void ImperfectEmulator::advance() {
  const auto& program = emulator_.program();
  if (emulator_.ticks() == 0)
    for (const Operation& op : program.start) execute(op);
  chip_->begin_tick();
  if (!program.decay.empty())
    for (int k = 1; k < static_cast<int>(program.populations.size()); ++k) emulator_.decay_mismatch(k);
  for (const Operation& op : program.operations) execute(op);
  leak();
  emulator_.end_tick();
}

void ImperfectEmulator::execute(const Operation& op) {
  const model::ImperfectionSettings& s = chip_->settings();
  const bool own_sums = s.weights() && chip_->acting();
  if (op.code == OpCode::forward && own_sums) return forward(op.index);
  if (op.code == OpCode::backward && own_sums) return backward(op.index);
  if (op.code == OpCode::learn) return learn(op.index);
  emulator_.execute(op);
  if (op.code != OpCode::update) return;
  const auto heard = [&](auto population_of) {
    const auto& all = emulator_.program().projections;
    return std::any_of(all.begin(), all.end(), [&](const auto& p) { return population_of(p) == op.index; });
  };
  if ((op.parts & fixedpoint::part::soma) != 0) {
    if (s.fires() || s.rates() || s.delays())
      fire(op.index);
    else if (heard([](const auto& p) { return p.source; }))
      events_ += static_cast<std::uint64_t>(emulator_.observed().rates);
  }
  if ((op.parts & (fixedpoint::part::error | fixedpoint::part::start_error)) == 0) return;
  if (!heard([](const auto& p) { return p.backward ? p.target : -1; })) return;
  if (s.errors() || s.delays())
    send_errors(op.index);
  else
    events_ += static_cast<std::uint64_t>(emulator_.observed().errors);
}

std::int64_t ImperfectEmulator::source_rate(int index, int column) const {
  const auto& p = projection(index);
  return column < population(p.source).units ? emulator_.sent_rate(p.source)[at(column)] : p.one;
}

void ImperfectEmulator::forward(int index) {
  const auto& p = projection(index);
  Synapses& s = synapses(index);
  std::vector<Wide> exact(at(p.rows), 0);
  for (int column = 0; column < p.columns; ++column) {
    const std::int64_t rate = source_rate(index, column);
    if (rate == 0) continue;
    const std::int64_t* const weights = s.effective.data() + at(column) * at(p.rows);
    for (std::size_t row = 0; row < at(p.rows); ++row) exact[row] += Wide{weights[row]} * rate;
  }
  s.sums.resize(exact.size());
  std::transform(exact.begin(), exact.end(), s.sums.begin(), rounded);
  macs_ += s.effective.size();
  emulator_.set_basal_sums(index, s.sums.data());
}

void ImperfectEmulator::backward(int index) {
  const auto& p = projection(index);
  Synapses& s = synapses(index);
  const auto& errors = emulator_.sent_error(p.target);
  const int units = population(p.source).units;
  s.sums.assign(at(units), 0);
  for (int column = 0; column < units; ++column) {
    const std::int64_t* const weights = s.effective.data() + at(column) * at(p.rows);
    Wide sum = 0;
    for (std::size_t row = 0; row < at(p.rows); ++row) sum += Wide{weights[row]} * errors[row];
    s.sums[at(column)] = rounded(sum);
  }
  macs_ += at(units) * at(p.rows);
  emulator_.set_apical_sums(index, s.sums.data());
}

// The activation at the voltage that the chip makes of u, and what is sent of it.
void ImperfectEmulator::fire(int layer) {
  const auto& program = emulator_.program();
  const auto& p = population(layer);
  scratch_ = emulator_.state(layer);
  auto& rates = scratch_.signals[at(Signal::rate)];
  if (chip_->settings().fires() && chip_->acting()) {
    const Eigen::VectorXd u = reals(scratch_.signals[at(Signal::u)], p[Signal::u]);
    const std::vector<std::int64_t> fires_on = raws(chip_->fires_on(layer, u), p[Signal::u]);
    for (std::size_t i = 0; i < rates.size(); ++i) {
      const auto random = [&](Signal signal) {
        return fixedpoint::random16(
            fixedpoint::row_key(program.seed, emulator_.ticks(), stream_number(signal, layer),
                                static_cast<std::uint32_t>(i)),
            0);
      };
      rates[i] = program.rate_tables[at(layer)].lookup(fires_on[i], random(Signal::rate));
      scratch_.signals[at(Signal::slope)][i] =
          program.slope_tables[at(layer)].lookup(fires_on[i], random(Signal::slope));
    }
  }
  const Format& format = p[Signal::rate];
  const std::vector<std::int64_t> values = raws(chip_->sends_rate(layer, reals(rates, format)), format);
  std::copy(values.begin(), values.end(), rates.begin());
  auto& sent = sent_[at(layer)].rate;
  const std::uint64_t count = send(values, p.theta_rate, sent);
  if (layer != program.output) events_ += count;
  const std::vector<std::int64_t> arrived = raws(chip_->rate_arrives(layer, reals(sent, format)), format);
  std::copy(arrived.begin(), arrived.end(), scratch_.sent_rate.begin());
  emulator_.restore(layer, scratch_);
}

void ImperfectEmulator::send_errors(int layer) {
  const auto& p = population(layer);
  const Format& format = p[Signal::error];
  auto& sent = sent_[at(layer)].error;
  const Eigen::VectorXd errors = reals(emulator_.signal(Signal::error, layer), format);
  events_ += send(raws(chip_->sends_error(layer, errors), format), p.theta_error, sent);
  const std::vector<std::int64_t> arrived = raws(chip_->error_arrives(layer, reals(sent, format)), format);
  for (int i = 0; i < p.units; ++i) emulator_.receive_sent_error(layer, i, arrived[at(i)]);
}

void ImperfectEmulator::learn(int index) {
  emulator_.execute({OpCode::learn, index});
  if (!emulator_.observed().steps) return;
  const model::ImperfectionSettings& s = chip_->settings();
  if (s.updates())
    change_weights(index);
  else if (s.weights() || s.weight_leak > 0.0)
    take_weights(index);
}

// LEARN once more from its steps, with the change that the device makes of each.
void ImperfectEmulator::change_weights(int index) {
  const auto& program = emulator_.program();
  const auto& p = projection(index);
  const auto& steps = emulator_.steps(index);
  const std::vector<std::int64_t>& weights = synapses(index).weights;
  const int fine = p.weight.frac + 60 - p.weight.bits;  // as fine as 62 bits hold twice the weights' range
  const double scale = std::ldexp(1.0, fine), lsb = p.weight.lsb();
  const double product_lsb = std::ldexp(1.0, -p.step.frac - population(p.source)[Signal::rate].frac);
  const double range = p.weight.value(p.weight.maximum_raw() - p.weight.minimum_raw());
  const Format exact = p.weight.wide();
  std::vector<std::uint32_t> keys(at(p.rows));
  for (std::size_t row = 0; row < keys.size(); ++row)
    keys[row] = fixedpoint::row_key(program.seed, emulator_.ticks(), stream_number(Signal::weight, p.stream),
                                    static_cast<std::uint32_t>(row));
  std::size_t place = 0;
  for (int column = 0; column < p.columns; ++column) {
    const std::int64_t rate = source_rate(index, column);
    for (int row = 0; row < p.rows; ++row, ++place) {
      const std::int64_t before = weights[place], product = steps[at(row)] * rate;
      if (product == 0) continue;
      const double change = chip_->device_change(index + 1, row, column, static_cast<double>(before) * lsb,
                                                 static_cast<double>(product) * product_lsb);
      const auto raw = static_cast<std::int64_t>(std::nearbyint(std::clamp(change, -range, range) * scale));
      const std::uint32_t random = fixedpoint::random16(keys[at(row)], static_cast<std::uint32_t>(column));
      set(index, row, column,
          quantise(before + quantise(raw, fine, exact, random).raw, p.weight.frac, p.weight).raw);
    }
  }
}

void ImperfectEmulator::set(int index, int row, int column, std::int64_t raw) {
  Synapses& s = synapses(index);
  const std::size_t place = at(column) * at(projection(index).rows) + at(row);
  emulator_.set_weight(index, row, column, raw);
  s.weights[place] = raw;
  s.effective[place] = raw * s.factors[place];
}

void ImperfectEmulator::take_weights(int index) {
  const auto& p = projection(index);
  Synapses& s = synapses(index);
  s.weights.resize(s.factors.size());
  s.effective.resize(s.factors.size());
  const auto& memory = emulator_.weights(index);
  std::size_t place = 0;
  for (int column = 0; column < p.columns; ++column)
    for (int row = 0; row < p.rows; ++row, ++place) {
      s.weights[place] = memory.at(row, column);
      s.effective[place] = s.weights[place] * s.factors[place];
    }
}

// The fraction of an LSB that a weight loses is rounded stochastically, or small ones would never leak.
void ImperfectEmulator::leak() {
  if (chip_->kept() == 1.0) return;
  for (int index = 0; index < static_cast<int>(synapses_.size()); ++index) {
    const auto& p = projection(index);
    for (int column = 0; column < p.columns; ++column)
      for (int row = 0; row < p.rows; ++row) {
        const std::int64_t raw = synapses(index).weights[at(column) * at(p.rows) + at(row)];
        if (raw == 0) continue;
        const double exact = static_cast<double>(raw) * chip_->kept();
        const auto left = static_cast<std::int64_t>(
            std::floor(exact + chip_->uniform(Imperfections::leak_purpose, index + 1, row, column)));
        if (left != raw) set(index, row, column, left);
      }
  }
}

}  // namespace apical::sim
