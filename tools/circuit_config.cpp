#include "tools/circuit_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace apical::tools {

void check_microcircuit(const Config& config) {
  const model::GoldenSettings& s = config.network;
  const auto needs = [](bool holds, const char* key, const auto& value, const char* wanted) {
    if (!holds)
      throw std::invalid_argument(
          fmt::format("{}: {} with network.circuit \"microcircuit\"; accepted: {}", key, value, wanted));
  };
  needs(s.flow == "latent-equilibrium", "dynamics.flow", s.flow, "latent-equilibrium");
  needs(s.order == "sweep", "dynamics.order", s.order, "sweep");
  needs(s.response == "prospective", "dynamics.response", s.response, "prospective");
  needs(s.trace == "none", "learning.trace", s.trace, "none");
  needs(s.gamma == 1.0, "dynamics.gamma", s.gamma, "1");
  needs(std::all_of(s.rho.begin(), s.rho.end(), [](double rho) { return rho == 1.0; }), "dynamics.rho",
        s.rho.front(), "1");
  needs(s.bias, "network.bias", s.bias, "true");
}

model::MicrocircuitSettings microcircuit_of(const Config& config) {
  model::MicrocircuitSettings s = config.microcircuit;
  s.layers = config.network.layers;
  s.activation = model::parse_activation(config.activation);
  s.dt = config.network.dt;
  s.beta = config.network.beta;
  s.eta = config.network.eta;
  s.learning = config.network.learning;
  return s;
}

std::vector<std::string> weight_names(const Config& config) {
  const int layers = static_cast<int>(config.network.layers.size());
  if (config.circuit == "microcircuit") return model::circuit_names(layers - 1);
  return model::weight_names(config.network.connections, layers);
}

}  // namespace apical::tools
