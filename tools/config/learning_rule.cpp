// SPDX-License-Identifier: Apache-2.0
#include "tools/config/learning_rule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/settings/settings_error.hpp"
#include "tools/config/imperfections.hpp"

namespace apical::tools {
namespace {

// A gradient has no dynamics: what makes a voltage differ from its input, or arrive late, has no place in it.
void check_control(const Config& config) {
  const model::GoldenSettings& s = config.network;
  const auto needs = [&](bool holds, const char* key, const auto& value, const char* wanted) {
    if (!holds)
      throw SettingsError(key, fmt::format("{} with learning.rule \"{}\"", value, name_of(config.rule)),
                          wanted);
  };
  needs(config.circuit == Circuit::plain, "network.circuit", name_of(config.circuit), "plain");
  needs(std::all_of(s.connections.begin(), s.connections.end(),
                    [](const auto& c) { return c.first < c.second; }),
        "network.connections", "recurrence", "connections upwards");
  needs(s.flow == model::Flow::latent_equilibrium, "dynamics.flow", name_of(s.flow), "latent-equilibrium");
  needs(std::all_of(s.rho.begin(), s.rho.end(), [](double rho) { return rho == 1.0; }), "dynamics.rho",
        s.rho.front(), "1");
  needs(config.rho_spread == 0.0, "dynamics.rho_spread", config.rho_spread, "0");
  needs(config.tau_spread == 0.0, "dynamics.tau_spread", config.tau_spread, "0");
  needs(s.response == model::Response::prospective, "dynamics.response", name_of(s.response), "prospective");
  needs(s.order == model::Order::sweep, "dynamics.order", name_of(s.order), "sweep");
  needs(s.trace == model::Trace::none, "learning.trace", name_of(s.trace), "none");
  if (config.rule != Rule::feedback_alignment) return;
  needs(s.connections.empty(), "network.connections", "a graph", "a chain of layers");
  refuse_imperfections(config, "learning.rule \"feedback-alignment\"");
}

}  // namespace

void check_rule(const Config& config) {
  if (config.rule != Rule::apical) check_control(config);
  if (config.accumulator_bits > 0 &&
      (config.imperfections.updates() || config.imperfections.weight_leak > 0.0))
    throw SettingsError("learning.accumulator_bits",
                        fmt::format("{} with imperfections.update_* or weight_leak, which act on weights",
                                    config.accumulator_bits),
                        "0");
}

model::GoldenSettings with_rule(const Config& config) {
  model::GoldenSettings s = config.network;
  if (config.rule == Rule::apical) return s;
  s.gamma = 0.0;
  s.fixed_feedback = config.rule == Rule::feedback_alignment;
  if (config.rule == Rule::last_layer) {
    if (s.eta.size() == 1) s.eta.resize(s.layers.size() - 1, s.eta.front());
    std::fill(s.eta.begin(), s.eta.end() - 1, 0.0);
  }
  return s;
}

}  // namespace apical::tools
