#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/normal_distribution.hpp>
#include <numeric>

#include "tools/config.hpp"

namespace apical::tools {
namespace {

constexpr std::uint64_t stream = 0x7a75;  // apart from the weights, which come from the seed itself

}  // namespace

model::GoldenSettings drawn_settings(const Config& config) {
  model::GoldenSettings s = config.network;
  if (config.rho_spread <= 0.0) return s;
  if (s.flow != "latent-equilibrium")
    throw std::invalid_argument(
        fmt::format("dynamics.rho_spread: {} with flow \"{}\"; accepted: 0, or flow = \"latent-equilibrium\"",
                    config.rho_spread, s.flow));
  const auto neurons = static_cast<std::size_t>(std::accumulate(s.layers.begin() + 1, s.layers.end(), 0));
  if (s.rho.size() == 1) s.rho.resize(neurons, s.rho.front());
  boost::random::mt19937_64 random((stream << 48U) ^ config.seed);
  boost::random::normal_distribution<double> normal;
  for (double& rho : s.rho) rho = std::clamp(rho * (1.0 + config.rho_spread * normal(random)), 0.0, 2.0);
  return s;
}

}  // namespace apical::tools
