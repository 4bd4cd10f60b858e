// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/corner_proof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "fixedpoint/numeric/quantise.hpp"
#include "fixedpoint/program/alignment.hpp"
#include "fixedpoint/program/exact_range.hpp"

namespace apical::fixedpoint {
namespace {

class CornerRanges {
 public:
  explicit CornerRanges(const Program& program) : program_(program), layers_(program.populations.size()) {
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      const Population& p = program.populations[k];
      if (k > 0 && p.compartment == Compartment::soma)
        for (const auto& [signal, tables] :
             {std::pair{Signal::rate, &program.rate_tables}, std::pair{Signal::slope, &program.slope_tables}})
          at(static_cast<int>(k), signal) = only((*tables)[k].lookup(0));
      for (const Operation& o : operations())
        if (o.code == OpCode::update && o.index == static_cast<int>(k)) layers_[k].parts |= o.parts;
      at(static_cast<int>(k), Signal::target) = range_of(p[Signal::target]);
    }
    if (!layers_.empty())
      at(0, Signal::rate) = hull(Range{}, range_of(program.populations.front()[Signal::rate]));
  }

  CornerProof prove() {
    do {
      grown_ = false;
      for (int k = 1; k < static_cast<int>(layers_.size()); ++k) layer(k);
      ++passes_;
    } while (grown_);
    recording_ = true;
    for (int k = 1; k < static_cast<int>(layers_.size()); ++k) layer(k);
    for (std::size_t k = 0; k < program_.projections.size(); ++k) learning(program_.projections[k]);
    for (auto& [quantiser, why] : proof_)
      for (std::string& reason : why)
        if (reason == beyond_reach)
          reason = fmt::format("exact values lie within {:.7g} and {:.7g} LSB", extents_.at(quantiser).first,
                               extents_.at(quantiser).second);
    return std::move(proof_);
  }

 private:
  static constexpr int patience = 20'000;  // passes until what still grows is taken to fill its format
  static constexpr int cells = 64;         // of the basal range, where nudge and basal are of one moment
  static constexpr std::int64_t enumerable = 1 << 20;

  struct LayerRanges {
    std::array<Range, neuron_signals> ranges{};
    int parts = 0;
  };

  const Population& population(int k) const { return program_.populations[static_cast<std::size_t>(k)]; }
  Range& at(int k, Signal s) {
    return layers_[static_cast<std::size_t>(k)].ranges[static_cast<std::size_t>(s)];
  }
  bool has(int k, int part) const { return (layers_[static_cast<std::size_t>(k)].parts & part) != 0; }
  std::vector<Operation> operations() const {
    std::vector<Operation> all = program_.start;
    all.insert(all.end(), program_.operations.begin(), program_.operations.end());
    return all;
  }
  // A tick computes basal, soma, nudge and membrane of a population once each, in this order.
  bool one_moment(int k) const {
    std::vector<int> order;
    for (const Operation& o : program_.operations)
      for (int bit = part::basal; o.code == OpCode::update && o.index == k && bit <= part::voltage; bit *= 2)
        if ((o.parts & bit) != 0) order.push_back(bit);
    return order == std::vector<int>{part::basal, part::soma, part::error, part::membrane} &&
           program_.start.empty();
  }

  void grow(int k, Signal s, const Range& by) {
    Range& range = at(k, s);
    const Range larger = hull(range, passes_ < patience ? by : hull(by, range_of(population(k)[s])));
    grown_ = grown_ || range != larger;
    range = larger;
  }
  void note(Signal s, int k, const ExactRange& x, int frac, const Format& f, const CornerReasons& why) {
    const auto [found, is_new] = proof_.try_emplace({s, k}, why);
    for (std::size_t c = 0; c < corner_count && !is_new; ++c)
      if (why[c].empty()) found->second[c].clear();
    const double low = std::ldexp(static_cast<double>(x.range.low), f.frac - frac),
                 high = std::ldexp(static_cast<double>(x.range.high), f.frac - frac);
    const auto [extent, first] = extents_.try_emplace({s, k}, low, high);
    if (first) return;
    extent->second.first = std::min(extent->second.first, low);
    extent->second.second = std::max(extent->second.second, high);
  }
  // What the exact values become; the range of the signal grows by that.
  Range meet(Signal s, int k, const ExactRange& x, int frac) {
    const Format& f = population(k)[s];
    if (recording_) note(s, k, x, frac, f, unreachable(x, frac, f));
    const Range y = quantised(x.range, frac, f);
    grow(k, s, y);
    return y;
  }
  static Range looked_up(const ActivationTable& t, const Range& in) {
    Range y{t.exact(in.low), t.exact(in.low)};
    const auto see = [&](std::int64_t raw) {
      if (raw >= in.low && raw <= in.high) y = hull(y, only(t.exact(raw)));
    };
    see(in.high);
    const std::int64_t step = t.piecewise ? std::int64_t{1} << t.low_bits : 1;
    const std::int64_t first = t.lowest() + (in.low - t.lowest()) / step * step;
    for (std::int64_t raw = first; raw <= in.high; raw += step) {
      see(raw);
      see(raw + step - 1);
    }
    return y;
  }
  Range meet_table(Signal s, int k, const ActivationTable& t, const Range& in) {
    const Format& f = population(k)[s];
    const Range x = looked_up(t, in);
    if (recording_) {
      auto why = unreachable({x, 0}, t.exact_frac(), f);
      if (in.high - in.low < enumerable) {
        Coverage seen;
        for (std::int64_t raw = in.low; raw <= in.high; ++raw)
          for (const std::uint32_t random : {0u, 0xffffu}) {
            const std::int64_t exact = t.exact(raw);
            seen.see(s, k, exact, t.exact_frac(), f, quantise(exact, t.exact_frac(), f, random).raw);
          }
        const Coverage::Counts& counts = seen.counts().at({s, k});
        for (std::size_t c = 0; c < corner_count; ++c)
          if (why[c].empty() && counts[c] == 0) why[c] = "no input of the table leads there";
      }
      note(s, k, {x, 0}, t.exact_frac(), f, why);
    }
    const Range y = quantised(x, t.exact_frac(), f);
    grow(k, s, y);
    return y;
  }

  void basal(int k) {
    Range sum;
    int frac = 0;
    for (const int index : forwards_into(program_, k)) {
      const Projection& p = program_.projections[static_cast<std::size_t>(index)];
      const std::int64_t sources = p.columns - (p.bias ? 1 : 0);
      sum = sum + only(sources) * (hull({}, range_of(p.weight)) * hull({}, at(p.source, Signal::rate)));
      if (p.bias) sum = sum + only(p.one) * hull({}, range_of(p.weight));
      frac = p.weight.frac + population(p.source)[Signal::rate].frac;
    }
    meet(Signal::basal, k, {sum, 0}, frac);
  }
  void apical(int k) {
    if (population(k).relayed >= 0) return copy(k, Signal::apical);
    Range sum;
    int frac = 0;
    for (const int index : backwards_into(program_, k)) {
      const Projection& p = program_.projections[static_cast<std::size_t>(index)];
      sum = sum + only(p.rows) * (hull({}, range_of(p.weight)) * hull({}, at(p.target, Signal::error)));
      frac = p.weight.frac + population(p.target)[Signal::error].frac;
    }
    meet(Signal::apical, k, {sum, 0}, frac);
  }
  void copy(int k, Signal into) {
    const int from = population(k).relayed;
    const Signal signal = relayed_signal(population(k).compartment);
    meet(into, k, {at(from, signal), 0}, population(from)[signal].frac);
  }

  void layer(int k) {
    const Population& p = population(k);
    if (p.compartment == Compartment::relay || p.compartment == Compartment::error_relay)
      return copy(k, Signal::rate);
    basal(k);
    if (has(k, part::start_error))
      meet(Signal::error, k, sum_of({{-1, at(k, Signal::basal)}}), p[Signal::basal].frac);
    if (p.compartment == Compartment::dendrite) return;
    if (p.compartment == Compartment::soma && k != program_.output && has(k, part::error)) apical(k);
    if (p.compartment == Compartment::interneuron) copy(k, Signal::membrane);
    const Range all = at(k, Signal::basal);
    const std::int64_t parts = one_moment(k) ? cells : 1, width = (all.high - all.low) / parts + 1;
    for (std::int64_t low = all.low; low <= all.high; low += width)
      cell(k, {low, std::min(low + width - 1, all.high)});
    if (!program_.decay.empty()) mismatch(k);
  }

  // start · s + rho (drive - s), of all units
  ExactRange away(int k, const Range& basal, const Range& nudge, std::int64_t from_basal,
                  std::int64_t from_membrane, const std::vector<std::int64_t>& constants) {
    const Alignment a(population(k));
    ExactRange x;
    bool first = true;
    for (const std::int64_t rho : std::set<std::int64_t>(constants.begin(), constants.end())) {
      const ExactRange one = sum_of({{a.basal * (rho + from_basal), basal},
                                     {program_.gamma * a.nudge * rho, nudge},
                                     {a.mismatch * rho, at(k, Signal::mismatch)},
                                     {a.membrane * (from_membrane - rho), at(k, Signal::membrane)}});
      x = first ? one : hull(x, one);
      first = false;
    }
    return x;
  }

  // One tick of a soma or an interneuron while its basal is in a part of its range.
  void cell(int k, const Range& basal) {
    const Population& p = population(k);
    const Alignment a(p);
    constexpr std::int64_t one_rho = std::int64_t{1} << rho_frac;
    const Range before = at(k, Signal::nudge);
    const Range u = meet(Signal::u, k, away(k, basal, before, 0, one_rho, p.rho), a.frac + rho_frac);
    Range slope = at(k, Signal::slope);
    if (p.compartment == Compartment::interneuron) {
      meet(Signal::rate, k, {at(k, Signal::u), 0}, p[Signal::u].frac);
    } else {
      const auto index = static_cast<std::size_t>(k);
      const Range in = program_.advanced_response ? at(k, Signal::membrane) : u;
      slope = meet_table(Signal::slope, k, program_.slope_tables[index], in);
      if (!program_.advanced_response) {
        meet_table(Signal::rate, k, program_.rate_tables[index], in);
      } else {
        const ActivationTable& t = program_.rate_tables[index];
        const Range found = quantised(looked_up(t, in), t.exact_frac(), t.out);
        const int product_frac = p[Signal::slope].frac + a.frac + rho_frac;
        const int frac = std::max(product_frac, p[Signal::rate].frac);
        const Range product = slope * away(k, basal, before, 0, 0, p.rho).range;
        meet(Signal::rate, k,
             {found * Range{std::int64_t{1} << (frac - p[Signal::rate].frac),
                            std::int64_t{1} << (frac - p[Signal::rate].frac)} +
                  product * Range{std::int64_t{1} << (frac - product_frac),
                                  std::int64_t{1} << (frac - product_frac)},
              0},
             frac);
      }
    }
    if (!has(k, part::error | part::start_mismatch) && !has(k, part::membrane)) return;
    Range nudge;
    if (p.compartment == Compartment::soma) {
      const bool related = one_moment(k);
      if (k == program_.output) {
        const int frac = std::max(p[Signal::target].frac, p[Signal::u].frac);
        const ExactRange missing =
            sum_of({{std::int64_t{1} << (frac - p[Signal::target].frac), at(k, Signal::target)},
                    {-(std::int64_t{1} << (frac - p[Signal::u].frac)), related ? u : at(k, Signal::u)}});
        nudge = meet(Signal::nudge, k, {Range{0, 0xffff} * missing.range, 0}, frac + program_.beta_frac);
      } else {
        nudge = meet(Signal::nudge, k, {(related ? slope : at(k, Signal::slope)) * at(k, Signal::apical), 0},
                     p[Signal::slope].frac + p[Signal::apical].frac);
      }
      if (!related) nudge = at(k, Signal::nudge);
    }
    if (program_.gamma == 0)
      meet(Signal::error, k, {nudge, 0}, p[Signal::nudge].frac);
    else
      meet(Signal::error, k, away(k, basal, nudge, -one_rho, one_rho, p.rho), a.frac + rho_frac);
    if (p.compartment == Compartment::soma && has(k, part::membrane))
      meet(Signal::membrane, k, away(k, basal, nudge, 0, std::int64_t{1} << program_.alpha_frac, p.alpha),
           a.frac + program_.alpha_frac);
  }

  void mismatch(int k) {
    const Population& p = population(k);
    const Alignment a(p);
    const Range start =
        meet(Signal::mismatch, k,
             sum_of({{-a.basal, at(k, Signal::basal)}, {-a.nudge, at(k, Signal::nudge)}}), a.frac);
    meet(Signal::mismatch, k, {hull({}, start) * Range{0, std::int64_t{1} << decay_frac}, 0},
         p[Signal::mismatch].frac + decay_frac);
  }

  void learning(const Projection& p) {
    if (!p.learns || !program_.learning) return;
    const int frac = p.eta_frac + learning_signal_format(program_, p).frac;
    const Range learning_signal =
        p.shares < 0 ? at(p.target, Signal::error) : at(population(p.target).relayed, Signal::rate);
    const Range x = Range{0, (1 << eta_bits) - 1} * learning_signal;
    note(Signal::step, p.target, {x, 0}, frac, p.step, unreachable({x, 0}, frac, p.step));
    const Range rate = hull(at(p.source, Signal::rate), {0, p.bias ? p.one : 0});
    const int change_frac = p.step.frac + population(p.source)[Signal::rate].frac;
    Range product = quantised(x, frac, p.step) * rate;
    if (p.decay >= 0)
      product = product + only(-(std::int64_t{1} << p.decay)) * hull({}, range_of(p.learned()));
    const ExactRange change{product, 0};
    auto why = unreachable(change, change_frac, p.learned());
    for (const Corner limit : {Corner::low, Corner::high})
      why[index_of(limit)].clear();  // weights begin there
    note(Signal::weight, p.target, change, change_frac, p.learned(), why);
  }

  const Program& program_;
  std::vector<LayerRanges> layers_;
  CornerProof proof_;
  std::map<std::pair<Signal, int>, std::pair<double, double>> extents_;  ///< of exact values, in LSB
  bool grown_ = false, recording_ = false;
  int passes_ = 0;
};

}  // namespace

CornerProof prove_corners(const Program& program) {
  return CornerRanges(program).prove();
}

}  // namespace apical::fixedpoint
