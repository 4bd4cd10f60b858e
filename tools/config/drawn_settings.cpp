// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <numeric>

#include "model/normal.hpp"
#include "model/settings/settings_error.hpp"
#include "tools/config/config.hpp"
#include "tools/config/learning_rule.hpp"

namespace apical::tools {
namespace {

// Streams apart from the weights, which come from the seed itself, and from each other.
constexpr std::uint64_t rho_stream = 0x7a75, tau_stream = 0x7a76;

// 1 + spread z for every neuron.
std::vector<double> factors(std::uint64_t stream, const Config& config, double spread, std::size_t neurons) {
  boost::random::mt19937_64 random((stream << 48U) ^ own_seed(config, config.imperfections.seed));
  boost::random::normal_distribution<double> normal;
  std::vector<double> all(neurons);
  for (double& factor : all) factor = 1.0 + spread * normal(random);
  return all;
}

}  // namespace

model::GoldenSettings drawn_settings(const Config& config) {
  model::GoldenSettings s = with_rule(config);
  for (const auto& [key, spread] :
       {std::pair{"rho_spread", config.rho_spread}, std::pair{"tau_spread", config.tau_spread}})
    if (spread > 0.0 && s.flow != model::Flow::latent_equilibrium)
      throw SettingsError(fmt::format("dynamics.{}", key),
                          fmt::format("{} with flow \"{}\"", spread, name_of(s.flow)),
                          "0, or flow = \"latent-equilibrium\"");
  if (config.rho_spread <= 0.0 && config.tau_spread <= 0.0) return s;
  const auto neurons = static_cast<std::size_t>(std::accumulate(s.layers.begin() + 1, s.layers.end(), 0));
  if (s.rho.size() == 1) s.rho.resize(neurons, s.rho.front());
  const auto scaled = [](std::vector<double>& values, const std::vector<double>& by, double high) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::clamp(values[i] * by[i], 0.0, high);
  };
  constexpr double largest_rho = 2.0;
  if (config.rho_spread > 0.0)
    scaled(s.rho, factors(rho_stream, config, config.rho_spread, neurons), largest_rho);
  if (config.tau_spread > 0.0) {
    // A membrane that is slower by 1 + spread z has alpha and rho = tau_r / tau_m that are smaller.
    std::vector<double> faster = factors(tau_stream, config, config.tau_spread, neurons);
    for (double& factor : faster) factor = 1.0 / std::max(factor, s.dt / s.tau);
    if (s.alpha.empty()) s.alpha.assign(neurons, s.dt / s.tau);
    scaled(s.alpha, faster, 1.0);
    scaled(s.rho, faster, largest_rho);
  }
  return s;
}

}  // namespace apical::tools
