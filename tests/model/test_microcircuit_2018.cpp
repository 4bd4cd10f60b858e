// SPDX-License-Identifier: Apache-2.0
// The leaky microcircuit against its settled potentials, the self-predicting state and the error sent back.
#include "model/microcircuit_2018.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/scratch.hpp"

using namespace apical::model;

namespace {

const std::vector<int> layers{5, 6, 4, 3};

Microcircuit2018Settings settings() {
  Microcircuit2018Settings s;
  s.layers = layers;
  s.activation = Activation::logistic;
  s.eta = {0.0, 0.0, 0.0};
  return s;
}

Eigen::MatrixXd drawn(int rows, int columns, unsigned seed) {
  std::srand(seed);
  return Eigen::MatrixXd::Random(rows, columns);
}

MicrocircuitWeights start() {
  return self_predicting(settings(), {drawn(6, 5, 1), drawn(4, 6, 2), drawn(3, 4, 3)},
                         {drawn(6, 4, 4), drawn(4, 3, 5)});
}

const Eigen::VectorXd input = Eigen::VectorXd::LinSpaced(5, 0.0, 1.0);

double logistic(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

double angle(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return std::acos(a.cwiseProduct(b).sum() / (a.norm() * b.norm())) * 180.0 / 3.14159265358979323846;
}

}  // namespace

// Settled potentials are means of what the compartments pull at, weighted by conductances: (45)–(47) by hand.
TEST(Microcircuit2018, SettlesInTheSelfPredictingState) {
  const MicrocircuitWeights w = start();
  Microcircuit2018 circuit(settings(), w);
  for (int n = 0; n < 3000; ++n) circuit.tick(input, nullptr);
  Eigen::VectorXd rate = input;
  for (int k = 1; k <= 3; ++k) {
    const auto i = static_cast<std::size_t>(k - 1);
    const Eigen::VectorXd u = w.forward[i] * rate / (k < 3 ? 1.9 : 1.1);
    EXPECT_LT((circuit.u(k) - u).norm(), 1e-10) << "layer " << k;
    EXPECT_LT(circuit.surprise(k).norm(), 1e-10) << "layer " << k;
    if (k > 1) {
      EXPECT_LT((circuit.interneuron(k - 1) - u).norm(), 1e-10) << "layer " << k;
      EXPECT_LT(circuit.apical(k - 1).norm(), 1e-10) << "layer " << k;
    }
    rate = u.unaryExpr(&logistic);
  }
  Eigen::VectorXd target = Eigen::VectorXd::Constant(3, 2.0);
  for (int n = 0; n < 3000; ++n) circuit.tick(input, &target);
  // Every soma is the mean that its currents balance at.
  const Eigen::VectorXd basal = w.forward[2] * circuit.u(2).unaryExpr(&logistic);
  EXPECT_LT((circuit.u(3) - (basal + 0.8 * target) / 1.9).norm(), 1e-10);
  const Eigen::VectorXd inter = w.interneurons[1] * circuit.u(2).unaryExpr(&logistic);
  EXPECT_LT((circuit.interneuron(2) - (inter + 0.8 * circuit.u(3)) / 1.9).norm(), 1e-10);
  const Eigen::VectorXd apical = w.feedback[1] * circuit.u(3).unaryExpr(&logistic) -
                                 w.pyramidal[1] * circuit.interneuron(2).unaryExpr(&logistic);
  EXPECT_LT((circuit.apical(2) - apical).norm(), 1e-10);
  EXPECT_LT((circuit.u(2) - (w.forward[1] * circuit.u(1).unaryExpr(&logistic) + 0.8 * apical) / 1.9).norm(),
            1e-10);
  EXPECT_GT(apical.norm(), 1e-3);
}

// A membrane alone approaches its end as (1 − dt g)ⁿ.
TEST(Microcircuit2018, MembranesDelay) {
  Microcircuit2018Settings s = settings();
  s.layers = {1, 1};
  s.eta = {0.0};
  MicrocircuitWeights w;
  w.forward = {Eigen::MatrixXd::Ones(1, 1)};
  Microcircuit2018 circuit(s, w);
  const Eigen::VectorXd one = Eigen::VectorXd::Ones(1);
  for (int n = 1; n <= 20; ++n) {
    circuit.tick(one, nullptr);
    EXPECT_NEAR(circuit.u(1)[0], (1.0 - std::pow(1.0 - 0.1 * 1.1, n)) / 1.1, 1e-14);
  }
}

// For a weak nudge the surprise of every hidden layer is the output's error, sent back through B.
TEST(Microcircuit2018, SurpriseIsTheErrorSentBack) {
  Microcircuit2018Settings s = settings();
  s.layers = {5, 6, 3};
  s.eta = {0.0, 0.0};
  const Eigen::MatrixXd b = drawn(6, 3, 5);
  Microcircuit2018 circuit(s, self_predicting(s, {drawn(6, 5, 1), drawn(3, 6, 2)}, {b}));
  for (int n = 0; n < 3000; ++n) circuit.tick(input, nullptr);
  const Eigen::VectorXd free = circuit.u(2), hidden = circuit.u(1);
  const Eigen::VectorXd target = free + Eigen::Vector3d(1e-4, -2e-4, 1.5e-4);
  for (int n = 0; n < 3000; ++n) circuit.tick(input, &target);
  const auto slope = [](double x) { return logistic(x) * (1.0 - logistic(x)); };
  const Eigen::VectorXd back =
      hidden.unaryExpr(slope).cwiseProduct(b * free.unaryExpr(slope).cwiseProduct(target - free));
  EXPECT_GT(back.dot(circuit.surprise(1)) / (back.norm() * circuit.surprise(1).norm()), 0.99);
}

// One step of learning is (48)–(50) with what the step saw.
TEST(Microcircuit2018, LearnsByItsThreeRules) {
  Microcircuit2018Settings s = settings();
  s.tau_w = s.dt;
  s.eta = {0.3, 0.2, 0.1};
  s.eta_pi = 0.4;
  s.eta_ip = 0.5;
  Microcircuit2018 circuit(s, start());
  const Eigen::VectorXd target = Eigen::VectorXd::Constant(3, 2.0);
  for (int n = 0; n < 30; ++n) circuit.tick(input, &target, Learning::off);
  const MicrocircuitWeights before = circuit.weights();
  const Eigen::VectorXd r1 = circuit.u(1).unaryExpr(&logistic), r2 = circuit.u(2).unaryExpr(&logistic),
                        i1 = circuit.interneuron(1).unaryExpr(&logistic);
  EXPECT_EQ(before.forward[1], start().forward[1]) << "learning was off";
  circuit.tick(input, &target);
  const MicrocircuitWeights& after = circuit.weights();
  const auto response = [](const Eigen::VectorXd& v) { return Eigen::VectorXd(v.unaryExpr(&logistic)); };
  const Eigen::MatrixXd w = 0.02 * (r2 - response(before.forward[1] * r1 / 1.9)) * r1.transpose();
  const Eigen::MatrixXd ip = 0.05 * (i1 - response(before.interneurons[0] * r1 / 1.1)) * r1.transpose();
  const Eigen::MatrixXd pi = 0.04 * (before.feedback[0] * r2 - before.pyramidal[0] * i1) * i1.transpose();
  EXPECT_LT((after.forward[1] - before.forward[1] - w).norm(), 1e-14);
  EXPECT_LT((after.interneurons[0] - before.interneurons[0] - ip).norm(), 1e-14);
  EXPECT_LT((after.pyramidal[0] - before.pyramidal[0] - pi).norm(), 1e-14);
  EXPECT_GT(w.norm() + ip.norm() + pi.norm(), 1e-3);
  EXPECT_EQ(after.feedback[0], before.feedback[0]);
}

TEST(Microcircuit2018, LateralWeightsFindTheSelfPredictingState) {
  Microcircuit2018Settings s = settings();
  s.layers = {8, 6, 3};
  s.eta = {0.0, 0.0};
  s.eta_pi = 0.2;
  s.eta_ip = 0.4;
  MicrocircuitWeights w = self_predicting(s, {drawn(6, 8, 1), drawn(3, 6, 2)}, {drawn(6, 3, 3)});
  w.pyramidal = {drawn(6, 3, 4)};
  w.interneurons = {drawn(3, 6, 6)};
  Microcircuit2018 circuit(s, w);
  std::srand(7);
  double early = 0.0, late = 0.0;
  for (int n = 0; n < 3000; ++n) {
    const Eigen::VectorXd bits = (Eigen::VectorXd::Random(8).array() > 0.0).cast<double>();
    for (int step = 0; step < 100; ++step) circuit.tick(bits, nullptr);
    (n < 20 ? early : late) += n < 20 || n >= 2980 ? circuit.apical(1).norm() / 20 : 0.0;
  }
  EXPECT_LT(late, early / 4);
  EXPECT_GT(angle(w.pyramidal[0], w.feedback[0]), 45.0);
  EXPECT_LT(angle(circuit.weights().pyramidal[0], w.feedback[0]), 20.0);
}

TEST(Microcircuit2018, RefusesWhatDoesntFit) {
  using apical::test::contains;
  using apical::test::message_of;
  Microcircuit2018Settings s = settings();
  s.dt = 1.0;
  EXPECT_TRUE(contains(message_of([&] { Microcircuit2018(s, start()); }), "dt: 1 ms; accepted: above 0"));
  s = settings();
  s.eta = {0.1};
  EXPECT_TRUE(contains(message_of([&] { Microcircuit2018(s, start()); }), "a rate in eta each"));
  MicrocircuitWeights bad = start();
  bad.interneurons[0].resize(2, 2);
  EXPECT_TRUE(contains(message_of([&] { Microcircuit2018(settings(), bad); }), "W^IP of n_(k+1) x n_k"));
}
