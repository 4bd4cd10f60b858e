// SPDX-License-Identifier: Apache-2.0
// E, F and H against finite differences in 50 digits, the structured solve against the dense one.
#include <gtest/gtest.h>

#include "model/hessian_solve.hpp"
#include "tests/model/theory.hpp"

using namespace apical::model;
using namespace apical::test;

namespace {

// Samples of no function that has a name: it rises, falls and stays.
apical::SharedSamples bump() {
  apical::ActivationSamples s{{-2.5, -1.0, -0.75, 0.5, 1.0, 2.5},
                              {-0.25, 0.0, 0.125, 0.875, 1.0, 0.5},
                              {0.0, 0.25, 0.5, 0.5, 0.0, 0.0},
                              "bump"};
  return std::make_shared<const apical::ActivationSamples>(s);
}
const Activation all[] = {Activation::logistic, Activation::tanh,  Activation::softplus,
                          Activation::linear,   Activation::relu,  Activation::hard_sigmoid,
                          Activation::silu,     Activation(bump())};

class Energy : public testing::TestWithParam<Activation> {};

template <class S>
Vector<S> stacked(const Layers<S>& layers) {
  Vector<S> all_values(0);
  for (std::size_t k = 1; k < layers.size(); ++k) {
    const Eigen::Index before = all_values.size();
    all_values.conservativeResize(before + layers[k].size());
    all_values.tail(layers[k].size()) = layers[k];
  }
  return all_values;
}

}  // namespace

TEST_P(Energy, GradientIsTheSlopeOfEnergy) {
  Network<Exact> net = small_network<Exact>(5);
  net.activation = GetParam();
  const Drive<Exact> drive = smooth_drive<Exact>(net, Exact(7), 0.3);
  const Layers<Exact> u = random_state<Exact>(net, 6);
  const Layers<Exact> f = gradient(evaluate(net, u, drive));
  const Exact h("1e-15");
  for (std::size_t k = 1; k < u.size(); ++k)
    for (Eigen::Index i = 0; i < u[k].size(); ++i) {
      Layers<Exact> up = u, down = u;
      up[k][i] += h;
      down[k][i] -= h;
      const Exact slope = (energy(net, up, drive) - energy(net, down, drive)) / (2 * h);
      EXPECT_LT(abs(slope - f[k][i]), Exact("1e-25")) << "layer " << k << " unit " << i;
    }
}

TEST_P(Energy, HessianIsTheSlopeOfTheGradient) {
  Network<Exact> net = small_network<Exact>(8);
  net.activation = GetParam();
  const Drive<Exact> drive = smooth_drive<Exact>(net, Exact(3), 0.3);
  const Layers<Exact> u = random_state<Exact>(net, 9);
  const Matrix<Exact> h = hessian(net, u, evaluate(net, u, drive), drive.beta).dense();
  const Exact step("1e-15");
  Eigen::Index column = 0;
  for (std::size_t k = 1; k < u.size(); ++k)
    for (Eigen::Index i = 0; i < u[k].size(); ++i, ++column) {
      Layers<Exact> up = u, down = u;
      up[k][i] += step;
      down[k][i] -= step;
      const Vector<Exact> slope =
          (stacked(gradient(evaluate(net, up, drive))) - stacked(gradient(evaluate(net, down, drive)))) /
          (2 * step);
      EXPECT_LT((slope - h.col(column)).cwiseAbs().maxCoeff(), Exact("1e-25"))
          << "layer " << k << " unit " << i;
    }
}

TEST_P(Energy, GradientChangeIsItsTimeDerivative) {
  Network<Exact> net = small_network<Exact>(2);
  net.activation = GetParam();
  const Layers<Exact> u = random_state<Exact>(net, 3);
  const Exact t(11), h("1e-15");
  const Vector<Exact> later = stacked(gradient(evaluate(net, u, smooth_drive<Exact>(net, t + h, 0.3))));
  const Vector<Exact> earlier = stacked(gradient(evaluate(net, u, smooth_drive<Exact>(net, t - h, 0.3))));
  const Vector<Exact> change = stacked(gradient_change(net, u, smooth_drive<Exact>(net, t, 0.3)));
  EXPECT_LT(((later - earlier) / (2 * h) - change).cwiseAbs().maxCoeff(), Exact("1e-25"));
}

TEST_P(Energy, LayeredSolveIsTheDenseSolve) {
  for (const auto& layers : {std::vector<int>{3, 5, 4, 2}, {4, 3}, {2, 9, 7, 6, 3}, {3, 2, 8, 2}}) {
    Network<double> net = small_network<double>(12, layers);
    net.activation = GetParam();
    const Drive<double> drive = smooth_drive<double>(net, 4.0, 0.3);
    const Layers<double> u = random_state<double>(net, 13);
    const Hessian<double> h = hessian(net, u, evaluate(net, u, drive), drive.beta);
    const Layers<double> b = random_state<double>(net, 14);
    const Vector<double> dense = h.dense().fullPivLu().solve(stacked(b));
    EXPECT_LT((stacked(solve(h, b)) - dense).norm(), 1e-9 * (1.0 + dense.norm()))
        << layers.size() << " layers";
  }
}

INSTANTIATE_TEST_SUITE_P(Activations, Energy, testing::ValuesIn(all),
                         [](const auto& instance) { return name_of(instance.param); });

// Random sizes, weights and states, up to a hidden layer as wide as MNIST's.
TEST(HessianSolve, LeavesNoResidual) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<int> layers(std::uniform_int_distribution<std::size_t>(2, 6)(random));
    for (int& size : layers) size = std::uniform_int_distribution<int>(1, 30)(random);
    if (seed == 1) layers = {20, 300, 100, 10};
    Network<double> net = small_network<double>(seed, layers, 2.0);
    net.activation = all[seed % 4];
    const Drive<double> drive = smooth_drive<double>(net, 2.0, 0.3);
    const Layers<double> u = random_state<double>(net, seed + 1);
    const Hessian<double> h = hessian(net, u, evaluate(net, u, drive), drive.beta);
    const Layers<double> b = random_state<double>(net, seed + 2);
    const Matrix<double> dense = h.dense();
    const Vector<double> x = stacked(solve(h, b));
    EXPECT_LT((dense * x - stacked(b)).norm(), 1e-9 * (dense.norm() * x.norm() + 1.0)) << "seed " << seed;
  }
}

TEST(HessianSolve, FallsBackWhereTheFirstLayerIsSingular) {
  Network<double> net = small_network<double>(1);
  Layers<double> u = random_state<double>(net, 2);
  const Drive<double> drive = smooth_drive<double>(net, 1.0, 0.3);
  Hessian<double> h = hessian(net, u, evaluate(net, u, drive), drive.beta);
  h.curvature[1][0] = 1.0;  // 1 - c = 0: the layered elimination would divide by it
  const Layers<double> b = random_state<double>(net, 3);
  EXPECT_LT((h.dense() * stacked(solve(h, b)) - stacked(b)).norm(), 1e-9);
}

TEST(Activations, DerivativesAreSlopes) {
  const Exact h("1e-15");
  for (const Activation& f : all)
    for (int i = -40; i <= 40; ++i) {
      const Exact x = Exact(i) / 8 + Exact("0.01");  // beside the kinks
      EXPECT_LT(abs((phi<Exact>(f, x + h) - phi<Exact>(f, x - h)) / (2 * h) - phi_prime(f, x)),
                Exact("1e-25"))
          << name_of(f) << " at " << x;
      EXPECT_LT(abs((phi_prime<Exact>(f, x + h) - phi_prime<Exact>(f, x - h)) / (2 * h) -
                    phi_second<Exact>(f, x, phi(f, x), phi_prime(f, x))),
                Exact("1e-25"))
          << name_of(f) << " at " << x;
      const double d = static_cast<double>(x);
      EXPECT_NEAR(phi(f, d), static_cast<double>(phi(f, Exact(d))), 1e-15 * (1 + std::abs(d)));
    }
  EXPECT_EQ(parse<Activation::Name>("sigmoid"), std::nullopt);
}

// Rates stay within and reach, or come as near as doubles can tell, every end that is finite.
TEST(Activations, RatesFillTheirRange) {
  for (const Activation& f : all) {
    const RateRange range = range_of(f);
    double lowest = HUGE_VAL, highest = -HUGE_VAL;
    std::vector<double> voltages{-1.278464542761074};  // where silu is lowest
    for (double u = -1000.0; u <= 1000.0; u += 0.5) voltages.push_back(u);
    for (const double u : voltages) {
      lowest = std::min(lowest, phi(f, u));
      highest = std::max(highest, phi(f, u));
    }
    EXPECT_NEAR(lowest, std::isfinite(range.lowest) ? range.lowest : -1000.0, 1e-12) << name_of(f);
    EXPECT_NEAR(highest, std::isfinite(range.highest) ? range.highest : 1000.0, 1e-12) << name_of(f);
    EXPECT_LE(range.lowest, lowest) << name_of(f);
    EXPECT_GE(range.highest, highest) << name_of(f);
  }
}
