// SPDX-License-Identifier: Apache-2.0
// The difference of two phases against the gradient of the loss by finite differences.
#include "model/equilibrium_propagation.hpp"

#include <gtest/gtest.h>

using namespace apical::model;

TEST(EquilibriumPropagation, DifferenceOfPhasesIsTheGradient) {
  const std::vector<int> layers{4, 6, 3};
  EquilibriumPropagationSettings s;
  s.activation = Activation::logistic;
  s.free_steps = s.nudged_steps = 400;
  EquilibriumPropagation net(s, initial_weights(layers, Bias::with, {1.0}, 3));
  const Eigen::VectorXd input = Eigen::VectorXd::LinSpaced(4, -1.0, 1.0);
  const Eigen::VectorXd target = Eigen::VectorXd::LinSpaced(3, 0.9, 0.1);
  // One-sided nudging is off by the order of beta, two-sided by its square.
  auto direction = net.direction(input, target, 1e-3);
  const auto other = net.direction(input, target, -1e-3);
  double largest = 0.0;
  for (std::size_t k = 0; k < 2; ++k)
    for (Eigen::Index i = 0; i < direction[k].size(); ++i) {
      const auto loss = [&](double by) {
        EquilibriumPropagation moved = net;
        moved.weights()[k].data()[i] += by;
        return 0.5 * (target - moved.predict(input)).squaredNorm();
      };
      const double slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
      EXPECT_NEAR((direction[k].data()[i] + other[k].data()[i]) / 2, -slope, 1e-6);
      largest = std::max(largest, std::abs(slope));
    }
  EXPECT_GT(largest, 0.01);
}

TEST(EquilibriumPropagation, FreeRelaxationEndsWhereTheEnergyIsFlat) {
  EquilibriumPropagationSettings s;
  s.activation = Activation::tanh;
  s.free_steps = 1000;
  const std::vector<WeightMatrix> w = initial_weights({3, 4, 2}, Bias::with, {0.8}, 4);
  EquilibriumPropagation net(s, w);
  const Eigen::VectorXd input = Eigen::VectorXd::LinSpaced(3, -0.5, 1.0);
  const Eigen::VectorXd end = net.predict(input);
  s.free_steps = 1001;
  EquilibriumPropagation longer(s, w);
  EXPECT_LT((longer.predict(input) - end).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(EquilibriumPropagation, LearnsWhatItIsShown) {
  EquilibriumPropagationSettings s;
  EquilibriumPropagation net(s, initial_weights({3, 8, 2}, Bias::with, {0.5}, 5));
  const Eigen::VectorXd inputs[] = {Eigen::Vector3d(1, 0, 0), Eigen::Vector3d(0, 1, 0),
                                    Eigen::Vector3d(1, 1, 0)};
  const Eigen::VectorXd targets[] = {Eigen::Vector2d(1, 0), Eigen::Vector2d(1, 0), Eigen::Vector2d(0, 1)};
  const auto loss = [&] {
    double sum = 0.0;
    for (int i = 0; i < 3; ++i) sum += (targets[i] - net.predict(inputs[i])).squaredNorm();
    return sum;
  };
  const double before = loss();
  for (int n = 0; n < 3000; ++n) net.learn(inputs[n % 3], targets[n % 3]);
  EXPECT_LT(loss(), 0.1 * before);
}

TEST(EquilibriumPropagation, ABatchIsTheMeanOfItsExamples) {
  for (const Activation f : {Activation::hard_sigmoid, Activation::tanh}) {
    EquilibriumPropagationSettings s;
    s.activation = f;
    s.eta = {0.1, 0.05, 0.02};
    const std::vector<WeightMatrix> w = initial_weights({5, 7, 6, 3}, Bias::with, {1.0}, 6);
    EquilibriumPropagation net(s, w), learned(s, w);
    constexpr int batch = 4;
    const Eigen::MatrixXd inputs = Eigen::VectorXd::LinSpaced(5 * batch, 1.0, -0.7).reshaped(5, batch);
    const Eigen::MatrixXd targets = Eigen::VectorXd::LinSpaced(3 * batch, 0.0, 0.9).reshaped(3, batch);
    const Eigen::MatrixXd outputs = net.predict(inputs);
    std::vector<Eigen::MatrixXd> mean = net.direction(inputs.col(0), targets.col(0), s.beta);
    for (int i = 0; i < batch; ++i) {
      EXPECT_LT((net.predict(inputs.col(i)) - outputs.col(i)).norm(), 1e-12);
      const auto one = net.direction(inputs.col(i), targets.col(i), s.beta);
      for (std::size_t k = 0; k < w.size(); ++k) mean[k] = (i == 0 ? 0.0 : 1.0) * mean[k] + one[k] / batch;
    }
    const auto all = net.direction(inputs, targets, s.beta);
    for (std::size_t k = 0; k < w.size(); ++k) {
      EXPECT_LT((all[k] - mean[k]).norm(), 1e-12) << name_of(f) << " W" << k + 1;
      EXPECT_GT(mean[k].norm(), 1e-3);
    }
    // What is learned is eta times that, the bias included, for the sign that was drawn.
    learned.learn(inputs, targets);
    const auto other = net.direction(inputs, targets, -s.beta);
    const auto step = [&](std::size_t k) {
      return Eigen::MatrixXd((learned.weights()[k] - w[k]) / s.eta[k]);
    };
    const auto& drawn = (step(0) - all[0]).norm() < (step(0) - other[0]).norm() ? all : other;
    for (std::size_t k = 0; k < w.size(); ++k) EXPECT_LT((step(k) - drawn[k]).norm(), 1e-12);
  }
}

TEST(EquilibriumPropagation, RefusesWhatDoesntFit) {
  EquilibriumPropagationSettings s;
  s.eta = {0.1};
  EXPECT_THROW(EquilibriumPropagation(s, initial_weights({3, 4, 2}, Bias::with, {1.0}, 1)),
               std::invalid_argument);
}
