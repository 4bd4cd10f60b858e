// SPDX-License-Identifier: Apache-2.0
// Predictive coding against Newton's equilibrium of the nudged network and against the exact gradient.
#include "model/predictive_coding.hpp"

#include <gtest/gtest.h>

#include "model/adam.hpp"
#include "model/backpropagation.hpp"
#include "tests/model/theory.hpp"

using namespace apical::model;
using namespace apical::test;

namespace {

const Eigen::VectorXd input = Eigen::VectorXd::LinSpaced(3, -1.0, 1.0);
const Eigen::VectorXd target = Eigen::VectorXd::LinSpaced(2, 0.5, -0.8);

}  // namespace

// Holding the output with variance 1 + 1/beta is the same equilibrium as a free output nudged by beta.
TEST(PredictiveCoding, IsTheEquilibriumOfANudgedOutput) {
  for (const double beta : {0.2, 1.0, 5.0}) {
    const Network<double> net = small_network<double>(3);
    const Drive<double> nudged{input, 0 * input, target, 0 * target, beta};
    const Layers<double> u = equilibrium(net, feedforward(net, input), nudged);
    const Moment<double> expected = evaluate(net, u, nudged);
    const Relaxed<double> m = relaxed<double>(net, input, target, {1.0 + 1.0 / beta, 0.1, 2000});
    for (std::size_t k = 1; k < u.size(); ++k)
      EXPECT_LT((m.mismatch[k] - expected.mismatch[k]).norm(), 1e-9) << "beta " << beta << " layer " << k;
    EXPECT_GT(expected.mismatch[1].norm(), 1e-3);
  }
}

// The change approaches minus the gradient over the variance, at first order.
TEST(PredictiveCoding, IsBackpropagationForALargeVariance) {
  const Network<double> net = small_network<double>(5);
  const auto exact = backpropagate(net, input, target);
  std::vector<double> off;
  for (const double variance : {1e3, 1e4}) {
    const auto change = predictive_coding<double>(net, input, target, {variance, 0.1, 2000});
    double worst = 0.0;
    for (std::size_t k = 0; k < exact.size(); ++k) {
      ASSERT_EQ(change[k].cols(), net.weights[k].cols());
      worst = std::max(worst, (variance * change[k] + exact[k]).norm() / exact[k].norm());
    }
    off.push_back(worst);
  }
  EXPECT_LT(off[0], 0.01);
  EXPECT_NEAR(off[0] / off[1], 10.0, 0.5);
}

TEST(PredictiveCoding, ABatchIsTheMeanOfItsExamples) {
  constexpr int batch = 4;
  const Eigen::MatrixXd inputs = Eigen::VectorXd::LinSpaced(3 * batch, -1.0, 1.3).reshaped(3, batch);
  const Eigen::MatrixXd targets = Eigen::VectorXd::LinSpaced(2 * batch, 0.9, -0.8).reshaped(2, batch);
  for (const Activation f : {Activation::logistic, Activation::tanh}) {
    Network<double> net = small_network<double>(6);
    net.activation = f;
    const PredictiveCodingSettings s;
    const auto all = predictive_coding<double>(net, inputs, targets, s);
    std::vector<Eigen::MatrixXd> mean;
    for (const Eigen::MatrixXd& c : all) mean.emplace_back(Eigen::MatrixXd::Zero(c.rows(), c.cols()));
    for (int i = 0; i < batch; ++i) {
      const auto one = predictive_coding<double>(net, inputs.col(i), targets.col(i), s);
      for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += one[k] / batch;
    }
    Network<float> narrow{{}, f};
    for (const auto& w : net.weights) narrow.weights.emplace_back(w.cast<float>());
    const auto single = predictive_coding<float>(narrow, inputs.cast<float>(), targets.cast<float>(), s);
    for (std::size_t k = 0; k < mean.size(); ++k) {
      EXPECT_LT((all[k] - mean[k]).norm(), 1e-12) << name_of(f) << " W" << k + 1;
      EXPECT_LT((single[k].cast<double>() - mean[k]).norm(), 1e-5 * mean[k].norm());
      EXPECT_GT(mean[k].norm(), 1e-3);
    }
  }
}

// Along a constant direction Adam's corrected means are that direction and its square from the first step on.
TEST(Adam, StepsByTheSignOfAConstantDirection) {
  Adam<double> adam;
  std::vector<Eigen::MatrixXd> w{Eigen::MatrixXd::Zero(1, 3)};
  const std::vector<Eigen::MatrixXd> direction{Eigen::RowVector3d(5.0, -0.02, 0.0)};
  for (int n = 1; n <= 5; ++n) {
    adam.step(w, direction, 0.1);
    EXPECT_NEAR(w[0](0), 0.1 * n, 1e-6);
    EXPECT_NEAR(w[0](1), -0.1 * n, 1e-5);
    EXPECT_EQ(w[0](2), 0.0);
  }
  // A direction that turns round: by hand, means 0.9 m − 0.1 d and 0.999 v + 0.001 d².
  Adam<double> turning;
  std::vector<Eigen::MatrixXd> v{Eigen::MatrixXd::Zero(1, 1)};
  turning.step(v, {Eigen::MatrixXd::Constant(1, 1, 2.0)}, 0.1);
  turning.step(v, {Eigen::MatrixXd::Constant(1, 1, -1.0)}, 0.1);
  const double m = (0.9 * 0.1 * 2.0 - 0.1) / (1.0 - 0.81);
  const double q = (0.999 * 0.001 * 4.0 + 0.001) / (1.0 - 0.998001);
  EXPECT_NEAR(v[0](0), 0.1 + 0.1 * m / std::sqrt(q), 1e-7);
}
