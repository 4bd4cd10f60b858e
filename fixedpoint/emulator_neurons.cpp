// UPDATE: the neuron unit (model/README.md, "The prospective unit") in exact integers, one quantiser per
// signal.
#include <algorithm>

#include "fixedpoint/counter_random.hpp"
#include "fixedpoint/emulator.hpp"
#include "fixedpoint/quantise.hpp"

namespace apical::fixedpoint {
namespace {

// Bits used are counted on every 17th tick; ranges, saturations and zeros on every one.
constexpr std::uint32_t sampled_tick = 17;

constexpr std::size_t at(Signal signal) {
  return static_cast<std::size_t>(signal);
}

// Calls body with the format's rounding as a compile-time constant, so that inner loops have no switch.
template <class Body>
void with_rounding(Rounding rounding, Body body) {
  switch (rounding) {
    case Rounding::rnd:
      return body(std::integral_constant<Rounding, Rounding::rnd>());
    case Rounding::rnd_zero:
      return body(std::integral_constant<Rounding, Rounding::rnd_zero>());
    case Rounding::rnd_min_inf:
      return body(std::integral_constant<Rounding, Rounding::rnd_min_inf>());
    case Rounding::rnd_inf:
      return body(std::integral_constant<Rounding, Rounding::rnd_inf>());
    case Rounding::rnd_conv:
      return body(std::integral_constant<Rounding, Rounding::rnd_conv>());
    case Rounding::trn:
      return body(std::integral_constant<Rounding, Rounding::trn>());
    case Rounding::trn_zero:
      return body(std::integral_constant<Rounding, Rounding::trn_zero>());
    case Rounding::stochastic:
      return body(std::integral_constant<Rounding, Rounding::stochastic>());
  }
}

// The terms of the drive at one common binary point.
struct Alignment {
  int frac, basal, nudge, mismatch, membrane;

  explicit Alignment(const Population& p)
      : frac(std::max(std::max(p[Signal::basal].frac, p[Signal::nudge].frac),
                      std::max(p[Signal::mismatch].frac, p[Signal::membrane].frac))),
        basal(frac - p[Signal::basal].frac),
        nudge(frac - p[Signal::nudge].frac),
        mismatch(frac - p[Signal::mismatch].frac),
        membrane(frac - p[Signal::membrane].frac) {}
};

// Left shift of a signed value: multiplication, since shifting a negative number is undefined in C++17.
std::int64_t shifted(std::int64_t value, int bits) {
  return value * (std::int64_t{1} << bits);
}

}  // namespace

template <class Exact>
void Emulator::quantise_signal(Signal signal, int index, int frac, Exact exact) {
  Layer& l = layer(index);
  const Format& declared = population(index)[signal];
  std::int64_t* values = l.signals[at(signal)].data();
  const std::size_t units = l.signals[at(signal)].size();
  const std::uint32_t stream = stream_number(signal, index);
  with_rounding(declared.rounding, [&](auto rounding) {
    Format format = declared;
    format.rounding = rounding;
    std::uint64_t saturated = 0;
    std::uint64_t zeros = 0;
    for (std::size_t i = 0; i < units; ++i) {
      std::uint32_t random = 0;
      if (rounding == Rounding::stochastic)
        random = random16(row_key(program_->seed, tick_, stream, static_cast<std::uint32_t>(i)), 0);
      const std::int64_t x = exact(i);
      const Quantised q = quantise(x, frac, format, random);
      values[i] = q.raw;
      saturated += q.saturated;
      zeros += q.raw == 0 && x != 0;
    }
    if (!options_.statistics) return;
    SignalCounter& counter = l.counters[at(signal)];
    for (std::size_t i = 0; i < units; ++i) counter.range(values[i]);
    counter.count += units;
    counter.saturated += saturated;
    counter.rounded_to_zero += zeros;
    if (tick_ % sampled_tick == 0)
      for (std::size_t i = 0; i < units; ++i) ++counter.bits[static_cast<std::size_t>(used_bits(values[i]))];
  });
}

void Emulator::decay_mismatch() {
  const std::uint64_t n = std::uint64_t{tick_} + 1;
  const std::int64_t factor = n < program_->decay.size() ? program_->decay[n] : 0;
  for (int k = 1; k < static_cast<int>(layers_.size()); ++k) {
    const auto& first = layer(k).first_mismatch;
    quantise_signal(Signal::mismatch, k, population(k)[Signal::mismatch].frac + decay_frac,
                    [&](std::size_t i) { return first[i] * factor; });
  }
}

void Emulator::update(int index, int parts) {
  const Population& p = population(index);
  Layer& l = layer(index);
  auto& signals = l.signals;
  const Projection& incoming = program_->projections[static_cast<std::size_t>(index - 1)];
  if (parts & part::basal) {
    const Format& rate = population(index - 1)[Signal::rate];
    quantise_signal(Signal::basal, index, incoming.weight.frac + rate.frac,
                    [&](std::size_t i) { return l.basal_sums[i]; });
  }
  if (parts & part::soma) update_soma(index);
  if (parts & part::error) {
    update_nudge(index);
    update_error(index);
  }
  if (parts & part::membrane) {
    const Alignment align(p);
    const auto& s = signals[at(Signal::membrane)];
    quantise_signal(Signal::membrane, index, align.frac + alpha_frac, [&](std::size_t i) {
      const std::int64_t drive = shifted(signals[at(Signal::basal)][i], align.basal) +
                                 program_->gamma * shifted(signals[at(Signal::nudge)][i], align.nudge) +
                                 shifted(signals[at(Signal::mismatch)][i], align.mismatch);
      const std::int64_t membrane = shifted(s[i], align.membrane);
      return shifted(membrane, alpha_frac) + p.alpha[i] * (drive - membrane);
    });
  }
  if (parts & part::start_error) {
    quantise_signal(Signal::error, index, p[Signal::basal].frac,
                    [&](std::size_t i) { return -signals[at(Signal::basal)][i]; });
    std::copy(signals[at(Signal::error)].begin(), signals[at(Signal::error)].end(), l.narrow_error.begin());
  }
  if (parts & part::start_mismatch) {
    update_nudge(index);
    const Alignment align(p);
    quantise_signal(Signal::mismatch, index, align.frac, [&](std::size_t i) {
      return -shifted(signals[at(Signal::basal)][i], align.basal) -
             shifted(signals[at(Signal::nudge)][i], align.nudge);
    });
    l.first_mismatch = signals[at(Signal::mismatch)];
  }
}

void Emulator::update_soma(int index) {
  const Population& p = population(index);
  const Alignment align(p);
  auto& signals = layer(index).signals;
  // rho (drive - s), at align.frac + rho_frac fraction bits.
  const auto away = [&](std::size_t i) {
    const std::int64_t drive = shifted(signals[at(Signal::basal)][i], align.basal) +
                               program_->gamma * shifted(signals[at(Signal::nudge)][i], align.nudge) +
                               shifted(signals[at(Signal::mismatch)][i], align.mismatch);
    return p.rho[i] * (drive - shifted(signals[at(Signal::membrane)][i], align.membrane));
  };
  quantise_signal(Signal::u, index, align.frac + rho_frac, [&](std::size_t i) {
    return shifted(signals[at(Signal::membrane)][i], align.membrane + rho_frac) + away(i);
  });
  const ActivationTable& rate_table = program_->rate_tables[static_cast<std::size_t>(index)];
  const ActivationTable& slope_table = program_->slope_tables[static_cast<std::size_t>(index)];
  const auto& fires_on = signals[at(program_->advanced_response ? Signal::membrane : Signal::u)];
  const Format& slope = p[Signal::slope];
  const Format& rate = p[Signal::rate];
  quantise_signal(Signal::slope, index, slope_table.exact_frac(),
                  [&](std::size_t i) { return slope_table.exact(fires_on[i]); });
  if (program_->advanced_response) {
    // phi(s) + phi'(s) (p - s), aligned at the finer of the two terms.
    const int product_frac = slope.frac + align.frac + rho_frac;
    const int frac = std::max(product_frac, rate.frac);
    quantise_signal(Signal::rate, index, frac, [&](std::size_t i) {
      return shifted(rate_table.lookup(fires_on[i]), frac - rate.frac) +
             shifted(signals[at(Signal::slope)][i] * away(i), frac - product_frac);
    });
  } else {
    quantise_signal(Signal::rate, index, rate_table.exact_frac(),
                    [&](std::size_t i) { return rate_table.exact(fires_on[i]); });
  }
  after_rate(index);
}

// What follows from new rates: the kernels' copy, and one message per unit.
void Emulator::after_rate(int index) {
  Layer& l = layer(index);
  const auto& rates = l.signals[at(Signal::rate)];
  std::copy(rates.begin(), rates.end(), l.narrow_rate.begin());
  events_ += rates.size();
}

void Emulator::update_nudge(int index) {
  const Population& p = population(index);
  Layer& l = layer(index);
  auto& signals = l.signals;
  if (index + 1 == static_cast<int>(layers_.size())) {
    const int frac = std::max(p[Signal::target].frac, p[Signal::u].frac);
    quantise_signal(Signal::nudge, index, frac + beta_frac, [&](std::size_t i) {
      return beta_ * (shifted(signals[at(Signal::target)][i], frac - p[Signal::target].frac) -
                      shifted(signals[at(Signal::u)][i], frac - p[Signal::u].frac));
    });
    return;
  }
  const Projection& outgoing = program_->projections[static_cast<std::size_t>(index)];
  const Format& error = population(index + 1)[Signal::error];
  quantise_signal(Signal::apical, index, outgoing.weight.frac + error.frac,
                  [&](std::size_t i) { return l.apical_sums[i]; });
  quantise_signal(Signal::nudge, index, p[Signal::slope].frac + p[Signal::apical].frac, [&](std::size_t i) {
    return signals[at(Signal::slope)][i] * signals[at(Signal::apical)][i];
  });
}

void Emulator::update_error(int index) {
  const Population& p = population(index);
  Layer& l = layer(index);
  auto& signals = l.signals;
  if (program_->gamma == 0) {
    quantise_signal(Signal::error, index, p[Signal::nudge].frac,
                    [&](std::size_t i) { return signals[at(Signal::nudge)][i]; });
  } else {
    // From the exact prospective voltage, not from u: u may be far coarser than an error.
    const Alignment align(p);
    quantise_signal(Signal::error, index, align.frac + rho_frac, [&](std::size_t i) {
      const std::int64_t basal = shifted(signals[at(Signal::basal)][i], align.basal);
      const std::int64_t membrane = shifted(signals[at(Signal::membrane)][i], align.membrane);
      const std::int64_t drive = basal + shifted(signals[at(Signal::nudge)][i], align.nudge) +
                                 shifted(signals[at(Signal::mismatch)][i], align.mismatch);
      return shifted(membrane - basal, rho_frac) + p.rho[i] * (drive - membrane);
    });
  }
  std::copy(signals[at(Signal::error)].begin(), signals[at(Signal::error)].end(), l.narrow_error.begin());
  if (index > 1) events_ += signals[at(Signal::error)].size();
}

}  // namespace apical::fixedpoint
