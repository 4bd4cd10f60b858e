// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <iostream>

#include "model/golden.hpp"
#include "tests/model/theory.hpp"

using namespace apical::model;
using namespace apical::test;

namespace {

GoldenSettings settings(std::vector<int> layers) {
  GoldenSettings s;
  s.layers = std::move(layers);
  s.beta = 0.3;
  return s;
}

std::vector<WeightMatrix> weights_of(const GoldenSettings& s, std::uint64_t seed, double gain = 1.0) {
  return initial_weights(s.layers, bias_if(s.bias), {gain}, seed);
}

bool same_bits(const std::vector<WeightMatrix>& a, const std::vector<WeightMatrix>& b) {
  for (std::size_t k = 0; k < a.size(); ++k)
    if (std::memcmp(a[k].data(), b[k].data(), sizeof(double) * static_cast<std::size_t>(a[k].size())) != 0)
      return false;
  return true;
}

// Plain backpropagation of ½‖target − W_N φ(…)‖², written without the model's code.
std::vector<Eigen::MatrixXd> backpropagation(const std::vector<WeightMatrix>& weights,
                                             const Eigen::VectorXd& input, const Eigen::VectorXd& target) {
  const std::size_t depth = weights.size();
  std::vector<Eigen::VectorXd> arrives(depth), rate(depth + 1);
  const auto with_one = [](const Eigen::VectorXd& v) {
    Eigen::VectorXd w(v.size() + 1);
    w << v, 1.0;
    return w;
  };
  rate[0] = input;
  for (std::size_t k = 0; k < depth; ++k) {
    arrives[k] = weights[k] * with_one(rate[k]);
    rate[k + 1] = (1.0 / (1.0 + (-arrives[k].array()).exp())).matrix();
  }
  std::vector<Eigen::MatrixXd> change(depth);
  Eigen::VectorXd delta = target - arrives[depth - 1];
  for (std::size_t k = depth; k-- > 0;) {
    change[k] = delta * with_one(rate[k]).transpose();
    if (k == 0) break;
    const Eigen::VectorXd back = weights[k].leftCols(weights[k].cols() - 1).transpose() * delta;
    delta = back.array() * rate[k].array() * (1.0 - rate[k].array());
  }
  return change;
}

}  // namespace

TEST(Golden, LearningIsBackpropagationForSmallNudges) {
  for (const Order order : {Order::sweep, Order::parallel}) {
    GoldenSettings s = settings({6, 9, 7, 5, 3});
    s.order = order;
    s.beta = 1e-3;
    s.learning = false;
    const auto weights = weights_of(s, 4, 2.0);
    Golden golden(s, weights);
    const Eigen::VectorXd input = Eigen::VectorXd::LinSpaced(6, -1.0, 1.0);
    const Eigen::VectorXd target = Eigen::VectorXd::LinSpaced(3, 0.5, -0.8);
    for (int t = 0; t < 100; ++t) golden.tick(input.data(), target.data(), 1.0);
    const auto exact = backpropagation(weights, input, target);
    double product = 0, local = 0, global = 0;
    for (int k = 1; k <= 4; ++k) {
      Eigen::VectorXd rate = k == 1 ? input : golden.rate(k - 1);
      rate.conservativeResize(rate.size() + 1);
      rate[rate.size() - 1] = 1.0;
      const Eigen::MatrixXd change = golden.error(k) * rate.transpose();
      const Eigen::MatrixXd& wanted = exact[static_cast<std::size_t>(k - 1)];
      product += change.cwiseProduct(wanted).sum();
      local += change.squaredNorm();
      global += wanted.squaredNorm();
      EXPECT_GE(change.cwiseProduct(wanted).sum() / (change.norm() * wanted.norm()), 0.9999)
          << name_of(order) << " layer " << k;
    }
    EXPECT_GE(product / std::sqrt(local * global), 0.9999) << name_of(order);
    EXPECT_NEAR(std::sqrt(local / global), 1e-3, 1e-5) << "the local change is beta times the gradient";
  }
}

TEST(Golden, WithoutNudgeNotOneWeightBitChanges) {
  for (const Order order : {Order::sweep, Order::parallel})
    for (const Response response : {Response::prospective, Response::advanced}) {
      GoldenSettings s = settings({6, 9, 7, 3});
      s.order = order;
      s.response = response;
      const auto weights = weights_of(s, 9);
      Golden golden(s, weights);
      for (int t = 0; t < 50; ++t) {
        const Eigen::VectorXd input = Eigen::VectorXd::Random(6);
        golden.tick(input.data(), nullptr, 0.0);
      }
      EXPECT_TRUE(same_bits(golden.weights(), weights)) << name_of(order) << " " << name_of(response);
      const Eigen::VectorXd input = Eigen::VectorXd::Ones(6), target = Eigen::VectorXd::Ones(3);
      golden.tick(input.data(), target.data(), 1.0);
      golden.tick(input.data(), target.data(), 1.0);
      EXPECT_FALSE(same_bits(golden.weights(), weights)) << "the nudge teaches nothing";
    }
}

// rho = 1 rides in the moving equilibrium; rho = 0 lags; in between the lag shrinks.
TEST(Golden, ProspectiveCodingRemovesTheLag) {
  std::vector<double> lag;
  for (const double rho : {0.0, 0.5, 1.0}) {
    GoldenSettings s = settings({1, 1});
    s.rho = {rho};
    s.learning = false;
    Golden golden(s, {WeightMatrix::Identity(1, 2)});
    double worst = 0.0;
    for (int t = 0; t < 300; ++t) {
      const double input = std::sin(0.1 * t);
      golden.tick(&input, nullptr, 0.0);
      if (t > 150) worst = std::max(worst, std::abs(golden.u(1)[0] - input));
    }
    lag.push_back(worst);
  }
  EXPECT_GT(lag[0], 0.5);
  EXPECT_LT(lag[1], 0.6 * lag[0]);
  EXPECT_EQ(lag[2], 0.0);
}

TEST(Golden, EachNeuronHasItsOwnRho) {
  GoldenSettings s = settings({1, 2});
  s.rho = {0.0, 1.0};
  s.bias = false;
  Golden golden(s, {WeightMatrix::Ones(2, 1)});
  const double input = 1.0;
  golden.tick(&input, nullptr, 0.0);
  EXPECT_EQ(golden.u(1)[0], 0.0);
  EXPECT_EQ(golden.u(1)[1], 1.0);
}

// The sweep settles exactly when beta times the largest eigenvalue of sum J J' is below 1 (linear networks).
TEST(Golden, SweepIsStableUpToItsBound) {
  GoldenSettings s = settings({4, 6, 5, 3});
  s.activation = Activation::linear;
  s.bias = false;
  s.learning = false;
  const auto weights = weights_of(s, 17);
  Eigen::MatrixXd jacobian = Eigen::MatrixXd::Identity(3, 3), sum = jacobian;
  for (std::size_t k = 3; k-- > 1;) {
    jacobian = jacobian * weights[k];
    sum += jacobian * jacobian.transpose();
  }
  const double bound = 1.0 / sum.selfadjointView<Eigen::Lower>().eigenvalues().maxCoeff();
  const Eigen::VectorXd input = Eigen::VectorXd::Ones(4), target = Eigen::VectorXd::LinSpaced(3, -1, 1);
  for (const double part : {0.95, 1.05}) {
    s.beta = part * bound;
    Golden golden(s, weights);
    Eigen::VectorXd early;
    for (int t = 0; t < 2000; ++t) {
      const Eigen::VectorXd before = golden.u(3);
      golden.tick(input.data(), target.data(), 1.0);
      if (t == 100) early = golden.u(3) - before;
      if (t == 1999 && part < 1) {
        EXPECT_LT((golden.u(3) - before).norm(), 1e-12);
      }
      if (t == 1999 && part > 1) {
        EXPECT_GT((golden.u(3) - before).norm(), 100 * early.norm());
      }
    }
  }
}

// The integrated scheme and the exact flow, through the interface that `run` uses.
TEST(Golden, SchemesOfTheLagrangianFlowAgree) {
  std::vector<Eigen::VectorXd> end;
  for (const Scheme scheme : {Scheme::exact, Scheme::direct, Scheme::integrated}) {
    GoldenSettings s = settings({3, 5, 4, 2});
    s.flow = Flow::lagrangian;
    s.scheme = scheme;
    s.dt = 0.05;
    s.learning = false;
    Golden golden(s, weights_of(s, 3));
    for (int n = 0; n < 1200; ++n) {
      const double t = 0.05 * n;
      const double input[3] = {std::sin(0.1 * t), std::cos(0.07 * t), 0.5};
      const double target[2] = {std::sin(0.05 * t), 0.3};
      golden.tick(input, target, 1.0);
    }
    end.push_back(golden.u(3));
  }
  EXPECT_LT((end[1] - end[0]).norm(), 0.01);
  EXPECT_LT((end[2] - end[0]).norm(), 0.01);
  EXPECT_GT((end[1] - end[0]).norm(), 0.0);
}

// A linear unit that starts in equilibrium stays there while its input rises, at the end of every tick and to
// rounding: so does (6), and so does Euler of (10) if voltage and input are of one instant.
TEST(Golden, LagrangianFlowRidesOnARampAtTheEndOfTheTick) {
  for (const Scheme scheme : {Scheme::exact, Scheme::direct, Scheme::integrated}) {
    GoldenSettings s = settings({1, 1});
    s.activation = Activation::linear;
    s.bias = s.learning = false;
    s.flow = Flow::lagrangian;
    s.scheme = scheme;
    Golden golden(s, {WeightMatrix::Constant(1, 1, 2.0)});
    for (int n = 0; n < 50; ++n) {
      const double input = 0.25 * n;
      golden.tick(&input, nullptr, 0.0);
      ASSERT_NEAR(golden.u(1)[0], 2.0 * input, 1e-12) << name_of(scheme) << ", tick " << n;
      ASSERT_NEAR(golden.basal(1)[0], 2.0 * input, 1e-12) << name_of(scheme) << ", tick " << n;
    }
  }
}

// Both schemes of first order, against the exact flow; an Euler that takes voltages of the start of a tick
// and inputs of its end is at 0.023.
TEST(Golden, DirectSchemeIsAsCloseAsAnEuler) {
  const Network<double> net = small_network<double>(41);
  const std::vector<WeightMatrix> weights(net.weights.begin(), net.weights.end());
  const auto run = [&](Scheme scheme) {
    GoldenSettings s = settings({3, 5, 4, 2});
    s.flow = Flow::lagrangian;
    s.scheme = scheme;
    s.dt = 0.25;
    s.learning = false;
    Golden golden(s, weights);
    std::vector<Eigen::VectorXd> all;
    for (int n = 0; n < 800; ++n) {
      const Drive<double> world = smooth_drive<double>(net, s.dt * n, s.beta);
      golden.tick(world.input.data(), world.target.data(), 1.0);
      if (n < 200) continue;
      for (int k = 1; k <= 3; ++k) all.push_back(golden.u(k));
    }
    return all;
  };
  const auto exact = run(Scheme::exact);
  for (const auto& [scheme, bound] : {std::pair{Scheme::direct, 0.01}, {Scheme::integrated, 0.005}}) {
    const auto other = run(scheme);
    double worst = 0.0;
    for (std::size_t i = 0; i < exact.size(); ++i)
      worst = std::max(worst, (other[i] - exact[i]).cwiseAbs().maxCoeff());
    std::cout << name_of(scheme) << " to the exact flow: " << worst << "\n";
    EXPECT_LT(worst, bound) << name_of(scheme);
  }
}

TEST(Golden, DivergenceIsSeen) {
  GoldenSettings s = settings({2, 3, 2});
  s.activation = Activation::linear;
  s.beta = 1e6;
  Golden golden(s, weights_of(s, 1, 10.0));
  const double one[2] = {1.0, 1.0};
  EXPECT_TRUE(golden.finite());
  for (int t = 0; t < 2000; ++t) golden.tick(one, one, 1.0);
  EXPECT_FALSE(golden.finite());
}

TEST(Golden, RefusesWhatDoesNotFit) {
  const GoldenSettings good = settings({2, 3, 2});
  const auto weights = weights_of(good, 1);
  for (auto change : std::vector<void (*)(GoldenSettings&)>{[](GoldenSettings& s) { s.dt = 20.0; },
                                                            [](GoldenSettings& s) {
                                                              s.eta = {1, 2, 3};
                                                            },
                                                            [](GoldenSettings& s) {
                                                              s.rho = {1, 1};
                                                            },
                                                            [](GoldenSettings& s) {
                                                              s.layers = {2, 4, 2};
                                                            },
                                                            [](GoldenSettings& s) { s.gamma = 0.5; }}) {
    GoldenSettings bad = good;
    change(bad);
    EXPECT_THROW(Golden(bad, weights), std::invalid_argument);
  }
}

// A membrane follows its drive with its own alpha: s(n) = I (1 − (1 − alpha)ⁿ) for a constant I.
TEST(Golden, EachNeuronHasItsOwnMembrane) {
  GoldenSettings s = settings({1, 3});
  s.alpha = {0.0, 0.25, 1.0};
  s.bias = false;
  Golden golden(s, {WeightMatrix::Ones(3, 1)});
  const double input = 2.0;
  for (int n = 1; n <= 10; ++n) {
    golden.tick(&input, nullptr, 0.0);
    for (Eigen::Index i = 0; i < 3; ++i)
      EXPECT_NEAR(golden.membrane(1)[i],
                  2.0 * (1.0 - std::pow(1.0 - s.alpha[static_cast<std::size_t>(i)], n)), 1e-14);
  }
  EXPECT_THROW(golden.tick(&input, nullptr, 1.0), std::invalid_argument) << "a nudge without a target";
  s.alpha = {0.5};
  EXPECT_THROW(Golden(s, {WeightMatrix::Ones(3, 1)}), std::invalid_argument);
}
