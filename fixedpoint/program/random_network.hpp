// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>
#include <random>
#include <vector>

#include "fixedpoint/program/compiler.hpp"

namespace apical::fixedpoint {

/// Default formats and normal weights of standard deviation 0.5 (bias included), beta 0.5, eta 0.1.
inline NetworkDescription plain_network(std::vector<int> layers, std::uint64_t seed) {
  NetworkDescription net;
  net.layers = std::move(layers);
  net.beta = 0.5;
  net.eta = {0.1};
  net.formats.by_signal = default_formats();
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0.0, 0.5);
  for (std::size_t k = 1; k < net.layers.size(); ++k) {
    net.weights.emplace_back(static_cast<std::size_t>(net.layers[k] * (net.layers[k - 1] + 1)));
    for (double& w : net.weights.back()) w = normal(random);
  }
  return net;
}

/// Any network that compiles: shapes, formats, roundings, overflows, orders and rules at random.
class RandomNetwork {
 public:
  explicit RandomNetwork(std::uint64_t seed) : random_(seed) {}

  NetworkDescription operator()() {
    NetworkDescription net;
    net.layers = {1 + below(20)};
    for (int k = 1 + below(3); k > 0; --k) net.layers.push_back(1 + below(k == 1 ? 6 : 90));
    net.activation = static_cast<Function>(below(5));
    net.bias = below(4) != 0;
    net.tau = 2.0 + below(12);
    net.gamma = below(4) == 0 ? 0 : 1;
    net.advanced_response = below(4) == 0;
    net.parallel_order = below(3) == 0;
    net.mismatch = below(3) == 0;
    net.beta = 0.1 + 0.1 * below(9);
    if (below(4) == 0) net.beta *= 0.0003;  // one draw per statement: C++ orders no operands
    net.eta = {std::ldexp(0.7, -below(7))};
    net.learning = below(5) != 0;
    net.seed = static_cast<std::uint32_t>(random_());
    std::size_t units = 0;
    for (std::size_t k = 1; k < net.layers.size(); ++k) units += static_cast<std::size_t>(net.layers[k]);
    net.rho = {below(3) == 0 ? 0.25 * below(8) : 1.0};
    if (below(3) == 0) {
      net.rho.clear();
      for (std::size_t i = 0; i < units; ++i) net.rho.push_back(0.125 * below(17));
    }
    if (below(3) == 0) {
      const double slower = below(3) == 0 ? 0.0003 : 1.0;  // of which 15 fraction bits make little
      for (std::size_t i = 0; i < units; ++i) net.alpha.push_back(0.0625 * below(17) * slower);
    }
    formats(net);
    weights(net);
    return net;
  }

  /// The same with skips and recurrence, or as a microcircuit.
  NetworkDescription graph() {
    NetworkDescription net = (*this)();
    const int last = static_cast<int>(net.layers.size()) - 1;
    auto& formats = net.formats.by_signal;
    formats["input"].frac = formats["rate"].frac;  // they meet in one sum
    net.microcircuit = last > 1 && below(2) == 0;
    if (net.microcircuit) {
      net.lambda = 0.25 * below(5);
      net.feedback_learns = below(2) == 0;
      net.eta_pi = {0.125 * below(4)};
      net.eta_ip = {0.125 * below(4)};
      if (below(2) == 0) net.weight_decay = std::ldexp(1.0 / net.dt, -1 - below(12));
      net.gamma = 1;
      net.advanced_response = net.parallel_order = net.mismatch = false;
      try {
        compile_shape(net);
      } catch (const std::invalid_argument&) {
        net.weight_decay = 0.0;  // finer than these formats' products
      }
    } else {
      for (int k = 1; k <= last; ++k) net.connections.emplace_back(k - 1, k);
      for (int source = 0; source < last; ++source)
        for (int target = 1; target <= last; ++target)
          if (target != source + 1 && below(2) == 0) net.connections.emplace_back(source, target);
    }
    weights(net);
    return net;
  }

  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

 private:
  void weights(NetworkDescription& net) {
    net.weights.clear();
    for (const MatrixShape& matrix : matrices(net)) {
      net.weights.emplace_back(static_cast<std::size_t>(matrix.rows) *
                               static_cast<std::size_t>(matrix.columns));
      std::normal_distribution<double> normal(0.0, 1.0 / std::sqrt(static_cast<double>(matrix.columns)));
      for (double& w : net.weights.back()) w = normal(random_);
    }
  }

  void formats(NetworkDescription& net) {
    net.formats.by_signal = default_formats();
    const int narrower = below(8);  // all signals lose so many bits, so that rounding is coarse
    for (auto& [name, f] : net.formats.by_signal) {
      f.bits -= narrower;
      if (name != "step") f.frac -= narrower;
      if (below(3) == 0) f.rounding = static_cast<Rounding>(below(8));
      if (below(4) == 0) f.overflow = static_cast<Overflow>(below(4));
      if (name == "rate" && below(4) == 0) f.is_signed = false;
    }
    Format& weight = net.formats.by_signal["weight"];
    weight.bits = 3 + below(16);
    weight.frac = weight.bits - 3;
    weight.overflow = below(6) == 0 ? static_cast<Overflow>(below(4)) : Overflow::sat;
    if (below(2) == 0) weight.rounding = static_cast<Rounding>(below(8));
    if (below(8) == 0) net.formats.by_signal["error"].bits = 18;  // beyond the 16-bit kernels
  }

  std::mt19937_64 random_;
};

/// Inputs and targets that hold, jump, fade, fall silent and come back, with the nudge on and off.
class RandomStimulus {
 public:
  RandomStimulus(const NetworkDescription& net, std::uint64_t seed)
      : input(static_cast<std::size_t>(net.layers.front())),
        target(static_cast<std::size_t>(net.layers.back())),
        random_(seed) {}

  void next() {
    const auto draw = [&] { return static_cast<double>(random_() >> 11) * 0x1p-53; };
    switch (random_() % 6) {
      case 0:
        for (double& x : input) x = random_() % 2 == 0 ? 0.0 : draw();
        break;
      case 1:
        for (double& x : target) x = 2.0 * draw() - 0.5;
        break;
      case 2:
        for (double& x : input) x *= 0.75;
        break;
      case 3:
        input[random_() % input.size()] = draw();
        break;
      default:
        break;
    }
    if (random_() % 5 == 0) beta = random_() % 3 == 0 ? 0.0 : 0.5;
  }

  std::vector<double> input, target;
  double beta = 0.5;

 private:
  std::mt19937_64 random_;
};

}  // namespace apical::fixedpoint
