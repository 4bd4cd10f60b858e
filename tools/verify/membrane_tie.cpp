// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/membrane_tie.hpp"

#include <algorithm>
#include <cmath>

#include "fixedpoint/numeric/load.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#include "fixedpoint/program/alignment.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Format;
using fixedpoint::Population;
using fixedpoint::Program;
using fixedpoint::Signal;

constexpr int candidates = 16;  // ties tried for a unit

const Population& population(const Program& program, int layer) {
  return program.populations[static_cast<std::size_t>(layer)];
}
const fixedpoint::Projection& projection(const Program& program, int index) {
  return program.projections[static_cast<std::size_t>(index)];
}

// x with odd x = 1 mod 2^64: each step doubles the bits that are right, of which an odd number's own are 3.
std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t x = odd;
  for (int step = 0; step < 5; ++step) x *= 2 - odd * x;
  return x;
}

// The values of a format at which constant + factor · value is a tie of this shift: first + i · period.
struct Ties {
  std::int64_t first = 0, period = 1, count = 0;

  Ties(std::int64_t constant, std::int64_t factor, int shift, const Format& format) {
    if (factor == 0) return;
    const int twos = __builtin_ctzll(static_cast<std::uint64_t>(factor));
    const std::uint64_t rest = (std::uint64_t{1} << (shift - 1)) - static_cast<std::uint64_t>(constant);
    const std::uint64_t below = (std::uint64_t{1} << std::min(twos, shift)) - 1;
    if ((rest & below) != 0) return;
    period = std::int64_t{1} << std::max(shift - twos, 0);
    const std::uint64_t solution = static_cast<std::uint64_t>(static_cast<std::int64_t>(rest) >> twos) *
                                   inverse(static_cast<std::uint64_t>(factor >> twos));
    const std::int64_t low = format.minimum_raw();
    first = low + static_cast<std::int64_t>((solution - static_cast<std::uint64_t>(low)) &
                                            static_cast<std::uint64_t>(period - 1));
    if (first <= format.maximum_raw()) count = (format.maximum_raw() - first) / period + 1;
  }
};

// beta (target - u) = nudge, by a power of two for beta; a target of this tick doesn't move u.
bool set_nudge(const Population& p, int beta_frac, std::size_t unit, std::int64_t raw_u, std::int64_t nudge,
               sim::TickStimulus& s) {
  const Format &target_format = p[Signal::target], &nudge_format = p[Signal::nudge];
  const double u = p[Signal::u].value(raw_u);
  for (int bit = 0; bit < 16; ++bit) {
    const int scale = beta_frac - bit;
    const std::int64_t target =
        fixedpoint::load(u + std::ldexp(nudge_format.value(nudge), scale), target_format).raw;
    const double reached = std::ldexp(target_format.value(target) - u, -scale);
    if (fixedpoint::load(reached, nudge_format).raw != nudge) continue;
    s.beta = std::int64_t{1} << bit;
    (*s.target)[unit] = target;
    return true;
  }
  return false;
}

// One input that makes this basal of all inputs' sum; without beta no nudge joins it.
bool set_basal(const fixedpoint::Emulator& played, int layer, std::size_t unit, std::int64_t basal,
               sim::TickStimulus& s) {
  const Program& program = played.program();
  const int index = forwards_into(program, layer).front();
  const Format &input = program.populations.front()[Signal::rate],
               &format = population(program, layer)[Signal::basal];
  const int frac = projection(program, index).weight.frac + input.frac;
  const std::int64_t sum = played.basal_sums(index)[unit];
  const double missing =
      std::ldexp(static_cast<double>(basal), frac - format.frac) - static_cast<double>(sum);
  for (std::size_t i = 0; i < s.input->size(); ++i) {
    const std::int64_t weight = played.weights(index).at(static_cast<int>(unit), static_cast<int>(i));
    if (weight == 0) continue;
    const double change = std::round(missing / static_cast<double>(weight));
    const double changed = static_cast<double>((*s.input)[i]) + change;
    if (changed < static_cast<double>(input.minimum_raw()) ||
        changed > static_cast<double>(input.maximum_raw()))
      continue;
    if (fixedpoint::quantise(sum + weight * static_cast<std::int64_t>(change), frac, format).raw != basal)
      continue;
    (*s.input)[i] = static_cast<std::int64_t>(changed);
    s.beta = 0;
    return true;
  }
  return false;
}

}  // namespace

bool leads_to_membrane(const Program& program, int layer) {
  if (population(program, layer).compartment != fixedpoint::Compartment::soma) return false;
  if (layer == program.output) return program.gamma != 0;
  const std::vector<int> into = forwards_into(program, layer);
  return into.size() == 1 && projection(program, into.front()).source == 0;
}

bool lead_to_membrane_tie(const fixedpoint::Emulator& played, const fixedpoint::LayerState& before, int layer,
                          std::size_t unit, const std::function<bool(const fixedpoint::Coverage&)>& wanted,
                          std::mt19937_64& random, sim::TickStimulus& s) {
  const Program& program = played.program();
  const Population& p = population(program, layer);
  const Format& membrane = p[Signal::membrane];
  const fixedpoint::Alignment a(p);
  const int frac = a.frac + program.alpha_frac;
  const bool by_target = layer == program.output;
  const auto now = [&](Signal signal) { return played.signal(signal, layer)[unit]; };
  const std::int64_t slow = a.membrane * before.signals[static_cast<std::size_t>(Signal::membrane)][unit];
  const std::int64_t others =
      a.mismatch * now(Signal::mismatch) + (by_target ? a.basal * now(Signal::basal) : 0) - slow;
  const std::int64_t constant = slow * (std::int64_t{1} << program.alpha_frac) + p.alpha[unit] * others;
  const std::int64_t factor = p.alpha[unit] * (by_target ? program.gamma * a.nudge : a.basal);
  const Ties ties(constant, factor, frac - membrane.frac, p[by_target ? Signal::nudge : Signal::basal]);
  for (int i = 0; i < std::min<std::int64_t>(candidates, ties.count); ++i) {
    const std::int64_t value =
        ties.first +
        ties.period * static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(ties.count));
    const std::int64_t x = constant + factor * value;
    fixedpoint::Coverage tie;
    tie.see(Signal::membrane, layer, x, frac, membrane, fixedpoint::quantise(x, frac, membrane).raw);
    if (!wanted(tie)) continue;
    if (by_target ? set_nudge(p, program.beta_frac, unit, now(Signal::u), value, s)
                  : set_basal(played, layer, unit, value, s))
      return true;
  }
  return false;
}

}  // namespace apical::tools
