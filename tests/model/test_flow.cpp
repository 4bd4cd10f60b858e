// SPDX-License-Identifier: Apache-2.0
// The flows against each other and against 50 digits.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/model/theory.hpp"

using namespace apical::model;
using namespace apical::test;

namespace {

constexpr double tau = 10.0, beta = 0.3, end_time = 60.0;

// u on the exact flow from a random state, by RK4 with `steps` steps; calls visit(step, u) after each.
template <class S, class Visit>
void exact_trajectory(const Network<S>& net, int steps, Layers<S> u, Visit visit) {
  const S dt = S(end_time) / steps;
  for (int n = 0; n < steps; ++n) {
    u = runge_kutta(u, S(dt * n), dt, [&](const Layers<S>& v, const S& t) {
      return exact_flow(net, v, smooth_drive<S>(net, t, beta), S(tau));
    });
    visit(n + 1, u);
  }
}

enum class Scheme { gradient, direct, integrated };

// Largest distance to the exact flow after the first quarter of the time,.
double distance(Scheme scheme, double dt, unsigned seed) {
  const Network<double> net = small_network<double>(seed);
  const int fine = 4;  // steps of the reference per tick
  const int ticks = static_cast<int>(std::lround(end_time / dt));
  std::vector<Layers<double>> reference(static_cast<std::size_t>(ticks) + 1);
  reference[0] = random_state<double>(net, seed + 1);
  exact_trajectory<double>(net, ticks * fine, reference[0], [&](int n, const Layers<double>& u) {
    if (n % fine == 0) reference[static_cast<std::size_t>(n / fine)] = u;
  });
  Layers<double> u = reference[0];
  Layers<double> velocity = zero_state(net);
  const Layers<double> initial = gradient(evaluate(net, u, smooth_drive<double>(net, 0.0, beta)));
  double worst = 0.0;
  for (int n = 0; n < ticks; ++n) {
    const double now = n * dt;
    const Drive<double> drive = smooth_drive<double>(net, now, beta);
    if (scheme == Scheme::gradient) {
      const Layers<double> change = gradient_flow(net, u, drive, tau);
      for (std::size_t k = 1; k < u.size(); ++k) u[k] += dt * change[k];
    } else if (scheme == Scheme::direct) {
      velocity = direct_flow(net, u, velocity, drive, tau);
      for (std::size_t k = 1; k < u.size(); ++k) u[k] += dt * velocity[k];
    } else {
      u = integrated_step(net, u, initial, std::exp(-(now + dt) / tau),
                          smooth_drive<double>(net, now + dt, beta));
    }
    if (n + 1 > ticks / 4)
      worst = std::max(worst, largest_difference(u, reference[static_cast<std::size_t>(n + 1)]));
  }
  return worst;
}

}  // namespace

TEST(ExactFlow, MismatchDecaysWhateverTheInputDoes) {
  const Network<double> net = small_network<double>(21);
  const Layers<double> start = random_state<double>(net, 22);
  const Layers<double> f0 = gradient(evaluate(net, start, smooth_drive<double>(net, 0.0, beta)));
  const int steps = 6000;
  exact_trajectory<double>(net, steps, start, [&](int n, const Layers<double>& u) {
    if (n % 500 != 0) return;
    const double t = end_time * n / steps;
    const Layers<double> f = gradient(evaluate(net, u, smooth_drive<double>(net, t, beta)));
    for (std::size_t k = 1; k < f.size(); ++k)
      EXPECT_LT((f[k] - std::exp(-t / tau) * f0[k]).cwiseAbs().maxCoeff(), 1e-9)
          << "t " << t << " layer " << k;
  });
}

TEST(ExactFlow, DoubleAgreesWithFiftyDigits) {
  const Network<double> net = small_network<double>(31);
  Network<Exact> exact_net;
  exact_net.activation = net.activation;
  for (const auto& w : net.weights) exact_net.weights.push_back(w.cast<Exact>());
  const Layers<double> start = random_state<double>(net, 32);
  Layers<Exact> exact_start(start.size());
  for (std::size_t k = 0; k < start.size(); ++k) exact_start[k] = start[k].cast<Exact>();
  Layers<double> end;
  Layers<Exact> exact_end;
  exact_trajectory<double>(net, 60, start, [&](int, const Layers<double>& u) { end = u; });
  exact_trajectory<Exact>(exact_net, 60, exact_start, [&](int, const Layers<Exact>& u) { exact_end = u; });
  for (std::size_t k = 1; k < end.size(); ++k)
    for (Eigen::Index i = 0; i < end[k].size(); ++i)
      EXPECT_NEAR(end[k][i], static_cast<double>(exact_end[k][i]), 1e-11);
}

TEST(Schemes, ConvergeInFirstOrderAndIntegratedBelowDirect) {
  // Published-style figures for this net size (another seed): direct 0.0284, 0.0070, 0.0014 and integrated
  // 0.0139, 0.0037, 0.00074 at 1, 0.25, 0.05 ms. Same order of magnitude: within a factor of 5.
  const double dts[] = {1.0, 0.25, 0.05};
  const double published_direct[] = {0.0284, 0.0070, 0.0014};
  const double published_integrated[] = {0.0139, 0.0037, 0.00074};
  double direct[3], integrated[3];
  for (int i = 0; i < 3; ++i) {
    direct[i] = distance(Scheme::direct, dts[i], 41);
    integrated[i] = distance(Scheme::integrated, dts[i], 41);
    std::cout << "dt " << dts[i] << " ms: direct " << direct[i] << ", integrated " << integrated[i] << "\n";
    EXPECT_LT(integrated[i], direct[i]);
    EXPECT_LT(direct[i], 5 * published_direct[i]);
    EXPECT_GT(direct[i], published_direct[i] / 5);
    EXPECT_LT(integrated[i], 5 * published_integrated[i]);
    EXPECT_GT(integrated[i], published_integrated[i] / 5);
  }
  for (const double* error : {direct, integrated})
    for (int i = 0; i < 2; ++i) {
      const double order = std::log(error[i] / error[i + 1]) / std::log(dts[i] / dts[i + 1]);
      EXPECT_NEAR(order, 1.0, 0.2);
    }
}

TEST(Schemes, GradientFlowStaysFarAway) {
  const double away = distance(Scheme::gradient, 0.25, 41);
  std::cout << "gradient flow: " << away << "\n";
  EXPECT_GT(away, 10 * distance(Scheme::direct, 0.25, 41));
}

TEST(Schemes, ConvergedFixedPointIsTheExactFlow) {
  const Network<double> net = small_network<double>(51);
  const Layers<double> start = random_state<double>(net, 52);
  const Layers<double> f0 = gradient(evaluate(net, start, smooth_drive<double>(net, 0.0, beta)));
  Layers<double> exact;
  exact_trajectory<double>(net, 6000, start, [&](int, const Layers<double>& u) { exact = u; });
  Layers<double> u = exact;
  for (auto& layer : u) layer.array() += 0.05;  // away from the answer
  for (int sweep = 0; sweep < 500; ++sweep)
    u = integrated_step(net, u, f0, std::exp(-end_time / tau), smooth_drive<double>(net, end_time, beta));
  EXPECT_LT(largest_difference(u, exact), 1e-7);
}
