// SPDX-License-Identifier: Apache-2.0
// The controls of learning.rule: golden's change in a tick is the numerical gradient, the emulator's in wide
// formats is that of exact gradient steps in double precision; what each rule leaves alone; accumulators;
// what is refused. To the bit they are checked by python/test_controls.py.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <random>

#include "fixedpoint/program/compiler.hpp"
#include "model/backpropagation.hpp"
#include "sim/machines/emulator_machine.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/machines.hpp"

namespace apical::tools {
namespace {

constexpr int layers[] = {6, 9, 7, 4};
constexpr double beta = 0.5, eta[] = {0.3, 0.2, 0.1};
const std::string net =
    "[network]\nlayers = [6, 9, 7, 4]\nactivation = \"tanh\"\n[dynamics]\nbeta = 0.5\n[learning]\neta = "
    "[0.3, "
    "0.2, 0.1]\n";

Config configured(const std::string& rule, const std::vector<std::string>& assignments = {}) {
  Config config = parse_config(net, "test");
  set_key(config, "learning.rule=" + rule);
  for (const std::string& assignment : assignments) set_key(config, assignment);
  return config;
}

// 28 bits of weights and signals, voltages in ±16, tables of 2^16 segments: what 62-bit sums leave room for.
Config wide(const std::string& rule) {
  std::vector<std::string> keys{"run.machine=emulator", "tables.index_bits=16"};
  const auto format = [&](const char* signal, int bits, int frac) {
    keys.push_back(fmt::format("formats.{}={{ bits = {}, frac = {} }}", signal, bits, frac));
  };
  format("weight", 32, 28);
  for (const char* signal : {"input", "rate", "slope", "nudge", "error"}) format(signal, 27, 24);
  for (const char* signal : {"basal", "apical", "u", "target"}) format(signal, 28, 23);
  format("step", 28, 26);
  return configured(rule, keys);
}

struct Shown {
  Eigen::VectorXd input, target;
};

std::vector<Shown> stimulus(int ticks, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  std::vector<Shown> all;
  for (int n = 0; n < ticks; ++n) {
    Shown s{Eigen::VectorXd(layers[0]), Eigen::VectorXd(layers[3])};
    for (double& x : s.input) x = uniform(random);
    for (double& x : s.target) x = uniform(random);
    all.push_back(s);
  }
  return all;
}

void show(sim::Machine& machine, const std::vector<Shown>& shown) {
  for (const Shown& s : shown) machine.tick(s.input.data(), s.target.data(), 1.0, true);
}

Eigen::MatrixXd weights_of(const sim::Machine& machine, int k, int rows, int columns) {
  const std::vector<double> w = machine.weights(k);
  return Eigen::Map<const model::WeightMatrix>(w.data(), rows, columns);
}
Eigen::MatrixXd weights_of(const sim::Machine& machine, int k) {
  return weights_of(machine, k, layers[k], layers[k - 1] + 1);
}

model::Network<double> network_of(const sim::Machine& machine) {
  model::Network<double> network;
  network.activation = model::Activation::tanh;
  for (int k = 1; k <= 3; ++k) network.weights.push_back(weights_of(machine, k));
  return network;
}

std::unique_ptr<sim::Machine> made(const Config& config) {
  return make_machine(config, starting_weights(config));
}

TEST(Controls, BackpropagationOnGoldenIsTheNumericalGradient) {
  Config config = configured("backpropagation", {"run.machine=golden"});
  const auto machine = made(config);
  show(*machine, stimulus(30, 1));  // inputs change in every tick: nothing of the last may be left
  const Shown s = stimulus(1, 2).front();
  const model::Network<double> before = network_of(*machine);
  machine->tick(s.input.data(), s.target.data(), 1.0, true);
  for (int k = 1; k <= 3; ++k) {
    const auto at = static_cast<std::size_t>(k - 1);
    const Eigen::MatrixXd change = weights_of(*machine, k) - before.weights[at];
    for (Eigen::Index i = 0; i < change.size(); ++i) {
      const double h = 1e-6;
      const auto loss = [&](double by) {
        model::Network<double> moved = before;
        moved.weights[at].data()[i] += by;
        return 0.5 * (s.target - model::feedforward(moved, s.input).back()).squaredNorm();
      };
      EXPECT_NEAR(change.data()[i] / (-eta[k - 1] * beta), (loss(h) - loss(-h)) / (2 * h), 1e-8) << k;
    }
  }
}

TEST(Controls, WideIntegersComeToTheWeightsOfExactGradientSteps) {
  const auto machine = made(wide("backpropagation"));
  model::Network<double> exact = network_of(*machine);
  const model::Network<double> first = exact;
  const std::vector<Shown> shown = stimulus(400, 3);
  for (const Shown& s : shown) {
    const auto gradient = model::backpropagate(exact, s.input, s.target);
    for (std::size_t k = 0; k < 3; ++k) exact.weights[k] -= eta[k] * beta * gradient[k];
  }
  show(*machine, shown);
  for (int k = 1; k <= 3; ++k) {
    const Eigen::MatrixXd& w = exact.weights[static_cast<std::size_t>(k - 1)];
    EXPECT_LT((weights_of(*machine, k) - w).cwiseAbs().maxCoeff(), 2e-5) << k;
    EXPECT_GT((w - first.weights[static_cast<std::size_t>(k - 1)]).cwiseAbs().maxCoeff(), 0.05) << k;
  }
}

TEST(Controls, FeedbackAlignmentTakesItsOwnMatrices) {
  const auto golden = made(configured("feedback-alignment", {"run.machine=golden"}));
  const auto integers = made(wide("feedback-alignment"));
  const Eigen::MatrixXd b2 = weights_of(*golden, 4, layers[2], layers[1]),
                        b3 = weights_of(*golden, 5, layers[3], layers[2]);
  EXPECT_GT((b3 - weights_of(*golden, 3).leftCols(layers[2])).cwiseAbs().maxCoeff(), 0.1);
  model::Network<double> exact = network_of(*golden);
  const std::vector<Shown> shown = stimulus(200, 4);
  for (const Shown& s : shown) {
    const auto u = model::feedforward(exact, s.input);
    const auto slope = [&](std::size_t k) { return model::map_prime(model::Activation::tanh, u[k]); };
    const auto rate = [&](std::size_t k) { return model::map(model::Activation::tanh, u[k]); };
    const Eigen::VectorXd e3 = beta * (s.target - u[3]), e2 = slope(2).cwiseProduct(b3.transpose() * e3),
                          e1 = slope(1).cwiseProduct(b2.transpose() * e2);
    const auto step = [&](std::size_t k, const Eigen::VectorXd& e, const Eigen::VectorXd& r) {
      exact.weights[k - 1].leftCols(r.size()) += eta[k - 1] * e * r.transpose();
      exact.weights[k - 1].col(r.size()) += eta[k - 1] * e;
    };
    const Eigen::VectorXd r1 = rate(1), r2 = rate(2);
    step(1, e1, s.input);
    step(2, e2, r1);
    step(3, e3, r2);
  }
  show(*golden, shown);
  show(*integers, shown);
  for (int k = 1; k <= 3; ++k) {
    const Eigen::MatrixXd& w = exact.weights[static_cast<std::size_t>(k - 1)];
    EXPECT_LT((weights_of(*golden, k) - w).cwiseAbs().maxCoeff(), 1e-12) << k;
    EXPECT_LT((weights_of(*integers, k) - w).cwiseAbs().maxCoeff(), 2e-5) << k;
  }
  EXPECT_EQ(weights_of(*golden, 4, layers[2], layers[1]), b2);
  EXPECT_EQ(golden->weights(5).size(), integers->weights(5).size());
}

TEST(Controls, TheLastLayerAloneLearns) {
  for (const std::string machine : {"golden", "emulator"}) {
    const auto made_of = [&](const char* rule) { return made(configured(rule, {"run.machine=" + machine})); };
    const auto last = made_of("last-layer"), all = made_of("backpropagation");
    const std::vector<Eigen::MatrixXd> before = network_of(*last).weights;
    const std::vector<Shown> shown = stimulus(1, 5);
    show(*last, shown);
    show(*all, shown);
    EXPECT_EQ(weights_of(*last, 3), weights_of(*all, 3)) << machine;  // in the first tick
    show(*last, stimulus(50, 6));
    for (int k = 1; k <= 3; ++k)
      EXPECT_EQ(weights_of(*last, k) == before[static_cast<std::size_t>(k - 1)], k < 3) << machine << k;
  }
}

TEST(Controls, SchedulesAndThreadsChangeNoBit) {
  for (const char* rule : {"apical", "backpropagation", "feedback-alignment", "last-layer"})
    for (const char* fine : {"0", "8"})
      for (const char* bits : {"8", "20"}) {
        std::string first;
        for (const char* schedule : {"dense", "event", "auto"}) {
          const auto machine = made(configured(
              rule, {"run.machine=emulator", fmt::format("learning.accumulator_bits={}", fine),
                     fmt::format("run.schedule={}", schedule), fmt::format("formats.weight.bits={}", bits),
                     fmt::format("formats.weight.frac={}", std::stoi(bits) - 2)}));
          const std::vector<Shown> shown = stimulus(60, 7);
          for (std::size_t n = 0; n < shown.size(); ++n)  // some are shown for longer: events have rests
            machine->tick(shown[n / 3].input.data(), shown[n / 3].target.data(), n % 7 == 0 ? 0.0 : 1.0,
                          true);
          if (first.empty()) first = machine->state_digest();
          EXPECT_EQ(machine->state_digest(), first) << rule << fine << bits << schedule;
        }
      }
}

TEST(Accumulators, AddUpWhatNearestRoundingLoses) {
  const auto moved = [](int fine) {
    const auto machine =
        made(configured("backpropagation", {"run.machine=emulator", "formats.weight.bits=6",
                                            "formats.weight.frac=4", "formats.weight.rounding=RND_CONV",
                                            fmt::format("learning.accumulator_bits={}", fine)}));
    const std::vector<Shown> shown(40, stimulus(1, 8).front());
    const model::Network<double> first = network_of(*machine);
    show(*machine, shown);
    double loss[2];
    for (int i = 0; i < 2; ++i)
      loss[i] =
          (shown[0].target - model::feedforward(i == 0 ? first : network_of(*machine), shown[0].input).back())
              .squaredNorm();
    return loss[1] / loss[0];
  };
  EXPECT_GT(moved(0), 0.05);
  EXPECT_LT(moved(10), 0.5 * moved(0));
}

TEST(Accumulators, AreMemoryAndOfTheProgram) {
  const auto weights = [](const Config& config) {
    std::uint64_t bits = 0;
    for (const auto& region : fixedpoint::memory_map(*compiled(config, starting_weights(config))))
      if (region.kind == fixedpoint::MemoryKind::weights)
        bits += region.words * static_cast<std::uint64_t>(region.bits);
    return bits;
  };
  const std::uint64_t count = 9 * 7 + 7 * 10 + 4 * 8;
  EXPECT_EQ(weights(configured("backpropagation", {"formats.weight.bits=8", "formats.weight.frac=5",
                                                   "learning.accumulator_bits=5"})),
            count * 13);
  EXPECT_EQ(weights(configured("feedback-alignment", {"learning.accumulator_bits=5"})),
            count * 21 + (7 * 9 + 4 * 7) * 16);
}

TEST(Controls, WhatTheyCantDoIsRefusedByName) {
  const auto refused = [](const std::string& rule, const std::vector<std::string>& keys, const char* key) {
    try {
      made(configured(rule, keys));
      ADD_FAILURE() << rule << " takes " << keys.back();
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("accepted"), std::string::npos) << error.what();
    }
  };
  const auto on = [](const char* machine) { return fmt::format("run.machine={}", machine); };
  for (const char* machine : {"golden", "emulator"})
    for (const char* rule : {"backpropagation", "feedback-alignment", "last-layer"}) {
      refused(rule, {on(machine), "network.circuit=microcircuit"}, "network.circuit");
      refused(rule, {on(machine), "network.connections=[[0,1],[1,2],[2,3],[1,1]]"}, "network.connections");
      refused(rule, {on(machine), "dynamics.flow=gradient"}, "dynamics.flow");
      refused(rule, {on(machine), "dynamics.rho=0.9"}, "dynamics.rho");
      refused(rule, {on(machine), "dynamics.rho_spread=0.1"}, "dynamics.rho_spread");
      refused(rule, {on(machine), "dynamics.tau_spread=0.1"}, "dynamics.tau_spread");
      refused(rule, {on(machine), "dynamics.response=advanced"}, "dynamics.response");
      refused(rule, {on(machine), "dynamics.order=parallel"}, "dynamics.order");
    }
  refused("backpropagation", {on("golden"), "learning.trace=round-trip"}, "learning.trace");
  refused("feedback-alignment", {on("golden"), "network.connections=[[0,1],[1,2],[2,3],[0,2]]"},
          "network.connections");
  refused("feedback-alignment", {on("golden"), "imperfections.noise=0.1"}, "imperfections.noise");
  refused("feedback-alignment", {on("rtl")}, "learning.rule");
  refused("feedback-alignment", {on("tlm")}, "learning.rule");
  for (const char* rule : {"apical", "backpropagation"}) {
    refused(rule, {on("rtl"), "learning.accumulator_bits=4"}, "learning.accumulator_bits");
    refused(rule, {on("tlm"), "learning.accumulator_bits=4"}, "learning.accumulator_bits");
    refused(rule, {on("emulator"), "learning.accumulator_bits=17"}, "learning.accumulator_bits");
    refused(rule, {on("emulator"), "learning.accumulator_bits=4", "imperfections.weight_leak=100"},
            "learning.accumulator_bits");
    refused(rule, {on("emulator"), "learning.accumulator_bits=4", "imperfections.update_step=0.1"},
            "learning.accumulator_bits");
  }
}

}  // namespace
}  // namespace apical::tools
