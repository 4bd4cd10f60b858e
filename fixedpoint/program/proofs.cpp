// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/proofs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "fixedpoint/program/compiler.hpp"
#include "fixedpoint/program/passes.hpp"
#include "fixedpoint/program/width_proof.hpp"

namespace apical::fixedpoint {
namespace {

class Proofs {
 public:
  explicit Proofs(const Program& program) : program_(program) {}

  void all_of(int population);

  std::vector<WidthProof> all;

 private:
  void sums();
  void learning(const Projection&);
  void neuron(const Population&);
  void copies(const Population&);

  const Population& population(int index) const {
    return program_.populations[static_cast<std::size_t>(index)];
  }
  const Projection& projection(int index) const {
    return program_.projections[static_cast<std::size_t>(index)];
  }
  void add(Intermediate kind, const std::string& name, const std::string& reason, const Bound& bound,
           const std::string& formats) {
    all.push_back(prove(kind, population_, name, reason, bound, formats));
  }
  void add(const std::string& name, const std::string& reason, const Bound& bound,
           const std::string& formats) {
    add(Intermediate::other, name, reason, bound, formats);
  }
  template <class Term>
  void accumulator(Intermediate kind, const std::vector<int>& projections, const std::string& formats,
                   const Term& term);

  const Program& program_;
  int population_ = 0;  // that the proofs are of
};

// All that one pass of sums adds up. `term` has the reason and the bound of one projection.
template <class Term>
void Proofs::accumulator(Intermediate kind, const std::vector<int>& projections, const std::string& formats,
                         const Term& term) {
  std::string name = kind == Intermediate::forward_sum ? "accumulator of FORWARD" : "accumulator of BACKWARD",
              reason;
  Bound total{};
  for (const int index : projections) {
    const Projection& p = projection(index);
    const auto [text, bound] = term(p);
    if (!reason.empty() && bound.frac != total.frac)
      throw std::invalid_argument(
          fmt::format("{}: {} has {} fraction bits where another has {}; accepted: equal sums of frac ({})",
                      name, p.name, bound.frac, total.frac, formats));
    total = reason.empty() ? bound : total + bound;
    name += " " + p.name;
    reason += (reason.empty() ? "" : " + ") + text;
  }
  if (!projections.empty()) add(kind, name, reason, total, formats);
}

void Proofs::sums() {
  accumulator(Intermediate::forward_sum, forwards_into(program_, population_),
              "formats.weight, formats.rate, formats.input", [&](const Projection& p) {
                const Bound value = bound_of(population(p.source)[Signal::rate]);
                return std::pair(
                    fmt::format("{} columns x |weight| x |{}|", p.columns, p.source == 0 ? "input" : "rate"),
                    times(bound_of(p.weight) * value, p.columns));
              });
  accumulator(Intermediate::backward_sum, backwards_into(program_, population_),
              "formats.weight, formats.error", [&](const Projection& p) {
                const Bound error = bound_of(population(p.target)[Signal::error]);
                return std::pair(fmt::format("{} rows x |weight| x |error|", p.rows),
                                 times(bound_of(p.weight) * error, p.rows));
              });
}

void Proofs::learning(const Projection& p) {
  const Population& source = population(p.source);
  add("eta x error of LEARN " + p.name, "|eta register| x |error|",
      bound_of((1 << eta_bits) - 1, p.eta_frac) * bound_of(learning_signal_format(program_, p)),
      p.shares < 0 ? "formats.error" : "formats.rate");
  Bound change = bound_of(p.step) * bound_of(source[Signal::rate]);
  if (p.decay >= 0) change = change + Bound{bound_of(p.learned()).magnitude << p.decay, change.frac};
  add(Intermediate::weight_change, "step x rate of LEARN " + p.name,
      p.decay < 0 ? "|step| x |rate|, with room for rounding"
                  : "|step| x |rate| + |weight| x decay, with room for rounding",
      times(change, 2), "formats.step, formats.rate");
  const Bound moved = p.learn_shift < 0
                          ? aligned(change, p.learned().frac)
                          : Bound{change.magnitude >> static_cast<unsigned>(p.learn_shift), p.learned().frac};
  add(Intermediate::weight_change, "weight + change of LEARN " + p.name,
      "|weight| + |step x rate| at the weight's LSB",
      bound_of(p.learned()) + Bound{moved.magnitude + 1, p.learned().frac},
      "formats.step, formats.rate, formats.weight");
}

bool has_membrane(const Population& p) {
  return p.compartment == Compartment::soma || p.compartment == Compartment::interneuron;
}

// What pulls a membrane.
Bound away_from_membrane(const Population& p) {
  Bound sum = bound_of(p[Signal::basal]);
  for_each_signal(drive_signals & ~set_of(Signal::basal), [&](Signal s) { sum = sum + bound_of(p[s]); });
  return sum;
}

Bound membrane_bound(const Population& p, int alpha_frac, std::int64_t largest_alpha) {
  return bound_of(p[Signal::membrane]) * bound_of(std::int64_t{1} << alpha_frac, alpha_frac) +
         away_from_membrane(p) * bound_of(largest_alpha, alpha_frac);
}

void Proofs::neuron(const Population& p) {
  // At least 1: what 0 multiplies must be alignable as well.
  const std::int64_t rho_max = std::max<std::int64_t>(1, *std::max_element(p.rho.begin(), p.rho.end()));
  const std::int64_t alpha_max = std::max<std::int64_t>(1, *std::max_element(p.alpha.begin(), p.alpha.end()));
  const Bound away = away_from_membrane(p);
  const Bound one{std::int64_t{1} << rho_frac, rho_frac};
  const Bound prospective = bound_of(p[Signal::membrane]) * one + away * bound_of(rho_max, rho_frac);
  const std::string formats = "formats.basal, formats.nudge, formats.mismatch, formats.membrane";
  add("prospective voltage of " + p.name, "s + rho (basal + gamma nudge + m - s) - basal, aligned",
      prospective + bound_of(p[Signal::basal]) * one, formats);
  add("membrane of " + p.name, "s + alpha (basal + gamma nudge + m - s), aligned",
      membrane_bound(p, program_.alpha_frac, alpha_max), formats);
  if (population_ == program_.output)
    add("nudge of " + p.name, "beta x (target - u)",
        (bound_of(p[Signal::target]) + bound_of(p[Signal::u])) *
            bound_of((1 << constant_bits) - 1, program_.beta_frac),
        "formats.target, formats.u");
  else if (p.compartment == Compartment::soma)
    add("nudge of " + p.name, "slope x apical", bound_of(p[Signal::slope]) * bound_of(p[Signal::apical]),
        "formats.slope, formats.apical");
  if (program_.advanced_response)
    add("advanced response of " + p.name, "phi(s) + slope x rho (drive - s), aligned",
        bound_of(p[Signal::rate]) + bound_of(p[Signal::slope]) * (away * bound_of(rho_max, rho_frac)),
        formats + ", formats.slope");
  if (!program_.decay.empty())
    add("mismatch of " + p.name, "m(0) x decay",
        bound_of(p[Signal::mismatch]) * bound_of(std::int64_t{1} << decay_frac, decay_frac),
        "formats.mismatch");
}

// What a relay copies arrives at the finer of both binary points.
void Proofs::copies(const Population& p) {
  if (p.relayed < 0) return;
  const Population& from = population(p.relayed);
  const Signal signal = relayed_signal(p.compartment);
  const Bound value = bound_of(from[signal]);
  const auto copy = [&](Signal into) {
    add(fmt::format("{} of {}", name_of(into), p.name),
        fmt::format("{} of {}, aligned", name_of(signal), from.name),
        aligned(value, std::max(value.frac, p[into].frac)), "formats.u, formats.apical, formats.error");
  };
  if (p.compartment == Compartment::dendrite) return;  // in the format that it has
  copy(p.compartment == Compartment::soma          ? Signal::apical
       : p.compartment == Compartment::interneuron ? Signal::membrane
                                                   : Signal::rate);
}

void Proofs::all_of(int index) {
  population_ = index;
  const Population& p = population(index);
  sums();
  for (const Projection& into : program_.projections)
    if (into.target == index && into.learns) learning(into);
  if (has_membrane(p)) neuron(p);
  copies(p);
}

}  // namespace

bool membrane_fits(const Population& p, int alpha_frac, std::int64_t largest_alpha) {
  return !has_membrane(p) ||
         bits_of(membrane_bound(p, alpha_frac, std::max<std::int64_t>(1, largest_alpha))) <=
             widest_accumulator;
}

std::vector<WidthProof> prove(const Program& program) {
  Proofs proofs(program);
  for (int k = 1; k < static_cast<int>(program.populations.size()); ++k) proofs.all_of(k);
  return std::move(proofs.all);
}

}  // namespace apical::fixedpoint
