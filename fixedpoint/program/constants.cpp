// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/constants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace apical::fixedpoint {
namespace {

Constant constant(std::string name, std::string key, double asked, std::int64_t raw, int frac) {
  Constant c;
  c.name = std::move(name);
  c.key = std::move(key);
  c.asked = asked;
  c.effective = std::ldexp(static_cast<double>(raw), -frac);
  c.smallest = std::ldexp(0.5, -frac);
  return c;
}

// Of one constant per unit the one that loses most.
template <class Asked>
Constant worst(const Population& p, const char* name, const char* key, const std::vector<std::int64_t>& raw,
               int frac, Asked asked) {
  Constant most;
  for (int unit = 0; unit < p.units; ++unit) {
    Constant one = constant(fmt::format("{} of {}", name, p.name), key, asked(unit),
                            raw[static_cast<std::size_t>(unit)], frac);
    if (unit == 0 || std::abs(one.relative_error()) > std::abs(most.relative_error())) most = std::move(one);
  }
  return most;
}

}  // namespace

int fraction_bits(const std::vector<double>& asked, int least, int finest) {
  const double largest = *std::max_element(asked.begin(), asked.end());
  const auto holds = [&](int frac) {
    return std::llround(std::ldexp(largest, frac)) < std::int64_t{1} << constant_bits;
  };
  int frac = least;
  const auto near = [&](double one) {
    const Constant c = constant({}, {}, one, to_register(one, frac, constant_bits), frac);
    return std::abs(c.relative_error()) <= constant_error;
  };
  while (frac < finest && holds(frac + 1) && !std::all_of(asked.begin(), asked.end(), near)) ++frac;
  return frac;
}

std::vector<Constant> constants(const NetworkDescription& net, const Program& program, double last_scale) {
  std::vector<Constant> all;
  all.push_back(constant("beta", "dynamics.beta", program.beta,
                         to_register(program.beta, program.beta_frac, constant_bits), program.beta_frac));
  int first = 0;
  for (int k = 1; k <= program.output; ++k) {
    const Population& p = program.populations[static_cast<std::size_t>(k)];
    all.push_back(worst(p, "rho", "dynamics.rho", p.rho, rho_frac,
                        [&](int unit) { return asked_rho(net, first + unit); }));
    all.push_back(worst(p, "alpha", net.alpha.empty() ? "dynamics.dt" : "dynamics.alpha", p.alpha,
                        program.alpha_frac, [&](int unit) { return asked_alpha(net, first + unit); }));
    first += p.units;
  }
  if (net.microcircuit)
    all.push_back(constant(
        "lambda", "network.lambda", net.lambda,
        (std::int64_t{1} << rho_frac) - to_register(1.0 - net.lambda, rho_frac, constant_bits), rho_frac));
  for (const Projection& p : program.projections) {
    const auto rate = [&](const char* which, const char* key, double scale) {
      const double eta = p.eta_dt * scale;
      all.push_back(constant(which + p.name, key, eta, to_register(eta, p.eta_frac, eta_bits), p.eta_frac));
    };
    if (p.learns) rate("eta of ", "learning.eta", 1.0);
    if (p.learns && last_scale != 1.0) {
      rate("last eta of ", "learning.decay", last_scale);
      all.back().scheduled = true;
    }
    if (p.bias)
      all.push_back(constant("one of " + p.name, p.source == 0 ? "formats.input.frac" : "formats.rate.frac",
                             1.0, p.one,
                             program.populations[static_cast<std::size_t>(p.source)][Signal::rate].frac));
  }
  return all;
}

std::vector<DeadZone> dead_zones(const Program& program) {
  std::vector<DeadZone> all;
  for (int k = 1; k <= program.output; ++k) {
    const Population& p = program.populations[static_cast<std::size_t>(k)];
    std::int64_t slowest = 0;
    for (std::size_t unit = 0; unit < p.alpha.size(); ++unit)
      if (p.alpha[unit] > 0 && (program.advanced_response || p.rho[unit] != std::int64_t{1} << rho_frac) &&
          (slowest == 0 || p.alpha[unit] < slowest))
        slowest = p.alpha[unit];
    if (slowest == 0) continue;
    const Format& f = p[Signal::membrane];
    all.push_back(
        {p.name, unseen(f) * f.lsb() / std::ldexp(static_cast<double>(slowest), -program.alpha_frac)});
  }
  return all;
}

}  // namespace apical::fixedpoint
