// SPDX-License-Identifier: Apache-2.0
// Microcircuits on integers against the same equations in doubles, which share no code with them: what
// separates the two is rounding, so it halves with every fraction bit.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "fixedpoint/program/compiler.hpp"
#include "model/microcircuit.hpp"
#include "sim/machines/emulator_machine.hpp"
#include "tests/sim/machines/halving.hpp"

namespace {

using namespace apical;
using namespace apical::test;
using fixedpoint::NetworkDescription;

model::MicrocircuitSettings settings() {
  model::MicrocircuitSettings s;
  s.layers = {6, 9, 7, 4};
  s.activation = model::Activation::tanh;
  s.beta = 0.25;
  s.lambda = 0.25;
  s.eta = {1.0 / 64};
  s.eta_pi = {1.0 / 128};
  s.eta_ip = {1.0 / 32};
  return s;
}

NetworkDescription description(const model::MicrocircuitSettings& s, const model::MicrocircuitWeights& w,
                               int frac) {
  NetworkDescription net = fine(s.layers, frac);
  net.microcircuit = true;
  net.feedback_learns = s.feedback == model::Feedback::learned;
  net.weight_decay = s.decay;
  net.lambda = s.lambda;
  net.eta_pi = s.eta_pi;
  net.eta_ip = s.eta_ip;
  for (const auto& m : model::in_order(w)) net.weights.push_back(row_major(m));
  return net;
}

model::MicrocircuitWeights random_weights(const std::vector<int>& layers, unsigned seed) {
  std::mt19937_64 random(seed);
  model::MicrocircuitWeights w;
  for (std::size_t k = 1; k < layers.size(); ++k) {
    w.forward.push_back(normal_matrix(layers[k], layers[k - 1] + 1, random));
    if (k + 1 == layers.size()) break;
    w.feedback.push_back(normal_matrix(layers[k], layers[k + 1], random));
    w.pyramidal.push_back(normal_matrix(layers[k], layers[k + 1], random));
    w.interneurons.push_back(normal_matrix(layers[k + 1], layers[k] + 1, random));
  }
  return w;
}

std::map<std::string, double> microcircuit_distances(model::Feedback feedback, double decay, int frac) {
  model::MicrocircuitSettings s = settings();
  s.feedback = feedback;
  s.decay = decay;
  const model::MicrocircuitWeights weights = random_weights(s.layers, 4);
  model::Microcircuit golden(s, weights);
  sim::EmulatorMachine machine(
      std::make_shared<const fixedpoint::Program>(compile(description(s, weights, frac))));
  Distances d;
  Drive drive(s.layers.front(), s.layers.back());
  for (int t = 0; t < ticks; ++t) {
    drive.at(t);
    golden.tick(drive.input.data(), drive.target.data(), 1.0);
    machine.tick(drive.input.data(), drive.target.data(), 1.0, true);
    for (int k = 1; k <= golden.depth(); ++k) {
      d.add("basal", machine.read("basal", k), golden.basal(k).data());
      d.add("u", machine.read("u", k), golden.u(k).data());
      d.add("rate", machine.read("rate", k), golden.rate(k).data());
      d.add("error", machine.read("error", k), golden.error(k).data());
      if (k == golden.depth()) continue;
      const int interneuron = golden.depth() + 1 + (feedback == model::Feedback::learned ? 4 : 3) * (k - 1);
      d.add("apical", machine.read("apical", k), golden.apical(k).data());
      d.add("dendrite", machine.read("basal", interneuron + 1), golden.apical(k).data());
      d.add("interneuron", machine.read("u", interneuron), golden.interneuron(k).data());
    }
  }
  const auto matrices = model::in_order(golden.weights());
  for (std::size_t i = 0; i < matrices.size(); ++i)
    d.add(fixedpoint::matrices(description(s, weights, frac))[i].name.substr(0, 2),
          machine.weights(static_cast<int>(i) + 1), row_major(matrices[i]).data());
  return d.logs();
}

}  // namespace

TEST(Microcircuit, ErrorHalvesWithEveryFractionBit) {
  for (const double decay : {0.0, 1.0 / 256})
    for (const model::Feedback feedback : {model::Feedback::fixed, model::Feedback::learned})
      expect_halving(std::string(name_of(feedback)) + " B, decay " + std::to_string(decay),
                     [&](int frac) { return microcircuit_distances(feedback, decay, frac); });
}

// W^PI = B and W^IP = W: without a nudge no apical dendrite holds a single LSB and no weight moves; with one,
// both do.
TEST(Microcircuit, TheSelfPredictingStateIsSilentToTheBit) {
  model::MicrocircuitSettings s = settings();
  std::vector<model::WeightMatrix> forward;
  for (const auto& m : random_weights(s.layers, 9).forward) forward.emplace_back(m);
  for (const bool coarse : {false, true}) {
    NetworkDescription net = description(s, model::self_predicting(forward), 14);
    if (coarse) net.formats.by_signal = fixedpoint::default_formats();
    sim::EmulatorMachine machine(std::make_shared<const fixedpoint::Program>(compile(net)));
    const auto all_weights = [&] {
      std::vector<std::vector<double>> all;
      for (int i = 1; i <= static_cast<int>(net.weights.size()); ++i) all.push_back(machine.weights(i));
      return all;
    };
    const auto before = all_weights();
    Drive drive(s.layers.front(), s.layers.back());
    double voltage = 0.0;
    for (int t = 0; t < ticks; ++t) {
      drive.at(t);
      machine.tick(drive.input.data(), drive.target.data(), 0.0, true);
      for (int k = 1; k + 1 < static_cast<int>(s.layers.size()); ++k)
        for (const double a : machine.read("apical", k)) ASSERT_EQ(a, 0.0) << "tick " << t;
      for (const double u : machine.read("u", 1)) voltage = std::max(voltage, std::abs(u));
    }
    EXPECT_GT(voltage, 0.1);
    EXPECT_EQ(all_weights(), before);
    for (int t = 0; t < ticks; ++t) {
      drive.at(t);
      machine.tick(drive.input.data(), drive.target.data(), 1.0, true);
    }
    EXPECT_NE(all_weights(), before);
  }
}
