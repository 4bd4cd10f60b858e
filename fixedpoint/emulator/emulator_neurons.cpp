// SPDX-License-Identifier: Apache-2.0
// UPDATE: the neuron unit (model/README.md, "The prospective unit") in exact integers, one quantiser per
// signal. Blocks of units whose inputs have not moved keep what they have.
#include <algorithm>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/emulator/emulator_blocks.hpp"
#include "fixedpoint/program/alignment.hpp"

namespace apical::fixedpoint {
namespace {

constexpr std::size_t at_signal(Signal signal) {
  return static_cast<std::size_t>(signal);
}

// What reads each signal of the same unit, and has to run again when it moves.
int readers(Signal signal, bool membrane_matters) {
  constexpr int fires = part::soma | part::voltage | part::error;
  switch (signal) {
    case Signal::basal:
      return fires | part::membrane | part::start_error;
    case Signal::nudge:
    case Signal::mismatch:
      return fires | part::membrane;
    case Signal::membrane:
      return part::membrane | (membrane_matters ? fires : 0);
    case Signal::u:
    case Signal::slope:
      return part::error;
    default:
      return 0;
  }
}

std::int64_t power(int bits) {
  return std::int64_t{1} << bits;
}

}  // namespace

// Quantises exact[0..count) into units first.. of a signal, counts, and marks who reads it.
Tally Emulator::quantise_run(PassSlot slot, int index, std::ptrdiff_t first, std::ptrdiff_t count, int frac,
                             const std::int64_t* exact) {
  const Signal signal = pass_of(static_cast<int>(slot)).signal;
  Layer& l = at(index);
  const Format& format = population(index)[signal];
  std::int64_t* values = l.state[signal].data() + first;
  const RandomRows random{program_->seed, state_.tick, stream(signal, index),
                          static_cast<std::uint32_t>(population(index).first_unit + first)};
  const Tally tally = kernels_->neurons->quantise[static_cast<std::size_t>(format.rounding)](
      exact, count, frac, format, random, observers_.counting(), values);
  observers_.quantised({slot, signal, index, -1, first, count, exact, frac, format, values}, tally,
                       state_.tick);
  if (tally.changed) {
    observed_.changed |= 1u << at_signal(signal);
    const auto block = static_cast<std::size_t>(first / update_block_units);
    l.stale[block] = static_cast<std::uint8_t>(l.stale[block] | readers(signal, l.membrane_matters));
    for (const auto& [reader, part] : l.copied_by)
      if (signal == relayed_signal(population(reader).compartment))
        at(reader).stale[block] = static_cast<std::uint8_t>(at(reader).stale[block] | part);
  }
  return tally;
}

void Emulator::update(int index, int parts) {
  Layer& l = at(index);
  const auto units = static_cast<std::ptrdiff_t>(l.state.signals[0].size());
  const bool dense = options_.schedule == Schedule::dense;
  // Before the first tick everything runs; in a dendrite, start_error is of every tick.
  const int only_at_start =
      population(index).compartment == Compartment::dendrite ? 0 : part::start_error | part::start_mismatch;
  for (std::size_t block = 0; block < l.stale.size(); ++block) {
    const auto first = static_cast<std::ptrdiff_t>(block) * update_block_units;
    const std::ptrdiff_t count = std::min(update_block_units, units - first);
    for (int part = part::basal; part <= part::voltage; part *= 2) {
      if ((parts & part) == 0) continue;
      if (!dense && ((l.stale[block] | l.always | only_at_start) & part) == 0) {
        observers_.left_out(l.state, index, block, part, first, count, state_.tick);
        continue;
      }
      l.stale[block] = static_cast<std::uint8_t>(l.stale[block] & ~part);
      observers_.work(index).units_updated += static_cast<std::uint64_t>(count);
      observers_.begin_part(index, block, part);
      update_block(index, part, first, count);
      observers_.end_part();
    }
  }
}

void Emulator::update_block(int index, int part, std::ptrdiff_t first, std::ptrdiff_t count) {
  const Population& p = population(index);
  Layer& l = at(index);
  const auto of = [&](Signal s) { return l.state[s].data() + first; };
  const Alignment align(p);
  const std::int64_t gamma = program_->gamma;
  std::int64_t* const exact = l.exact.data();
  switch (part) {
    case part::basal: {
      const Projection& into = projection(l.into.front());
      quantise_run(PassSlot::basal, index, first, count,
                   into.weight.frac + population(into.source)[Signal::rate].frac,
                   gathered(l.into, &Route::basal, first, count, exact));
      break;
    }
    case part::soma:
      update_soma(index, first, count);
      break;
    case part::voltage:
      update_voltage(index, first, count);
      break;
    case part::error:
      if (p.compartment == Compartment::dendrite) {
        show_rates(index, first, count);
        break;
      }
      if (p.compartment == Compartment::soma) update_nudge(index, first, count);
      update_error(index, first, count);
      break;
    case part::membrane: {
      if (p.compartment == Compartment::interneuron) {
        copy_signal(index, PassSlot::membrane, first, count);
        break;
      }
      // s + alpha (drive - s)
      const Affine terms{{of(Signal::basal), of(Signal::nudge), of(Signal::mismatch), of(Signal::membrane)},
                         {0, 0, 0, align.membrane * power(program_->alpha_frac)},
                         {align.basal, gamma * align.nudge, align.mismatch, -align.membrane},
                         p.alpha.data() + first};
      kernels_->neurons->affine(folded(terms, index, l.alpha), count, exact);
      quantise_run(PassSlot::membrane, index, first, count, align.frac + program_->alpha_frac, exact);
      break;
    }
    case part::start_error: {
      const Affine terms{{of(Signal::basal), nullptr, nullptr, nullptr}, {-1, 0, 0, 0}, {}, nullptr};
      kernels_->neurons->affine(terms, count, exact);
      send_errors(index, first, count,
                  quantise_run(PassSlot::start_error, index, first, count, p[Signal::basal].frac, exact));
      break;
    }
    case part::start_mismatch: {
      update_nudge(index, first, count);
      const Affine terms{{of(Signal::basal), of(Signal::nudge), nullptr, nullptr},
                         {-align.basal, -align.nudge, 0, 0},
                         {},
                         nullptr};
      kernels_->neurons->affine(terms, count, exact);
      quantise_run(PassSlot::start_mismatch, index, first, count, align.frac, exact);
      std::copy_n(of(Signal::mismatch), count, l.state.first_mismatch.data() + first);
      break;
    }
    default:
      break;
  }
  // Terms read, near enough: four signals and a constant for each of the results.
  observers_.work(index).state_reads += 5 * static_cast<std::uint64_t>(count);
}

void Emulator::decay_mismatch(int index) {
  observed_ = {};
  const std::uint64_t n = std::uint64_t{state_.tick} + 1;
  const std::int64_t factor = n < program_->decay.size() ? program_->decay[n] : 0;
  const bool over = factor == 0 && n > program_->decay.size();
  Layer& l = at(index);
  const auto units = static_cast<std::ptrdiff_t>(l.state.first_mismatch.size());
  if (over && !l.decays && options_.schedule != Schedule::dense) {  // 0 stays 0 under every rounding
    observers_.stays_zero(l.state, index, state_.tick);
    return;
  }
  l.decays = !over;
  for (std::ptrdiff_t first = 0; first < units; first += update_block_units) {
    const std::ptrdiff_t count = std::min(update_block_units, units - first);
    const Affine terms{
        {l.state.first_mismatch.data() + first, nullptr, nullptr, nullptr}, {factor, 0, 0, 0}, {}, nullptr};
    kernels_->neurons->affine(terms, count, l.exact.data());
    quantise_run(PassSlot::mismatch, index, first, count,
                 population(index)[Signal::mismatch].frac + decay_frac, l.exact.data());
  }
}

// Copies the signal that the relayed population offers.
void Emulator::copy_signal(int index, PassSlot into, std::ptrdiff_t first, std::ptrdiff_t count) {
  const int relayed = population(index).relayed;
  const Signal from = relayed_signal(population(index).compartment);
  quantise_run(into, index, first, count, population(relayed)[from].frac,
               at(relayed).state[from].data() + first);
}

// s + rho (drive - s)
void Emulator::update_voltage(int index, std::ptrdiff_t first, std::ptrdiff_t count) {
  const Alignment align(population(index));
  Layer& l = at(index);
  kernels_->neurons->affine(away_from_membrane(index, first, align.membrane * power(rho_frac)), count,
                            l.exact.data());
  quantise_run(PassSlot::u, index, first, count, align.frac + rho_frac, l.exact.data());
}

// start · s + rho (drive - s)
Affine Emulator::away_from_membrane(int index, std::ptrdiff_t first, std::int64_t start) const {
  const Population& p = population(index);
  const Alignment align(p);
  const auto of = [&](Signal s) { return at(index).state[s].data() + first; };
  return folded({{of(Signal::basal), of(Signal::nudge), of(Signal::mismatch), of(Signal::membrane)},
                 {0, 0, 0, start},
                 {align.basal, program_->gamma * align.nudge, align.mismatch, -align.membrane},
                 p.rho.data() + first},
                index, at(index).rho);
}

void Emulator::update_soma(int index, std::ptrdiff_t first, std::ptrdiff_t count) {
  const Population& p = population(index);
  Layer& l = at(index);
  const auto of = [&](Signal s) { return l.state[s].data() + first; };
  const NeuronKernels& kernel = *kernels_->neurons;
  std::int64_t* const exact = l.exact.data();
  if (p.compartment == Compartment::relay || p.compartment == Compartment::error_relay) {
    copy_signal(index, PassSlot::rate, first, count);
    return send_rates(index, first, count);
  }
  update_voltage(index, first, count);
  if (p.compartment == Compartment::interneuron) {
    quantise_run(PassSlot::rate, index, first, count, p[Signal::u].frac, of(Signal::u));
    return send_rates(index, first, count);
  }
  const Alignment align(p);
  const auto look_up = [&](const ActivationTable& table, std::int64_t* out) {
    kernel.table(of(program_->advanced_response ? Signal::membrane : Signal::u), count, table.lowest(),
                 table.low_bits, table.base.data(), table.piecewise ? table.delta.data() : nullptr, out);
  };
  const ActivationTable& rate_table = program_->rate_tables[static_cast<std::size_t>(index)];
  const ActivationTable& slope_table = program_->slope_tables[static_cast<std::size_t>(index)];
  look_up(slope_table, exact);
  quantise_run(PassSlot::slope, index, first, count, slope_table.exact_frac(), exact);
  if (!program_->advanced_response) {
    look_up(rate_table, exact);
    quantise_run(PassSlot::rate, index, first, count, rate_table.exact_frac(), exact);
  } else {
    // phi(s) + phi'(s) (p - s), aligned at the finer of the two terms.
    const Format& rate = p[Signal::rate];
    const int product_frac = p[Signal::slope].frac + align.frac + rho_frac;
    const int frac = std::max(product_frac, rate.frac);
    std::int64_t* const away = l.inner.data();
    kernel.affine(away_from_membrane(index, first, 0), count, away);
    kernel.product(of(Signal::slope), away, count, false, exact);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const std::int64_t fires_on = of(Signal::membrane)[i];
      exact[i] =
          rate_table.lookup(fires_on) * power(frac - rate.frac) + exact[i] * power(frac - product_frac);
    }
    quantise_run(PassSlot::rate, index, first, count, frac, exact);
  }
  send_rates(index, first, count);
}

void Emulator::update_nudge(int index, std::ptrdiff_t first, std::ptrdiff_t count) {
  const Population& p = population(index);
  Layer& l = at(index);
  const auto of = [&](Signal s) { return l.state[s].data() + first; };
  std::int64_t* const exact = l.exact.data();
  if (index == program_->output) {
    // beta (target - u)
    const int frac = std::max(p[Signal::target].frac, p[Signal::u].frac);
    const Affine terms{{of(Signal::target), of(Signal::u), nullptr, nullptr},
                       {state_.beta * power(frac - p[Signal::target].frac),
                        -state_.beta * power(frac - p[Signal::u].frac), 0, 0},
                       {},
                       nullptr,
                       l.narrow};
    kernels_->neurons->affine(terms, count, exact);
    quantise_run(PassSlot::nudge, index, first, count, frac + program_->beta_frac, exact);
    return;
  }
  if (p.relayed >= 0) {
    copy_signal(index, PassSlot::apical, first, count);
  } else {
    const Projection& back = projection(l.back.front());
    quantise_run(PassSlot::apical, index, first, count,
                 back.weight.frac + population(back.target)[Signal::error].frac,
                 gathered(l.back, &Route::apical, first, count, exact));
  }
  kernels_->neurons->product(of(Signal::slope), of(Signal::apical), count, l.narrow, exact);
  quantise_run(PassSlot::nudge, index, first, count, p[Signal::slope].frac + p[Signal::apical].frac, exact);
}

void Emulator::update_error(int index, std::ptrdiff_t first, std::ptrdiff_t count) {
  const Population& p = population(index);
  Layer& l = at(index);
  const auto of = [&](Signal s) { return l.state[s].data() + first; };
  const Alignment align(p);
  std::int64_t* const exact = l.exact.data();
  Tally tally;
  if (program_->gamma == 0) {
    tally = quantise_run(PassSlot::error, index, first, count, p[Signal::nudge].frac, of(Signal::nudge));
  } else {
    // s - basal + rho (basal + nudge + m - s): exact, not from u, which may be far coarser than an error.
    const Affine terms{{of(Signal::basal), of(Signal::nudge), of(Signal::mismatch), of(Signal::membrane)},
                       {-align.basal * power(rho_frac), 0, 0, align.membrane * power(rho_frac)},
                       {align.basal, align.nudge, align.mismatch, -align.membrane},
                       p.rho.data() + first};
    kernels_->neurons->affine(folded(terms, index, l.rho), count, exact);
    tally = quantise_run(PassSlot::error, index, first, count, align.frac + rho_frac, exact);
  }
  send_errors(index, first, count, tally);
}

// The rates of the somata in place of a dendrite's errors, as they are: what B learns from.
void Emulator::show_rates(int index, std::ptrdiff_t first, std::ptrdiff_t count) {
  const std::int64_t* const rates = at(population(index).relayed).state[Signal::rate].data() + first;
  std::int64_t* const errors = at(index).state[Signal::error].data() + first;
  Tally tally{};
  tally.nonzero = std::any_of(rates, rates + count, [](std::int64_t rate) { return rate != 0; });
  if (!std::equal(rates, rates + count, errors)) observed_.changed |= 1u << at_signal(Signal::error);
  std::copy_n(rates, count, errors);
  observers_.work(index).state_writes += static_cast<std::uint64_t>(count);
  send_errors(index, first, count, tally);
}

void Emulator::send_errors(int index, std::ptrdiff_t first, std::ptrdiff_t count, const Tally& tally) {
  Layer& l = at(index);
  const auto& errors = l.state[Signal::error];
  std::int64_t unsent = 0;
  const std::int64_t theta = population(index).theta_error;
  for (Watcher* watcher : observers_.watchers())
    watcher->compared(
        {Signal::error, index, count, errors.data() + first, l.state.sent_error.data() + first, theta});
  const std::int64_t last = l.state.sent_error[static_cast<std::size_t>(first + count - 1)];
  const std::ptrdiff_t sent = kernels_->neurons->send(errors.data() + first, count, theta,
                                                      l.state.sent_error.data() + first, &unsent);
  observed_.errors += static_cast<int>(sent);
  if (first + count == static_cast<std::ptrdiff_t>(l.state.sent_error.size()))
    observed_.last_error = last != l.state.sent_error.back();
  observers_.work(index).error_events += static_cast<std::uint64_t>(sent);
  if (sent > 0) ++l.error_version;
  l.has_errors[static_cast<std::size_t>(first / update_block_units)] = tally.nonzero;
  l.errors_are_zero = std::find(l.has_errors.begin(), l.has_errors.end(), 1) == l.has_errors.end();
}

}  // namespace apical::fixedpoint
