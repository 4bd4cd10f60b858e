// SPDX-License-Identifier: Apache-2.0
// The integers against the golden model, which shares no code with them: what separates the two is rounding,
// so it halves with every fraction bit.
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <memory>
#include <random>

#include "fixedpoint/program/compiler.hpp"
#include "model/golden.hpp"
#include "sim/machines/emulator_machine.hpp"
#include "sim/machines/imperfect_emulator.hpp"

namespace {

using namespace apical;

constexpr int ticks = 240;
constexpr unsigned seed = 20;
const std::vector<std::string> signals = {"basal", "u", "membrane", "rate", "nudge", "error"};

/// Skips, and layers that feed themselves and back.
const model::Connections graph{{0, 1}, {2, 1}, {0, 2}, {1, 2}, {2, 2}, {1, 3}, {2, 3}};

// Constants that the registers of the program hold exactly, so that formats alone make the difference.
model::GoldenSettings golden_settings(model::Flow flow, const model::Connections& connections,
                                      const SharedSamples& samples) {
  model::GoldenSettings s;
  s.layers = {6, 9, 7, 4};
  s.activation = samples != nullptr ? model::Activation(samples) : model::Activation::tanh;
  s.flow = flow;
  s.connections = connections;
  s.tau = 8.0;
  s.beta = 0.25;
  s.rho.clear();
  for (int i = 0; i < 9 + 7 + 4; ++i) {
    s.rho.push_back(0.5 + 0.25 * (i % 4));
    s.alpha.push_back((1 + i % 5) / 16.0);
  }
  s.eta = {1.0 / 64};
  return s;
}

// Every signal with `frac` fraction bits and room above; tables as fine as they come.
fixedpoint::NetworkDescription description(const model::GoldenSettings& s,
                                           const std::vector<model::WeightMatrix>& weights, int frac) {
  fixedpoint::NetworkDescription net;
  net.layers = s.layers;
  net.connections = s.connections;
  net.activation = s.activation.samples() != nullptr ? fixedpoint::AnyFunction(s.activation.samples())
                                                     : fixedpoint::Function::tanh;
  net.tau = s.tau;
  net.rho = s.flow == model::Flow::gradient ? std::vector<double>{0.0} : s.rho;
  net.alpha = s.alpha;
  net.beta = s.beta;
  net.eta = s.eta;
  net.table_index_bits = 16;
  net.formats.by_signal = fixedpoint::default_formats();
  for (auto& [name, format] : net.formats.by_signal) {
    format.bits = name == "step" ? 30 : frac + 5;
    if (name != "step") format.frac = frac;
    format.rounding = fixedpoint::Rounding::rnd_conv;
  }
  for (const model::WeightMatrix& w : weights) net.weights.emplace_back(w.data(), w.data() + w.size());
  return net;
}

const Eigen::VectorXd& of(const model::Golden& golden, const std::string& signal, int k) {
  if (signal == "basal") return golden.basal(k);
  if (signal == "u") return golden.u(k);
  if (signal == "membrane") return golden.membrane(k);
  if (signal == "rate") return golden.rate(k);
  if (signal == "nudge") return golden.nudge(k);
  return golden.error(k);
}

// Rates that rise with a dent, by samples 1/2 apart.
SharedSamples dented() {
  auto samples = std::make_shared<ActivationSamples>();
  for (double u = -6.0; u <= 6.0; u += 0.5) {
    samples->u.push_back(u);
    samples->rate.push_back(std::tanh(u) + 0.25 * std::sin(2 * u));
    samples->slope.push_back(1 / (std::cosh(u) * std::cosh(u)) + 0.5 * std::cos(2 * u));
  }
  return samples;
}

// Everything that a chip can have, but steps of weights and converters: there rounding decides of more than
// an LSB.
model::ImperfectionSettings all_imperfections() {
  model::ImperfectionSettings s;
  s.seed = seed;
  s.gain_spread = s.slope_spread = s.weight_spread = 0.2;
  s.offset_spread = 0.3;
  s.dead_neurons = s.dead_synapses = 0.15;
  s.noise = 0.1;
  s.error_noise = 0.02;
  s.noise_tau = 5.0;
  s.delay = 1;
  s.delay_jitter = 2;
  s.weight_leak = 1000.0;
  s.update_asymmetry = 0.2;
  s.update_bound = 3.0;
  s.update_limit = 0.002;
  return s;
}

// Root mean square distance of every signal over all units and ticks, and of the weights at the end.
std::map<std::string, double> distances(model::Flow flow, const model::Connections& connections,
                                        const model::ImperfectionSettings& imperfections,
                                        const SharedSamples& samples, int frac) {
  const model::GoldenSettings settings = golden_settings(flow, connections, samples);
  const auto weights = model::initial_weights(settings.layers, model::Bias::with, {1.0}, seed, connections);
  const auto chip = [&] {
    return imperfections.any()
               ? std::make_shared<model::Imperfections>(imperfections, settings.layers, model::Bias::with,
                                                        connections, settings.dt, model::Polarity::bipolar)
               : nullptr;
  };
  model::Golden golden(settings, weights, chip());
  const auto program =
      std::make_shared<const fixedpoint::Program>(compile(description(settings, weights, frac)));
  const std::unique_ptr<sim::EmulatorMachine> machine =
      imperfections.any() ? std::make_unique<sim::ImperfectEmulator>(program, chip())
                          : std::make_unique<sim::EmulatorMachine>(program);
  sim::EmulatorMachine& emulator = *machine;
  std::map<std::string, double> squares;
  std::map<std::string, int> counts;
  std::vector<double> input(6), target(4);
  for (int t = 0; t < ticks; ++t) {
    for (std::size_t i = 0; i < input.size(); ++i)
      input[i] = std::sin(0.05 * t * (1.0 + 0.3 * static_cast<double>(i)) + static_cast<double>(i));
    for (std::size_t i = 0; i < target.size(); ++i)
      target[i] = std::cos(0.04 * t + 2.0 * static_cast<double>(i));
    golden.tick(input.data(), target.data(), 1.0);
    emulator.tick(input.data(), target.data(), 1.0, true);
    for (const std::string& signal : signals)
      for (int k = 1; k <= golden.depth(); ++k) {
        const std::vector<double> here = emulator.read(signal, k);
        const Eigen::VectorXd& there = of(golden, signal, k);
        for (Eigen::Index i = 0; i < there.size(); ++i)
          squares[signal] += std::pow(here[static_cast<std::size_t>(i)] - there[i], 2);
        counts[signal] += static_cast<int>(there.size());
      }
  }
  for (int c = 1; c <= golden.network().count(); ++c) {
    const std::vector<double> here = emulator.weights(c);
    const model::WeightMatrix there = golden.network().weight(c);
    for (Eigen::Index i = 0; i < there.size(); ++i)
      squares["weight"] += std::pow(here[static_cast<std::size_t>(i)] - there.data()[i], 2);
    counts["weight"] += static_cast<int>(there.size());
  }
  std::map<std::string, double> result;
  for (const auto& [signal, sum] : squares) result[signal] = std::sqrt(sum / counts[signal]);
  return result;
}

// Slope of y over x by least squares.
double slope(const std::vector<double>& x, const std::vector<double>& y) {
  double mean_x = 0, mean_y = 0, xy = 0, xx = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / static_cast<double>(x.size());
    mean_y += y[i] / static_cast<double>(x.size());
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
  }
  return xy / xx;
}

}  // namespace

TEST(EmulatorAgainstGolden, ErrorHalvesWithEveryFractionBit) {
  const std::tuple<model::Flow, model::Connections, model::ImperfectionSettings, SharedSamples> cases[] = {
      {model::Flow::latent_equilibrium, {}, {}, nullptr},
      {model::Flow::gradient, {}, {}, nullptr},
      {model::Flow::latent_equilibrium, graph, {}, nullptr},
      {model::Flow::latent_equilibrium, {}, {}, dented()},
      {model::Flow::latent_equilibrium, {}, all_imperfections(), nullptr},
      {model::Flow::latent_equilibrium, graph, all_imperfections(), nullptr}};
  for (const auto& [flow, connections, imperfections, samples] : cases) {
    std::vector<double> fracs;
    std::map<std::string, std::vector<double>> errors;
    for (int frac = 9; frac <= 21; ++frac) {
      fracs.push_back(frac);
      for (const auto& [signal, error] : distances(flow, connections, imperfections, samples, frac))
        errors[signal].push_back(std::log2(error));
    }
    for (const auto& [signal, logs] : errors) {
      const double found = slope(fracs, logs);
      std::cout << name_of(flow) << (connections.empty() ? " " : ", graph: ")
                << (imperfections.any() ? "imperfect " : "") << (samples != nullptr ? "sampled " : "")
                << signal << ": error 2^" << logs.front() << " at 9 fraction bits, 2^" << logs.back()
                << " at 21, slope " << found << "\n";
      EXPECT_NEAR(found, -1.0, 0.1) << name_of(flow) << " " << signal;
      EXPECT_LT(logs.back(), -14.0) << name_of(flow) << " " << signal << ": not the same dynamics";
    }
  }
}
