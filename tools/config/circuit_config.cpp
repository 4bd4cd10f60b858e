// SPDX-License-Identifier: Apache-2.0
#include "tools/config/circuit_config.hpp"
#include "model/settings/settings_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace apical::tools {

void check_microcircuit(const Config& config) {
  const model::GoldenSettings& s = config.network;
  const auto needs = [](bool holds, const char* key, const auto& value, const char* wanted) {
    if (!holds)
      throw SettingsError(key, fmt::format("{} with network.circuit \"microcircuit\"", value), wanted);
  };
  needs(s.flow == model::Flow::latent_equilibrium, "dynamics.flow", name_of(s.flow), "latent-equilibrium");
  needs(s.order == model::Order::sweep, "dynamics.order", name_of(s.order), "sweep");
  needs(s.response == model::Response::prospective, "dynamics.response", name_of(s.response), "prospective");
  needs(s.trace == model::Trace::none, "learning.trace", name_of(s.trace), "none");
  needs(s.gamma == 1.0, "dynamics.gamma", s.gamma, "1");
  needs(std::all_of(s.rho.begin(), s.rho.end(), [](double rho) { return rho == 1.0; }), "dynamics.rho",
        s.rho.front(), "1");
  needs(s.bias, "network.bias", s.bias, "true");
}

model::MicrocircuitSettings microcircuit_of(const Config& config) {
  model::MicrocircuitSettings s = config.microcircuit;
  s.layers = config.network.layers;
  s.activation = config.network.activation;
  s.dt = config.network.dt;
  s.beta = config.network.beta;
  s.eta = config.network.eta;
  s.learning = config.network.learning;
  return s;
}

std::vector<std::string> weight_names(const Config& config) {
  const int layers = static_cast<int>(config.network.layers.size());
  if (config.circuit == Circuit::microcircuit) return model::circuit_names(layers - 1);
  std::vector<std::string> names = model::weight_names(config.network.connections, layers);
  for (int k = 2; config.rule == Rule::feedback_alignment && k < layers; ++k)
    names.push_back(fmt::format("B{}", k));
  return names;
}

}  // namespace apical::tools
