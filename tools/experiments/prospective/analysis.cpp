// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "model/activation.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/unit.hpp"

namespace apical::tools {
namespace {

// Last over first voltage of three units in a chain that pass small signals on unchanged; x is omega tau.
// A membrane that fires on s + rho tau ds/dt answers its drive with h. Without errors (gamma = 0) that is
// all; with them every unit is also pulled by err = p - I of the one above, which doesn't vanish where rho
// isn't 1: p_k = h (p_{k-1} + p_{k+1} - p_k), solved from the top as a continued fraction.
std::complex<double> chain_theory(double x, double rho, double gamma) {
  const std::complex<double> i(0.0, 1.0);
  const std::complex<double> h = (1.0 + i * rho * x) / (1.0 + i * x);
  if (gamma == 0.0) return h * h * h;
  const std::complex<double> middle = h / (1.0 + h - h * h);
  return h * middle * (h / (1.0 + h - h * middle));
}

// r against phi(s) of the first unit, and against the same one tau later.
void lead_over_frequency(const Setting& setting, Findings& f) {
  Figure phase{
      "lead",
      "Phase lead of r over the rate of the membrane; the poster reads r as that rate one tau later.",
      "frequency, ω τ",
      "lead, degrees",
      {},
      true,
      false};
  Figure gain{"gain", "Gain of r over the rate of the membrane.", "frequency, ω τ", "gain", {}, true, true};
  double worst = 0.0;
  for (const model::Response response : {model::Response::advanced, model::Response::prospective}) {
    Config config = setting.config;
    config.network.response = response;
    Line lead{fmt::format("measured, {}", name_of(response)), {}, true}, size = lead;
    for (const double x : logarithmic(0.01, 10.0, setting.quick ? 7 : 25)) {
      const std::complex<double> ratio = unit_lead(config, x / config.network.tau, 0.5);
      lead.points.emplace_back(x, degrees(ratio));
      size.points.emplace_back(x, std::abs(ratio));
      if (x <= 0.1 * (1.0 + 1e-9)) worst = std::max(worst, std::abs(degrees(ratio * std::polar(1.0, -x))));
    }
    phase.lines.push_back(lead);
    gain.lines.push_back(size);
  }
  Line first{"1 + iωτ", {}, false}, first_gain = first, future{"r̄(t + τ)", {}, false}, future_gain = future;
  for (const double x : logarithmic(0.01, 10.0, 100)) {
    first.points.emplace_back(x, degrees({1.0, x}));
    first_gain.points.emplace_back(x, std::abs(std::complex<double>(1.0, x)));
    if (x < pi) future.points.emplace_back(x, x * 180.0 / pi);
    future_gain.points.emplace_back(x, 1.0);
  }
  phase.lines.push_back(first);
  phase.lines.push_back(future);
  gain.lines.push_back(first_gain);
  gain.lines.push_back(future_gain);
  f.figures.push_back(phase);
  f.figures.push_back(gain);
  f.at_most("phase error of r against the rate one tau later, up to 0.1/tau, degrees", worst, 1.0);
}

// Three units in a chain over rho: lag and gain of the last, against the linear theory. With errors (gamma =
// 1) the bound is on rho up to 1: beyond, the loop between neighbours loses its stability.
void sweep_of_rho(const Setting& setting, Findings& f) {
  constexpr double x = 0.5;  // omega tau
  Figure phase{"rho-phase",
               "Three units in a chain, ω τ = 0.5, over the mismatch ρ = τ_r / τ_m: they lag below 1 and run "
               "ahead above. With γ = 1 a unit is pulled by the errors of the one above as well.",
               "ρ",
               "phase of the output, degrees",
               {}};
  Figure gain{"rho-gain", "The same: gain of the chain.", "ρ", "gain", {}};
  double worst_phase = 0.0, worst_gain = 0.0;
  for (const double gamma : {0.0, 1.0}) {
    const std::string suffix = fmt::format(", γ = {}", gamma);
    Line angle{"measured" + suffix, {}, true}, size = angle;
    Line angle_theory{"theory" + suffix, {}, false}, size_theory = angle_theory;
    const int steps = setting.quick ? 3 : 15;
    for (int i = 0; i <= steps; ++i) {
      const double rho = 1.5 * i / steps;
      if (gamma == 1.0 && rho > 1.0 + 1e-9) break;
      Config config = setting.config;
      config.network.rho = {rho};
      config.network.gamma = gamma;
      const std::complex<double> ratio = chain_response(config, x / config.network.tau, 0.2);
      const std::complex<double> expected = chain_theory(x, rho, gamma);
      angle.points.emplace_back(rho, degrees(ratio));
      size.points.emplace_back(rho, std::abs(ratio));
      angle_theory.points.emplace_back(rho, degrees(expected));
      size_theory.points.emplace_back(rho, std::abs(expected));
      worst_phase = std::max(worst_phase, std::abs(degrees(ratio / expected)));
      worst_gain = std::max(worst_gain, std::abs(std::abs(ratio / expected) - 1.0));
      if (i == 0) f.numbers.emplace_back("lag at rho 0, degrees" + suffix, -degrees(ratio));
      if (std::abs(rho - 1.0) < 1e-9)
        f.at_most("lag at rho 1, degrees" + suffix, std::abs(degrees(ratio)), 0.5);
    }
    phase.lines.insert(phase.lines.end(), {angle, angle_theory});
    gain.lines.insert(gain.lines.end(), {size, size_theory});
  }
  f.figures.push_back(phase);
  f.figures.push_back(gain);
  f.at_most("phase over rho, off the linear theory, degrees", worst_phase, 1.0);
  f.at_most("gain over rho, off the linear theory", worst_gain, 0.03);
}

Findings analyse(const Setting& setting) {
  Findings f;
  lead_over_frequency(setting, f);
  sweep_of_rho(setting, f);
  return f;
}

}  // namespace

Experiment prospective() {
  return {
      "2", "Prospective coding",
      "Cortical neurons fire on a look-ahead of their voltage: r = r̄ + τ dr̄/dt is about r̄(t + τ), which "
      "undoes the lag of the membrane.",
      "A unit is driven by a sine; amplitude and phase of the rate it sends are compared with those of its "
      "membrane's rate, over frequency and for both responses. Then three units in a chain over the "
      "mismatch rho = tau_r / tau_m.",
      analyse};
}

}  // namespace apical::tools
