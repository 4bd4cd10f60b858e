// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/network.hpp"
#include "fixedpoint/program/require.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

namespace apical::fixedpoint {
namespace {

// Every layer hears something, every layer is heard, at last by the output, which itself drives nothing.
void check_connections(const NetworkDescription& net) {
  const char* const field = "network.connections";
  const int last = static_cast<int>(net.layers.size()) - 1;
  for (const auto& [source, target] : net.connections) {
    const std::string name = fmt::format("[{}, {}]", source, target);
    require(source >= 0 && source < last, field, name,
            fmt::format("sources 0 (the input)..{}, the output drives nothing", last - 1));
    require(target >= 1 && target <= last, field, name, fmt::format("targets 1..{}", last));
    require(std::count(net.connections.begin(), net.connections.end(), std::pair(source, target)) == 1, field,
            name + " given twice", "once");
  }
  const std::vector<std::pair<int, int>> all = ordered_connections(net);
  std::set<int> heard{last};
  for (int pass = 0; pass < last; ++pass)
    for (const auto& [source, target] : all)
      if (heard.count(target) != 0) heard.insert(source);
  for (int k = 1; k <= last; ++k) {
    require(std::any_of(all.begin(), all.end(), [&](const auto& c) { return c.second == k && c.first != k; }),
            "network.connections", fmt::format("nothing leads to layer {}", k), "a source for each");
    require(heard.count(k) != 0, "network.connections", fmt::format("layer {} doesn't lead to the output", k),
            "all do");
  }
}

void check_microcircuit(const NetworkDescription& net) {
  const auto needs = [](bool holds, const char* what, const char* accepted) {
    require(holds, "network.circuit", std::string("\"microcircuit\" ") + what, accepted);
  };
  needs(net.connections.empty(), "with network.connections", "one of them");
  needs(net.layers.size() >= 3, "without a hidden layer", "at least one");
  needs(!net.parallel_order, "in the parallel order", "dynamics.order = \"sweep\"");
  needs(!net.mismatch, "with a Lagrangian flow", "dynamics.flow = \"latent-equilibrium\"");
  needs(!net.advanced_response, "with dynamics.response = \"advanced\"", "\"prospective\"");
  needs(net.gamma == 1, "with dynamics.gamma = 0", "1");
  require(net.lambda >= 0.0 && net.lambda <= 1.0, "network.lambda", fmt::format("{}", net.lambda), "0..1");
  int exponent = 0;
  const double decay = net.weight_decay * net.dt, mantissa = std::frexp(decay, &exponent);
  require(decay == 0.0 || (mantissa == 0.5 && decay < 1.0), "learning.weight_decay",
          fmt::format("{}, {} in a tick", net.weight_decay, decay),
          fmt::format("0 or a power of two below 1 in a tick, as {}",
                      std::ldexp(1.0, std::min(exponent, 0) - 1) / net.dt));
  const std::size_t hidden = net.layers.size() - 2;
  for (const auto& [name, rates] : {std::pair("eta_pi", &net.eta_pi), std::pair("eta_ip", &net.eta_ip)}) {
    require(rates->size() == 1 || rates->size() == hidden, fmt::format("learning.{}", name),
            fmt::format("{} values", rates->size()),
            fmt::format("one, or one per hidden layer ({})", hidden));
    for (const double eta : *rates)
      require(eta >= 0.0 && std::isfinite(eta), fmt::format("learning.{}", name), fmt::format("{}", eta),
              "0 or more");
  }
}

}  // namespace

void check(const NetworkDescription& net) {
  require(net.layers.size() >= 2, "network.layers", fmt::format("{} layers", net.layers.size()),
          "an input and at least one layer, e.g. [64, 32, 10]");
  for (const int units : net.layers)
    require(units >= 1 && units < (1 << 20), "network.layers", fmt::format("{} units", units), "1..1048575");
  const std::size_t count = net.layers.size() - 1;
  require(net.layers.size() <= 200, "network.layers", fmt::format("{} layers", net.layers.size()),
          "at most 200");
  require(net.eta.size() == 1 || net.eta.size() == count, "learning.eta",
          fmt::format("{} values", net.eta.size()), fmt::format("one, or one per layer ({})", count));
  std::size_t units = 0;
  for (std::size_t k = 1; k <= count; ++k) units += static_cast<std::size_t>(net.layers[k]);
  require(net.rho.size() == 1 || net.rho.size() == units, "dynamics.rho",
          fmt::format("{} values", net.rho.size()), fmt::format("one, or one per neuron ({})", units));
  require(net.alpha.empty() || net.alpha.size() == units, "dynamics.alpha",
          fmt::format("{} values", net.alpha.size()), fmt::format("none, or one per neuron ({})", units));
  for (const double alpha : net.alpha)
    require(alpha >= 0.0 && alpha <= 1.0, "dynamics.alpha", fmt::format("{}", alpha), "0..1");
  require(net.theta_rate.size() == 1 || net.theta_rate.size() == count + 1, "events.theta_rate",
          fmt::format("{} values", net.theta_rate.size()),
          fmt::format("one, or one per layer with the input ({})", count + 1));
  require(net.theta_error.size() == 1 || net.theta_error.size() == count, "events.theta_error",
          fmt::format("{} values", net.theta_error.size()), fmt::format("one, or one per layer ({})", count));
  for (const int theta : net.theta_rate)
    require(theta >= 0, "events.theta_rate", fmt::format("{}", theta), "0 or more");
  for (const int theta : net.theta_error)
    require(theta >= 0, "events.theta_error", fmt::format("{}", theta), "0 or more");
  for (const double rho : net.rho)
    require(rho >= 0.0 && rho <= 2.0, "dynamics.rho", fmt::format("{}", rho), "0..2");
  for (const double eta : net.eta)
    require(eta >= 0.0 && std::isfinite(eta), "learning.eta", fmt::format("{}", eta), "0 or more");
  require(net.tau > 0.0 && net.dt > 0.0 && net.dt <= net.tau, "dynamics.dt", fmt::format("{} ms", net.dt),
          fmt::format("above 0 and at most tau ({} ms)", net.tau));
  require(net.beta >= 0.0 && net.beta < 4.0, "dynamics.beta", fmt::format("{}", net.beta), "0..4");
  require(net.gamma == 0 || net.gamma == 1, "dynamics.gamma", fmt::format("{}", net.gamma), "0, 1");
  check_connections(net);
  require(!net.fixed_feedback || (net.connections.empty() && !net.microcircuit && !net.mismatch),
          "learning.rule",
          "\"feedback-alignment\" with network.connections, a microcircuit or a Lagrangian flow",
          "a plain chain of layers");
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
  for (int k = 2; net.fixed_feedback && k < static_cast<int>(net.layers.size()); ++k)
    all.push_back({fmt::format("B{}", k), units(k), units(k - 1)});
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
