// SPDX-License-Identifier: Apache-2.0
// Backpropagation and the equilibrium, against finite differences and the definition.
#include <gtest/gtest.h>

#include "model/backpropagation.hpp"
#include "tests/model/theory.hpp"

using namespace apical::model;
using namespace apical::test;

TEST(Backpropagation, IsTheGradientOfTheLoss) {
  for (const Activation f :
       {Activation::logistic, Activation::tanh, Activation::softplus, Activation::silu}) {
    Network<double> net = small_network<double>(71);
    net.activation = f;
    const Drive<double> d = smooth_drive<double>(net, 3.0, 0.1);
    const auto gradient = backpropagate(net, d.input, d.target);
    for (std::size_t k = 0; k < net.weights.size(); ++k)
      for (Eigen::Index i = 0; i < net.weights[k].size(); ++i) {
        const double h = 1e-6;
        const auto loss = [&](double by) {
          Network<double> moved = net;
          moved.weights[k].data()[i] += by;
          return 0.5 * (d.target - feedforward(moved, d.input).back()).squaredNorm();
        };
        EXPECT_NEAR(gradient[k].data()[i], (loss(h) - loss(-h)) / (2 * h), 1e-8) << name_of(f);
      }
  }
}

TEST(Equilibrium, IsWhereTheGradientOfTheEnergyVanishes) {
  const Network<double> net = small_network<double>(72);
  for (const double beta : {0.0, 0.1, 1.0}) {
    const Drive<double> d = smooth_drive<double>(net, 5.0, beta);
    const Layers<double> u = equilibrium(net, feedforward(net, d.input), d);
    const Layers<double> f = gradient(evaluate(net, u, d));
    for (std::size_t k = 1; k < f.size(); ++k) EXPECT_LT(f[k].cwiseAbs().maxCoeff(), 1e-12);
    const double moved = largest_difference(u, feedforward(net, d.input));
    EXPECT_TRUE(beta == 0.0 ? moved < 1e-14 : moved > 0.1 * beta) << beta << " " << moved;
  }
}
