// SPDX-License-Identifier: Apache-2.0
// The action and its derivative, against finite differences and against the flows.
#include <gtest/gtest.h>

#include "model/action.hpp"
#include "tests/model/theory.hpp"

using namespace apical::model;
using namespace apical::test;

namespace {

constexpr double tau = 10.0, beta = 0.3;

std::vector<Drive<double>> between(const Network<double>& net, int steps, double dt) {
  std::vector<Drive<double>> drives;
  for (int n = 0; n < steps; ++n) drives.push_back(smooth_drive<double>(net, (n + 0.5) * dt, beta));
  return drives;
}

double largest(const Path<double>& residual) {
  double worst = 0.0;
  for (const Layers<double>& r : residual)
    for (std::size_t k = 1; k < r.size(); ++k) worst = std::max(worst, r[k].cwiseAbs().maxCoeff());
  return worst;
}

// Largest residual along a flow of 60 ms that Runge-Kutta follows in steps of dt.
template <class Flow>
double residual_along(double dt, Flow flow) {
  const Network<double> net = small_network<double>(51);
  Path<double> u{random_state<double>(net, 52)};
  const int steps = static_cast<int>(std::lround(60.0 / dt));
  for (int n = 0; n < steps; ++n)
    u.push_back(runge_kutta(u.back(), dt * n, dt, [&](const Layers<double>& v, double t) {
      return flow(net, v, smooth_drive<double>(net, t, beta));
    }));
  return largest(euler_lagrange(net, discounted_future(u, dt, tau), between(net, steps, dt), dt, tau));
}

}  // namespace

TEST(Action, DiscountedFutureGivesTheVoltagesBack) {
  const Network<double> net = small_network<double>(41);
  Path<double> u;
  for (unsigned n = 0; n < 30; ++n) u.push_back(random_state<double>(net, 100 + n));
  const Path<double> path = discounted_future(u, 0.5, tau);
  for (std::size_t n = 0; n + 1 < u.size(); ++n) {
    const Layers<double> v = voltage_between(path[n], path[n + 1], 0.5, tau);
    for (std::size_t k = 1; k < v.size(); ++k)
      EXPECT_LT((v[k] - (u[n][k] + u[n + 1][k]) / 2).cwiseAbs().maxCoeff(), 1e-12);
  }
}

// ũ(t) is the integral of u(s) e^{-(s-t)/τ} / τ over the future: closed form for a sine.
TEST(Action, DiscountedFutureOfASineIsKnown) {
  const double dt = 0.05, omega = 0.2;
  Path<double> u;
  const int steps = 8000;
  for (int n = 0; n <= steps; ++n) {
    Layers<double> v(2);
    v[1] = Vector<double>::Constant(1, std::sin(omega * n * dt));
    u.push_back(v);
  }
  const Path<double> path = discounted_future(u, dt, tau);
  for (int n = 0; n < steps / 2; n += 97) {
    const double x = omega * tau;
    const double expected = (std::sin(omega * n * dt) + x * std::cos(omega * n * dt)) / (1 + x * x);
    EXPECT_NEAR(path[static_cast<std::size_t>(n)][1][0], expected, 1e-4);
  }
}

TEST(Action, EulerLagrangeIsItsDerivative) {
  const double dt = 0.7;
  const Network<double> net = small_network<double>(61);
  const int steps = 5;
  const auto drives = between(net, steps, dt);
  Path<double> path;
  for (unsigned n = 0; n <= steps; ++n) path.push_back(random_state<double>(net, 200 + n));
  const Path<double> residual = euler_lagrange(net, path, drives, dt, tau);
  ASSERT_EQ(residual.size(), 4u);
  for (std::size_t n = 1; n < 5; ++n)
    for (std::size_t k = 1; k < path[n].size(); ++k)
      for (Eigen::Index i = 0; i < path[n][k].size(); ++i) {
        const double h = 1e-5;
        Path<double> up = path, down = path;
        up[n][k][i] += h;
        down[n][k][i] -= h;
        const double slope =
            (action(net, up, drives, dt, tau) - action(net, down, drives, dt, tau)) / (2 * h);
        EXPECT_NEAR(residual[n - 1][k][i], slope / dt, 1e-4 * (1 + std::abs(slope / dt)));
      }
}

TEST(Action, VanishesAlongTheLagrangianFlowOnly) {
  const auto lagrangian = [](const auto& net, const auto& u, const auto& d) {
    return exact_flow(net, u, d, tau);
  };
  const auto descent = [](const auto& net, const auto& u, const auto& d) {
    return gradient_flow(net, u, d, tau);
  };
  const double coarse = residual_along(0.4, lagrangian), fine = residual_along(0.1, lagrangian);
  EXPECT_NEAR(std::log(coarse / fine) / std::log(4.0), 2.0, 0.3) << coarse << " " << fine;
  EXPECT_LT(fine, 0.02);
  EXPECT_GT(residual_along(0.1, descent), 50 * fine);
}
