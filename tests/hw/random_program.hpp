// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <random>
#include <stdexcept>

#include "fixedpoint/program/compiler.hpp"
#include "sim/isa/image.hpp"

namespace apical::test {

/// An activation that nobody has a name for: samples that rise and fall, some of them beyond the formats.
inline SharedSamples random_samples(std::mt19937_64& random) {
  const auto part = [&] { return static_cast<double>(random() % 1024) / 1024; };
  auto samples = std::make_shared<ActivationSamples>();
  double u = -6.0 * part();
  for (int i = 0; i < 12; ++i) {
    samples->u.push_back(u);
    samples->rate.push_back(3.0 * part() - 1.0);
    samples->slope.push_back(2.0 * part() - 0.5);
    u += 0.01 + 1.5 * part();
  }
  return samples;
}

/// A small network in which everything that may vary does: shape, function, orders, rules, formats,
/// roundings, overflows, thresholds.
inline fixedpoint::NetworkDescription random_small_network(std::mt19937_64& random) {
  using namespace fixedpoint;
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  NetworkDescription net;
  const int count = 2 + below(3);
  for (int k = 0; k < count; ++k) net.layers.push_back(1 + below(k == 0 ? 20 : 14));
  static constexpr Function functions[] = {Function::logistic, Function::tanh, Function::hard_sigmoid,
                                           Function::softplus, Function::relu, Function::linear,
                                           Function::silu};
  const auto function = static_cast<std::size_t>(below(8));
  net.activation = function < std::size(functions) ? AnyFunction(functions[function])
                                                   : AnyFunction(random_samples(random));
  net.bias = below(4) != 0;
  net.gamma = below(2);
  net.advanced_response = below(2);
  net.parallel_order = below(2);
  net.mismatch = below(2);
  net.learning = below(4) != 0;
  net.seed = static_cast<std::uint32_t>(random());
  net.beta = 0.5;
  net.eta = {0.02 * (1 + below(20))};
  net.tau = 10.0;
  net.dt = 1.0 + below(4);
  std::size_t units = 0;
  for (int k = 1; k < count; ++k) units += static_cast<std::size_t>(net.layers[static_cast<std::size_t>(k)]);
  const double slower = net.seed % 3 == 0 ? 0.0017 : 1.0;  // alphas that need more fraction bits
  net.rho.clear();
  for (std::size_t i = 0; i < units; ++i) {
    net.rho.push_back(below(3) ? 1.0 : 0.1 * below(20));
    net.alpha.push_back(0.05 * (1 + below(20)) * slower);
  }
  net.formats.by_signal = default_formats();
  for (auto& [name, format] : net.formats.by_signal) {
    if (below(3) != 0) {
      const int cut = below(7) - 1;
      format.bits -= cut;
      if (format.frac != automatic_frac) format.frac -= cut + below(3) - 1;
    }
    if (below(3) != 0) format.rounding = static_cast<Rounding>(below(8));
    if (below(4) == 0) format.random_bits = 1 + below(16);
    if (below(3) != 0) format.overflow = static_cast<Overflow>(below(4));
    if (name != "weight" && name != "step" && below(6) == 0) format.is_signed = false;
    if (name == "weight") format.bits = std::min(format.bits, 16);
  }
  if (below(2) != 0) {  // thresholds from an LSB, which a value may meet exactly, to most of a range
    net.theta_rate.clear();
    net.theta_error.clear();
    for (int k = 0; k < count; ++k) net.theta_rate.push_back(below(1 << below(14)));
    for (int k = 1; k < count; ++k) net.theta_error.push_back(below(1 << below(14)));
  }
  net.table_index_bits = 4 + below(5);
  net.table_full_bits = 8 + below(4);
  if (below(3) == 0) {  // skips and recurrence, whose products meet in one sum
    net.formats.by_signal["input"].frac = net.formats.by_signal["rate"].frac;
    for (int source = 0; source + 1 < count; ++source)
      for (int target = 1; target < count; ++target)
        if (target == source + 1 || below(3) == 0) net.connections.emplace_back(source, target);
  } else if (count > 2 && below(2) == 0) {
    net.microcircuit = true;
    net.lambda = 0.25 * below(5);
    net.eta_pi = net.eta_ip = {0.02 * below(20)};
    net.feedback_learns = below(3) != 0;
    if (below(3) != 0) net.weight_decay = std::ldexp(1.0, -1 - below(16)) / net.dt;
    net.gamma = 1;
    net.advanced_response = net.parallel_order = net.mismatch = false;
  }
  std::normal_distribution<double> normal(0.0, 0.7);
  for (const MatrixShape& matrix : matrices(net)) {
    net.weights.emplace_back(static_cast<std::size_t>(matrix.rows * matrix.columns));
    for (double& w : net.weights.back()) w = normal(random);
  }
  return net;
}

/// The program of a random small network that has a proof of its widths and fits a core of these parameters.
inline std::shared_ptr<const fixedpoint::Program> random_small_program(std::mt19937_64& random,
                                                                       const sim::CoreParameters& core) {
  for (;;) {
    try {
      auto program =
          std::make_shared<const fixedpoint::Program>(fixedpoint::compile(random_small_network(random)));
      (void)sim::assemble(*program, core);
      return program;
    } catch (const std::invalid_argument&) {  // draw again
    }
  }
}

}  // namespace apical::test
