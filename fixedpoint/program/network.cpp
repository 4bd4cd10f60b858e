#include "fixedpoint/program/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

namespace apical::fixedpoint {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

// Every layer hears something, every layer is heard, at last by the output, which itself drives nothing.
void check_connections(const NetworkDescription& net) {
  const int last = static_cast<int>(net.layers.size()) - 1;
  for (const auto& [source, target] : net.connections) {
    const std::string name = fmt::format("network.connections: [{}, {}]", source, target);
    require(
        source >= 0 && source < last,
        fmt::format("{}: accepted sources: 0 (the input)..{}, the output drives nothing", name, last - 1));
    require(target >= 1 && target <= last, fmt::format("{}: accepted targets: 1..{}", name, last));
    require(std::count(net.connections.begin(), net.connections.end(), std::pair(source, target)) == 1,
            fmt::format("{}: given twice; accepted: once", name));
  }
  const std::vector<std::pair<int, int>> all = ordered_connections(net);
  std::set<int> heard{last};
  for (int pass = 0; pass < last; ++pass)
    for (const auto& [source, target] : all)
      if (heard.count(target) != 0) heard.insert(source);
  for (int k = 1; k <= last; ++k) {
    require(std::any_of(all.begin(), all.end(), [&](const auto& c) { return c.second == k && c.first != k; }),
            fmt::format("network.connections: nothing leads to layer {}; accepted: a source for each", k));
    require(heard.count(k) != 0,
            fmt::format("network.connections: layer {} doesn't lead to the output; accepted: all do", k));
  }
}

void check_microcircuit(const NetworkDescription& net) {
  const std::string where = "network.circuit: \"microcircuit\" ";
  require(net.connections.empty(), where + "with network.connections; accepted: one of them");
  require(net.layers.size() >= 3, where + "without a hidden layer; accepted: at least one");
  require(!net.parallel_order, where + "in the parallel order; accepted: dynamics.order = \"sweep\"");
  require(!net.mismatch, where + "with a Lagrangian flow; accepted: dynamics.flow = \"latent-equilibrium\"");
  require(!net.advanced_response, where + "with dynamics.response = \"advanced\"; accepted: \"prospective\"");
  require(net.gamma == 1, where + "with dynamics.gamma = 0; accepted: 1");
  require(net.lambda >= 0.0 && net.lambda <= 1.0,
          fmt::format("network.lambda: {}; accepted: 0..1", net.lambda));
  int exponent = 0;
  const double decay = net.weight_decay * net.dt, mantissa = std::frexp(decay, &exponent);
  require(
      decay == 0.0 || (mantissa == 0.5 && decay < 1.0),
      fmt::format("learning.weight_decay: {}, {} in a tick; accepted: 0 or a power of two below 1 in a tick, "
                  "as {}",
                  net.weight_decay, decay, std::ldexp(1.0, std::min(exponent, 0) - 1) / net.dt));
  const std::size_t hidden = net.layers.size() - 2;
  for (const auto& [name, rates] : {std::pair("eta_pi", &net.eta_pi), std::pair("eta_ip", &net.eta_ip)}) {
    require(rates->size() == 1 || rates->size() == hidden,
            fmt::format("learning.{}: {} values; accepted: one, or one per hidden layer ({})", name,
                        rates->size(), hidden));
    for (const double eta : *rates)
      require(eta >= 0.0 && std::isfinite(eta),
              fmt::format("learning.{}: {}; accepted: 0 or more", name, eta));
  }
}

}  // namespace

void check(const NetworkDescription& net) {
  require(net.layers.size() >= 2, "network.layers: needs an input and at least one layer, e.g. [64, 32, 10]");
  for (const int units : net.layers)
    require(units >= 1 && units < (1 << 20), "network.layers: every layer has 1..1048575 units");
  const std::size_t count = net.layers.size() - 1;
  require(net.layers.size() <= 200, "network.layers: at most 200 layers");
  require(
      net.eta.size() == 1 || net.eta.size() == count,
      fmt::format("learning.eta: {} values; accepted: one, or one per layer ({})", net.eta.size(), count));
  std::size_t units = 0;
  for (std::size_t k = 1; k <= count; ++k) units += static_cast<std::size_t>(net.layers[k]);
  require(
      net.rho.size() == 1 || net.rho.size() == units,
      fmt::format("dynamics.rho: {} values; accepted: one, or one per neuron ({})", net.rho.size(), units));
  require(net.alpha.empty() || net.alpha.size() == units,
          fmt::format("dynamics.alpha: {} values; accepted: none, or one per neuron ({})", net.alpha.size(),
                      units));
  for (const double alpha : net.alpha)
    require(alpha >= 0.0 && alpha <= 1.0, fmt::format("dynamics.alpha: {}; accepted: 0..1", alpha));
  require(net.theta_rate.size() == 1 || net.theta_rate.size() == count + 1,
          fmt::format("events.theta_rate: {} values; accepted: one, or one per layer with the input ({})",
                      net.theta_rate.size(), count + 1));
  require(net.theta_error.size() == 1 || net.theta_error.size() == count,
          fmt::format("events.theta_error: {} values; accepted: one, or one per layer ({})",
                      net.theta_error.size(), count));
  for (const int theta : net.theta_rate)
    require(theta >= 0, fmt::format("events.theta_rate: {}; accepted: 0 or more", theta));
  for (const int theta : net.theta_error)
    require(theta >= 0, fmt::format("events.theta_error: {}; accepted: 0 or more", theta));
  for (const double rho : net.rho)
    require(rho >= 0.0 && rho <= 2.0, fmt::format("dynamics.rho: {}; accepted: 0..2", rho));
  for (const double eta : net.eta)
    require(eta >= 0.0 && std::isfinite(eta), fmt::format("learning.eta: {}; accepted: 0 or more", eta));
  require(net.tau > 0.0 && net.dt > 0.0 && net.dt <= net.tau,
          fmt::format("dynamics.dt: {} ms; accepted: above 0 and at most tau ({} ms)", net.dt, net.tau));
  require(net.beta >= 0.0 && net.beta < 4.0, fmt::format("dynamics.beta: {}; accepted: 0..4", net.beta));
  require(net.gamma == 0 || net.gamma == 1, fmt::format("dynamics.gamma: {}; accepted: 0, 1", net.gamma));
  check_connections(net);
  if (net.microcircuit) check_microcircuit(net);
}

double asked_rho(const NetworkDescription& net, int unit) {
  return net.rho[net.rho.size() == 1 ? 0 : static_cast<std::size_t>(unit)];
}

double asked_alpha(const NetworkDescription& net, int unit) {
  return net.alpha.empty() ? net.dt / net.tau : net.alpha[static_cast<std::size_t>(unit)];
}

std::vector<std::pair<int, int>> ordered_connections(const NetworkDescription& net) {
  std::vector<std::pair<int, int>> all = net.connections;
  if (all.empty())
    for (int k = 1; k < static_cast<int>(net.layers.size()); ++k) all.emplace_back(k - 1, k);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second, a.first) < std::pair(b.second, b.first);
  });
  return all;
}

std::vector<MatrixShape> matrices(const NetworkDescription& net) {
  const auto units = [&](int layer) { return net.layers[static_cast<std::size_t>(layer)]; };
  std::vector<MatrixShape> all;
  int fed = 0;
  for (const auto& [source, target] : ordered_connections(net)) {
    const bool bias = net.bias && target != std::exchange(fed, target);
    all.push_back(
        {net.connections.empty() ? fmt::format("W{}", target) : fmt::format("W{}_{}", target, source),
         units(target), units(source) + (bias ? 1 : 0)});
  }
  const int hidden = net.microcircuit ? static_cast<int>(net.layers.size()) - 2 : 0;
  for (int k = 1; k <= hidden; ++k) all.push_back({fmt::format("B{}", k + 1), units(k), units(k + 1)});
  for (int k = 1; k <= hidden; ++k) all.push_back({fmt::format("WPI{}", k), units(k), units(k + 1)});
  for (int k = 1; k <= hidden; ++k)
    all.push_back({fmt::format("WIP{}", k), units(k + 1), units(k) + (net.bias ? 1 : 0)});
  return all;
}

const std::map<std::string, Format>& default_formats() {
  // Binary points for logistic or tanh units, +-8 weights and errors well under 1 (model/README.md).
  static const std::map<std::string, Format> formats = [] {
    const std::map<std::string, int> frac = {{"weight", 12},          {"input", 14},  {"target", 12},
                                             {"basal", 11},           {"apical", 14}, {"u", 11},
                                             {"membrane", 11},        {"rate", 14},   {"slope", 14},
                                             {"nudge", 15},           {"error", 15},  {"mismatch", 11},
                                             {"step", automatic_frac}};
    std::map<std::string, Format> table;
    for (const auto& [signal, bits] : frac) {
      Format f;
      f.bits = 16;
      f.frac = bits;
      f.rounding = signal == "weight" ? Rounding::stochastic : Rounding::rnd_conv;
      table[signal] = f;
    }
    return table;
  }();
  return formats;
}

}  // namespace apical::fixedpoint
