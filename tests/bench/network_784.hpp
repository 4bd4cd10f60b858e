// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <random>
#include <vector>

#include "fixedpoint/program/compiler.hpp"

namespace apical::bench {

/// A network with random weights, and rates at which a long run saturates nothing.
inline fixedpoint::NetworkDescription network(std::vector<int> layers) {
  fixedpoint::NetworkDescription net;
  net.layers = std::move(layers);
  net.eta = {2e-3};
  net.beta = 0.5;
  net.formats.by_signal = fixedpoint::default_formats();
  std::mt19937_64 random(7);
  for (std::size_t k = 1; k < net.layers.size(); ++k) {
    std::uniform_real_distribution<double> uniform(-0.1, 0.1);
    net.weights.emplace_back(static_cast<std::size_t>(net.layers[k]) *
                             static_cast<std::size_t>(net.layers[k - 1] + 1));
    for (double& w : net.weights.back()) w = uniform(random);
  }
  return net;
}

/// What the tick benchmarks run.
inline fixedpoint::NetworkDescription network_784() {
  auto net = network({784, 300, 100, 10});
  net.eta = {2e-3, 4e-4, 2e-4};
  return net;
}

inline std::vector<double> random_values(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::vector<double> values(count);
  for (double& v : values) v = uniform(random);
  return values;
}

/// Multiply-accumulates of one tick of 784-300-100-10: forward, backward, learning.
inline constexpr double weights_784 = 785.0 * 300 + 301.0 * 100 + 101.0 * 10;
inline constexpr double backward_784 = 300.0 * 100 + 100.0 * 10;
/// 16-bit weights read by FORWARD, BACKWARD and LEARN, and written by LEARN.
inline constexpr double bytes_per_tick = 2 * (3 * weights_784 + backward_784);
inline constexpr double macs_per_tick = 2 * weights_784 + backward_784;

}  // namespace apical::bench
