// SPDX-License-Identifier: Apache-2.0
// The microcircuit against the golden network, against its own equations and against random starts.
#include "model/microcircuit.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/scratch.hpp"

using namespace apical::model;

namespace {

const std::vector<int> layers{4, 7, 5, 3};

struct World {
  Eigen::VectorXd input, target;
  explicit World(int n) : input(4), target(3) {
    for (Eigen::Index i = 0; i < 4; ++i) input[i] = std::sin(0.07 * n * (1.0 + 0.3 * static_cast<double>(i)));
    for (Eigen::Index i = 0; i < 3; ++i) target[i] = std::cos(0.05 * n + static_cast<double>(i));
  }
};

MicrocircuitSettings settings() {
  MicrocircuitSettings s;
  s.layers = layers;
  s.activation = Activation::tanh;
  s.lambda = 0.0;
  return s;
}

double angle(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return std::acos(a.cwiseProduct(b).sum() / (a.norm() * b.norm())) * 180.0 / 3.14159265358979323846;
}

}  // namespace

// With W^PI = B = Wᵀ and W^IP = W the circuit computes what the golden network computes with Wᵀ itself.
TEST(Microcircuit, InTheSelfPredictingStateIsTheGoldenNetwork) {
  const auto weights = initial_weights(layers, Bias::with, {1.0}, 5);
  GoldenSettings g;
  g.layers = layers;
  g.activation = Activation::tanh;
  g.learning = false;
  Golden golden(g, weights);
  MicrocircuitSettings s = settings();
  s.eta = {0.0};
  Microcircuit circuit(s, self_predicting(weights));
  for (int n = 0; n < 200; ++n) {
    const World w(n);
    golden.tick(w.input.data(), w.target.data(), 1.0);
    circuit.tick(w.input.data(), w.target.data(), 1.0);
    for (int k = 1; k <= 3; ++k) {
      // u of the unit is what it fired on, u of the circuit what dendrites and interneurons hear afterwards.
      const Eigen::VectorXd heard = k == 1 ? golden.u(1) : golden.basal(k) + golden.error(k);
      ASSERT_LT((heard - circuit.u(k)).cwiseAbs().maxCoeff(), 1e-13) << n;
      ASSERT_LT((golden.rate(k) - circuit.rate(k)).cwiseAbs().maxCoeff(), 1e-13) << n;
      ASSERT_LT((golden.error(k) - circuit.error(k)).cwiseAbs().maxCoeff(), 1e-13) << n;
      if (k < 3) {
        ASSERT_LT((golden.apical(k) - circuit.apical(k)).cwiseAbs().maxCoeff(), 1e-13) << n;
      }
    }
  }
  EXPECT_GT(circuit.error(1).cwiseAbs().maxCoeff(), 1e-3);
}

TEST(Microcircuit, IsSilentToTheBitWithoutANudgeAndLearnsNothing) {
  const auto weights = initial_weights(layers, Bias::with, {1.0}, 6);
  MicrocircuitSettings s = settings();
  s.lambda = 0.3;
  s.eta_pi = s.eta_ip = {0.1};
  Microcircuit circuit(s, self_predicting(weights));
  for (int n = 0; n < 100; ++n) {
    const World w(n);
    circuit.tick(w.input.data(), nullptr, 0.0);
    for (int k = 1; k < 3; ++k) ASSERT_EQ(circuit.apical(k).cwiseAbs().maxCoeff(), 0.0);
  }
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(circuit.weights().forward[k], Eigen::MatrixXd(weights[k]));
}

// Nudged interneurons follow the soma above by λ, so that (1 − λ) of the error is left in the apical
// dendrite.
TEST(Microcircuit, NudgedInterneuronsTakeTheirShareOfTheError) {
  const auto weights = initial_weights(layers, Bias::with, {1.0}, 7);
  MicrocircuitSettings s = settings();
  s.eta = {0.0};
  Microcircuit whole(s, self_predicting(weights));
  s.lambda = 0.25;
  Microcircuit shared(s, self_predicting(weights));
  const World w(3);
  whole.tick(w.input.data(), w.target.data(), 1.0);
  shared.tick(w.input.data(), w.target.data(), 1.0);
  EXPECT_LT((shared.apical(2) - 0.75 * whole.apical(2)).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_LT((shared.apical(1) - 0.75 * 0.75 * whole.apical(1)).cwiseAbs().maxCoeff(), 1e-14);
}

// From random lateral weights, rich inputs and no target: nudged interneurons learn to predict and to
// silence.
TEST(Microcircuit, LearnsTheSelfPredictingState) {
  const unsigned seed = 11;
  std::mt19937_64 random(seed);
  const std::vector<int> small{10, 12, 5};
  MicrocircuitWeights weights = self_predicting(initial_weights(small, Bias::with, {1.0}, 8));
  const auto other = self_predicting(initial_weights(small, Bias::with, {1.0}, 9));
  weights.pyramidal = other.pyramidal;
  weights.interneurons = other.interneurons;
  MicrocircuitSettings s;
  s.layers = small;
  s.activation = Activation::tanh;
  s.eta = {0.0};
  s.lambda = 0.1;
  s.eta_pi = {0.02};
  s.eta_ip = {0.2};
  Microcircuit circuit(s, weights);
  const auto residual = [&](int ticks) {
    double sum = 0.0;
    for (int n = 0; n < ticks; ++n) {
      Eigen::VectorXd input(10);
      for (double& x : input) x = random() % 2 == 0 ? 1.0 : -1.0;
      circuit.tick(input.data(), nullptr, 0.0);
      sum += circuit.apical(1).norm() / ticks;
    }
    return sum;
  };
  const double before = residual(200);
  const double angle_before = angle(circuit.weights().pyramidal[0], circuit.weights().feedback[0]);
  residual(20000);
  EXPECT_LT(residual(200), before / 10);
  EXPECT_GT(angle_before, 45.0);
  EXPECT_LT(angle(circuit.weights().pyramidal[0], circuit.weights().feedback[0]), 10.0);
  EXPECT_LT(angle(circuit.weights().interneurons[0], circuit.weights().forward[1]), 10.0);
}

// Feedback that learns by the same product and the same decay comes to lie along the forward weights.
TEST(Microcircuit, LearnedFeedbackAligns) {
  MicrocircuitWeights weights = self_predicting(initial_weights(layers, Bias::with, {1.0}, 10));
  weights.feedback = self_predicting(initial_weights(layers, Bias::with, {1.0}, 12)).feedback;
  weights.pyramidal = weights.feedback;
  MicrocircuitSettings s = settings();
  s.feedback = Feedback::learned;
  s.decay = 1e-3;
  Microcircuit circuit(s, weights);
  const auto off = [&] {
    const Eigen::MatrixXd& w = circuit.weights().forward[2];
    return angle(circuit.weights().feedback[1], w.leftCols(w.cols() - 1).transpose());
  };
  const double before = off();
  // The difference of the two decays with the rate of the decay alone, exp(-5) in 5000 ticks; in the first
  // one no error has come down yet, and nothing decays.
  const auto difference = [&] {
    const Eigen::MatrixXd& w = circuit.weights().forward[2];
    return (circuit.weights().feedback[1] - w.leftCols(w.cols() - 1).transpose()).norm();
  };
  const double gap = difference();
  for (int n = 0; n < 5000; ++n) {
    const World w(n);
    circuit.tick(w.input.data(), w.target.data(), 1.0);
  }
  EXPECT_NEAR(difference() / gap, std::pow(1.0 - 1e-3, 4999), 1e-9);
  EXPECT_GT(before, 60.0);
  EXPECT_LT(off(), before / 2);
}

TEST(Microcircuit, RefusesWhatDoesntFit) {
  using apical::test::contains;
  using apical::test::message_of;
  const auto good = self_predicting(initial_weights(layers, Bias::with, {1.0}, 13));
  MicrocircuitSettings s = settings();
  s.lambda = 1.5;
  EXPECT_TRUE(contains(message_of([&] { Microcircuit(s, good); }), "accepted: 0..1"));
  MicrocircuitWeights bad = good;
  bad.pyramidal[1].resize(2, 2);
  EXPECT_TRUE(contains(message_of([&] { Microcircuit(settings(), bad); }), "W^PI2: 2 x 2; accepted: 5 x 3"));
}

// W^IP that learns λ η_IP = η of the same prediction error starts and stays at W, through all of learning.
TEST(Microcircuit, InterneuronsFollowForwardWeightsAtEqualRates) {
  const auto weights = initial_weights(layers, Bias::with, {1.0}, 14);
  MicrocircuitSettings s = settings();
  s.lambda = 0.25;
  s.eta = {0.08, 0.04, 0.02};
  s.eta_ip = {0.16, 0.08};
  Microcircuit follows(s, self_predicting(weights));
  s.eta_ip = {0.1, 0.08};
  Microcircuit lags(s, self_predicting(weights));
  const auto distance = [](const Microcircuit& c, std::size_t k) {
    return (c.weights().interneurons[k] - c.weights().forward[k + 1]).cwiseAbs().maxCoeff();
  };
  for (int n = 0; n < 500; ++n) {
    const World w(n);
    follows.tick(w.input.data(), w.target.data(), 1.0);
    lags.tick(w.input.data(), w.target.data(), 1.0);
  }
  for (std::size_t k = 0; k < 2; ++k) EXPECT_LT(distance(follows, k), 1e-13);
  EXPECT_GT(distance(lags, 0), 1e-3);
  EXPECT_GT((follows.weights().forward[1] - weights[1]).cwiseAbs().maxCoeff(), 1e-2);
}

// One tick from rest changes every matrix by its own rate, dt and the scale of the epoch.
TEST(Microcircuit, StepsScaleWithRatesAndEpochs) {
  const auto weights = initial_weights(layers, Bias::with, {1.0}, 15);
  MicrocircuitSettings s = settings();
  s.lambda = 0.3;
  s.eta = {0.1, 0.2, 0.3};
  s.eta_pi = {0.1, 0.2};
  s.eta_ip = {0.3, 0.1};
  const auto steps = [&](double scale, const MicrocircuitSettings& with) {
    Microcircuit circuit(with, self_predicting(weights));
    circuit.set_learning_scale(scale);
    const World w(5);
    circuit.tick(w.input.data(), w.target.data(), 1.0);
    auto after = in_order(circuit.weights());
    const auto before = in_order(self_predicting(weights));
    for (std::size_t i = 0; i < after.size(); ++i) after[i] -= before[i];
    return after;
  };
  const auto whole = steps(1.0, s), half = steps(0.5, s);
  ASSERT_EQ(whole.size(), 9u);
  MicrocircuitSettings doubled = s;
  for (auto* rates : {&doubled.eta, &doubled.eta_pi, &doubled.eta_ip})
    for (double& rate : *rates) rate *= 2;
  const auto twice = steps(1.0, doubled);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_LT((whole[i] - 2 * half[i]).cwiseAbs().maxCoeff(), 1e-13) << i;
    EXPECT_LT((2 * whole[i] - twice[i]).cwiseAbs().maxCoeff(), 1e-13) << i;
    const bool fixed = i == 3 || i == 4;  // B
    EXPECT_EQ(whole[i].isZero(0.0), fixed) << i;
  }
  s.learning = false;
  for (const auto& step : steps(1.0, s)) EXPECT_TRUE(step.isZero(0.0));
}

TEST(Microcircuit, StartsAndOrdersItsProjections) {
  using apical::test::contains;
  using apical::test::message_of;
  const auto weights = initial_weights(layers, Bias::with, {1.0}, 16);
  const MicrocircuitWeights w =
      initial_circuit(weights, {FeedbackStart::random, LateralStart::self_predicting, {1.0}, 16});
  EXPECT_EQ(w.pyramidal, w.feedback);
  EXPECT_EQ(w.interneurons[0], Eigen::MatrixXd(weights[1]));
  EXPECT_GT(angle(w.feedback[0], weights[1].leftCols(7).transpose()), 60.0);
  const MicrocircuitWeights r =
      initial_circuit(weights, {FeedbackStart::transposed, LateralStart::random, {1.0}, 16});
  EXPECT_EQ(r.feedback[1], Eigen::MatrixXd(weights[2].leftCols(5).transpose()));
  EXPECT_GT(angle(r.pyramidal[0], r.feedback[0]), 60.0);
  EXPECT_GT(angle(r.interneurons[0], weights[1]), 60.0);
  const auto all = in_order(r);
  const std::vector<std::string> names{"W1", "W2", "W3", "B2", "B3", "WPI1", "WPI2", "WIP1", "WIP2"};
  EXPECT_EQ(circuit_names(3), names);
  EXPECT_EQ(all[6], WeightMatrix(r.pyramidal[1]));
  const MicrocircuitWeights back = from_order(all, 3);
  EXPECT_EQ(back.forward, r.forward);
  EXPECT_EQ(back.interneurons, r.interneurons);
  EXPECT_TRUE(contains(message_of([&] { from_order(all, 2); }), "9 matrices; accepted: 5"));
}
