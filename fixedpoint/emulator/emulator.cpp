// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/emulator/emulator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "fixedpoint/emulator/emulator_blocks.hpp"
#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/load.hpp"
#include "fixedpoint/program/passes.hpp"

namespace apical::fixedpoint {
namespace {

std::ptrdiff_t padded(std::ptrdiff_t count) {
  return (count + row_block - 1) / row_block * row_block;
}

// Parts whose results depend on the tick itself, because a signal that they write is rounded stochastically.
int random_parts(const Population& p) {
  int parts = 0;
  for (const PassTraits& pass : passes)
    if (p[pass.signal].rounding == Rounding::stochastic) parts |= pass.parts;
  // A start writes what an error has to write again.
  return (parts & part::error) != 0 ? parts | part::start_error : parts;
}

std::optional<std::int64_t> common(const std::vector<std::int64_t>& values) {
  if (values.empty()) return std::nullopt;
  const bool all = std::all_of(values.begin(), values.end(), [&](std::int64_t v) { return v == values[0]; });
  return all ? std::optional(values[0]) : std::nullopt;
}

bool fits_in_32_bits(const Format& f) {
  return f.is_signed || f.bits < 32;
}

int copying_part(Compartment compartment) {
  if (compartment == Compartment::soma) return part::error;
  return compartment == Compartment::interneuron ? part::membrane : part::soma;
}

}  // namespace

Emulator::Emulator(std::shared_ptr<const Program> program, EmulatorOptions options)
    : program_(std::move(program)),
      options_(options),
      kernels_(&kernels(options.kernel_level)),
      workers_(options.threads, options.work_for_threads),
      state_(*program_),
      observers_(*program_,
                 !options.statistics    ? Counting::none
                 : options.only_clipped ? Counting::clipped
                                        : Counting::all,
                 std::move(options.watchers)) {
  const std::size_t count = program_->populations.size();
  layers_.reserve(count);
  for (LayerState& state : state_.layers) layers_.emplace_back(state);
  for (std::size_t k = 0; k < count; ++k) {
    const Population& p = program_->populations[k];
    Layer& l = layers_[k];
    const auto units = static_cast<std::size_t>(p.units);
    const auto width = static_cast<std::size_t>(padded(p.units + 1));
    for (auto* values : {&l.exact, &l.inner}) values->assign(units, 0);
    l.active_index.assign(width, 0);
    l.active_rate.assign(width, 0);
    l.stale.assign(update_blocks(p.units), 0xff);
    l.has_errors.assign(l.stale.size(), 0);
    if (k > 0) {
      l.always = random_parts(p);
      // Where B learns, a dendrite's errors give way to rates and come back in every tick.
      if (p.compartment == Compartment::dendrite && p.relayed >= 0)
        l.always |= part::start_error | part::error;
      const auto exact = [](std::int64_t rho) { return rho == std::int64_t{1} << rho_frac; };
      l.membrane_matters = program_->advanced_response || !std::all_of(p.rho.begin(), p.rho.end(), exact);
      l.rho = common(p.rho);
      l.alpha = common(p.alpha);
      l.narrow = std::all_of(p.formats.begin(), p.formats.end(), fits_in_32_bits);
    }
    for (std::size_t j = 0; j < width; ++j) {
      l.key_a.push_back(column_a(static_cast<std::uint32_t>(p.first_unit) + static_cast<std::uint32_t>(j)));
      l.key_b.push_back(column_b(static_cast<std::uint32_t>(p.first_unit) + static_cast<std::uint32_t>(j)));
    }
  }
  routes_.resize(program_->projections.size());
  for (std::size_t k = 0; k < routes_.size(); ++k) {
    const Projection& p = program_->projections[k];
    if (p.forward) at(p.target).into.push_back(static_cast<int>(k));
    if (p.backward) at(p.source).back.push_back(static_cast<int>(k));
    Route& r = routes_[k];
    const auto rows = static_cast<std::size_t>(memory_of(static_cast<int>(k)).stride());
    const auto columns = static_cast<std::size_t>(padded(p.columns));
    r.basal.sums.assign(rows, 0);
    r.basal.known.assign(columns, 0);
    r.apical.sums.assign(columns, 0);
    r.apical.known.assign(rows, 0);
    r.list_index.assign(std::max(rows, columns), 0);
    r.list_value.assign(std::max(rows, columns), 0);
    r.all_index.resize(columns);
    for (std::size_t j = 0; j < columns; ++j) r.all_index[j] = static_cast<std::int32_t>(j);
    for (auto* values : {&r.exact, &r.steps}) values->assign(rows, 0);
    for (auto* values : {&r.narrow_steps, &r.narrow_errors, &r.high, &r.low}) values->assign(rows, 0);
    for (auto* values : {&r.low_keys, &r.high_keys}) values->assign(rows, 0);
    r.scratch.assign(2 * rows, 0);
    r.partial.assign(static_cast<std::size_t>(workers_.threads()), AlignedVector<std::int64_t>(columns, 0));
    r.moved.assign(r.partial.size(), 0);
    if (options_.watch_weights) r.before.assign(r.partial.size() * watched_columns * rows, 0);
  }
  set_learning_scale(1.0);
  for (std::size_t k = 1; k < count; ++k) {
    const Population& p = program_->populations[k];
    if (p.relayed >= 0)
      at(p.relayed).copied_by.emplace_back(static_cast<int>(k), copying_part(p.compartment));
  }
}

// Real numbers into a signal; true if one of its values moved.
bool Emulator::load_signal(const double* real, Signal signal, int layer) {
  const Format& format = population(layer)[signal];
  AlignedVector<std::int64_t>& values = at(layer).state[signal];
  const auto count = static_cast<std::ptrdiff_t>(values.size());
  const bool nearest = format.rounding == Rounding::rnd_conv || format.rounding == Rounding::stochastic;
  const bool clamps = format.overflow == Overflow::sat || format.overflow == Overflow::sat_sym;
  Tally tally{INT64_MAX, INT64_MIN, 0, 0, false, false};
  if (nearest && clamps && kernels_->neurons->loads_by_vector(real, count)) {
    // Scaling by a power of two and rounding in floating point are exact here.
    tally = kernels_->neurons->load(real, count, std::ldexp(1.0, format.frac), format, observers_.counting(),
                                    values.data());
  } else {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Quantised q = load(real[i], format);
      tally.minimum = std::min(tally.minimum, q.raw);
      tally.maximum = std::max(tally.maximum, q.raw);
      tally.saturated += q.saturated;
      tally.rounded_to_zero += q.raw == 0 && real[i] != 0.0;
      tally.changed |= q.raw != values[i];
      values[i] = q.raw;
    }
  }
  observers_.loaded(signal, layer, values, tally, state_.tick);
  return tally.changed;
}

void Emulator::write_input(const double* input) {
  if (load_signal(input, Signal::rate, 0)) send_rates(0, 0, population(0).units);
}

void Emulator::write_target(const double* target) {
  if (load_signal(target, Signal::target, program_->output)) mark(program_->output, part::error);
}

void Emulator::load_weights(int index, const double* values) {
  const Projection& p = projection(index);
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column, ++values)
      set_weight(index, row, column, p.loaded(*values).raw);
}

void Emulator::set_beta(double beta) {
  if (beta == last_beta_) return;
  last_beta_ = beta;
  const std::int64_t before = state_.beta;
  state_.beta = to_register(beta, program_->beta_frac, constant_bits);
  if (state_.beta != before) mark(program_->output, part::error);
}

void Emulator::set_beta_register(std::int64_t value) {
  last_beta_ = std::numeric_limits<double>::quiet_NaN();
  if (value != state_.beta) mark(program_->output, part::error);
  state_.beta = value;
}

int Emulator::write_inputs(int first, const std::int64_t* raw, int count) {
  observed_ = {};
  std::copy_n(raw, count, at(0).state[Signal::rate].begin() + first);
  send_rates(0, first, count);
  return observed_.rates;
}

void Emulator::write_target(int unit, std::int64_t raw) {
  const int last = program_->output;
  std::int64_t& target = at(last).state[Signal::target][static_cast<std::size_t>(unit)];
  if (target != raw) mark(last, part::error);
  target = raw;
}

void Emulator::restore(int index, const LayerState& state) {
  Layer& l = at(index);
  l.state = state;
  mark(index, 0xff);
  for (const auto& [reader, part] : l.copied_by) mark(reader, part);
  l.decays = true;
  ++l.rate_version;
  ++l.error_version;
  for (std::size_t block = 0; block < l.has_errors.size(); ++block) find_errors(l, block);
}

void Emulator::set_weight(int index, int row, int column, std::int64_t raw) {
  Route& r = routes_[static_cast<std::size_t>(holder_of(*program_, index))];
  r.basal.valid = r.apical.valid = false;
  memory_of(index).set(row, column, raw);
  if (std::int64_t* const fine = accumulators_of(index, row))
    fine[column] = raw * (std::int64_t{1} << projection(index).accumulator_bits);
}

void Emulator::set_learned(int index, int row, int column, std::int64_t raw) {
  set_weight(index, row, column, projection(index).read(raw));
  if (std::int64_t* const fine = accumulators_of(index, row)) fine[column] = raw;
}

void Emulator::receive_rate(int index, int unit, std::int64_t raw) {
  Layer& l = at(index);
  l.state.sent_rate[static_cast<std::size_t>(unit)] = raw;
  ++l.rate_version;
}

void Emulator::receive_sent_error(int index, int unit, std::int64_t raw) {
  Layer& l = at(index);
  l.state.sent_error[static_cast<std::size_t>(unit)] = raw;
  ++l.error_version;
}

void Emulator::receive_error(int index, int unit, std::int64_t raw) {
  Layer& l = at(index);
  auto& errors = l.state[Signal::error];
  errors[static_cast<std::size_t>(unit)] = raw;
  find_errors(l, static_cast<std::size_t>(unit / update_block_units));
}

void Emulator::set_basal_sums(int index, const std::int64_t* sums) {
  const Projection& p = projection(index);
  std::copy_n(sums, p.rows, routes_[static_cast<std::size_t>(index)].basal.sums.begin());
  mark(p.target, part::basal);
}

void Emulator::set_apical_sums(int index, const std::int64_t* sums) {
  const Projection& p = projection(index);
  std::copy_n(sums, population(p.source).units, routes_[static_cast<std::size_t>(index)].apical.sums.begin());
  mark(p.source, part::error);
}

// Whether an error of one block of units isn't 0, and of all of them.
void Emulator::find_errors(Layer& l, std::size_t block) {
  const auto& errors = l.state[Signal::error];
  const auto first = errors.begin() + static_cast<std::ptrdiff_t>(block) * update_block_units;
  const auto count = std::min<std::ptrdiff_t>(update_block_units, errors.end() - first);
  l.has_errors[block] = std::any_of(first, first + count, [](std::int64_t error) { return error != 0; });
  l.errors_are_zero = std::find(l.has_errors.begin(), l.has_errors.end(), 1) == l.has_errors.end();
}

void Emulator::set_learning_scale(double factor) {
  for (std::size_t k = 0; k < routes_.size(); ++k) {
    const Projection& p = program_->projections[k];
    state_.eta[k] = to_register(p.eta_dt * factor, p.eta_frac, eta_bits);
  }
}

const AlignedVector<std::int64_t>& Emulator::signal(Signal signal, int index) const {
  if (index < 0 || index >= static_cast<int>(layers_.size()) ||
      static_cast<std::size_t>(signal) >= neuron_signals)
    throw std::invalid_argument("signal: layers 0.." + std::to_string(layers_.size() - 1));
  return at(index).state[signal];
}

void Emulator::tick() {
  if (state_.tick == 0)
    for (const Operation& op : program_->start) execute(op);
  if (!program_->decay.empty())
    for (int k = 1; k < static_cast<int>(layers_.size()); ++k) decay_mismatch(k);
  for (const Operation& op : program_->operations) execute(op);
  end_tick();
}

void Emulator::execute(const Operation& op) {
  observed_ = {};
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

// A factor that all units have goes into the constants, where at rho 1 those of the membrane cancel.
Affine Emulator::folded(const Affine& terms, int index, const std::optional<std::int64_t>& common) const {
  Affine f = terms;
  f.narrow = at(index).narrow;
  if (!common || f.factor == nullptr) return f;
  for (std::size_t t = 0; t < std::size(f.inner); ++t) f.direct[t] += *common * f.inner[t], f.inner[t] = 0;
  f.factor = nullptr;
  return f;
}

// The inputs of these parts have moved, in all units.
void Emulator::mark(int layer, int parts) {
  for (std::uint8_t& stale : at(layer).stale) stale = static_cast<std::uint8_t>(stale | parts);
}

void Emulator::send_rates(int index, std::ptrdiff_t first, std::ptrdiff_t count) {
  Layer& l = at(index);
  const std::int64_t theta = population(index).theta_rate;
  for (Watcher* watcher : observers_.watchers())
    watcher->compared({Signal::rate, index, count, l.state[Signal::rate].data() + first,
                       l.state.sent_rate.data() + first, theta});
  const std::int64_t last = l.state.sent_rate[static_cast<std::size_t>(first + count - 1)];
  const std::ptrdiff_t sent =
      kernels_->neurons->send(l.state[Signal::rate].data() + first, count, theta,
                              l.state.sent_rate.data() + first, &observers_.work(index).largest_unsent);
  observed_.rates += static_cast<int>(sent);
  if (first + count == static_cast<std::ptrdiff_t>(l.state.sent_rate.size()))
    observed_.last_rate = last != l.state.sent_rate.back();
  observers_.work(index).rate_events += static_cast<std::uint64_t>(sent);
  if (sent > 0) ++l.rate_version;
}

}  // namespace apical::fixedpoint
