// SPDX-License-Identifier: Apache-2.0
// The Lagrangian flow in event time: against its fixed point, against the exact flow, against the ticked
// model.
#include "model/event_flow.hpp"

#include <gtest/gtest.h>

#include <iostream>

#include "model/golden.hpp"
#include "tests/model/theory.hpp"

using namespace apical::model;
using namespace apical::test;

namespace {

constexpr double tau = 10.0, beta = 0.3;

EventFlowSettings settings(double theta) {
  EventFlowSettings s;
  s.tau = tau;
  s.beta = beta;
  s.theta = s.quantum = theta;
  return s;
}

double distance(const EventFlow& events, const Layers<double>& u) {
  double worst = 0.0;
  for (std::size_t k = 1; k < u.size(); ++k)
    worst = std::max(worst, (events.u(static_cast<int>(k)) - u[k]).cwiseAbs().maxCoeff());
  return worst;
}

// The fixed point of equation (11) at time t, to convergence: what the exact flow is at.
Layers<double> settled(const Network<double>& net, Layers<double> u, const Layers<double>& first, double t,
                       const Drive<double>& drive) {
  for (int sweep = 0; sweep < 2000; ++sweep) u = integrated_step(net, u, first, std::exp(-t / tau), drive);
  return u;
}

}  // namespace

// Inputs and targets jump at times that are on no grid; the state is within the stated bound of the fixed
// point. Bound: each of the messages that a unit waits for lacks at most theta, and its m at most a quantum,
// so u lacks (1 + fan-in · max |W|) · theta before feedback, which the contraction of the sweep at most
// triples here.
TEST(EventFlow, FollowsJumpsAtTheirOwnTime) {
  const Network<double> net = small_network<double>(51);
  for (const double theta : {1e-2, 1e-3, 1e-4}) {
    Drive<double> drive = smooth_drive<double>(net, 0.0, beta);
    const Layers<double> start = random_state<double>(net, 52);
    const Layers<double> first = gradient(evaluate(net, start, drive));
    EventFlow events(net, settings(theta), start, drive.input, drive.target);
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    double largest_weight = 0.0, worst = 0.0;
    for (const auto& w : net.weights) largest_weight = std::max(largest_weight, w.cwiseAbs().maxCoeff());
    const double bound = 3.0 * (1.0 + 5.0 * largest_weight) * theta;
    Layers<double> u = start;
    double time = 0.0;
    for (int jump = 0; jump < 40; ++jump) {
      time += 0.1 + std::abs(uniform(random)) * 3.7;
      const Eigen::Index unit = jump % 3;
      if (jump % 4 == 3) {
        drive.target[unit % 2] = uniform(random);
        events.target(time, unit % 2, drive.target[unit % 2]);
      } else {
        drive.input[unit] = uniform(random);
        events.input(time, unit, drive.input[unit]);
      }
      events.run_until(time);
      u = settled(net, u, first, time, drive);
      worst = std::max(worst, distance(events, u));
    }
    std::cout << "theta " << theta << ": distance " << worst << ", bound " << bound << ", "
              << events.messages() << " messages, " << events.updates() << " updates\n";
    EXPECT_LT(worst, bound);
    EXPECT_GT(worst, 0.0);
  }
}

// A smooth input cut into steps: the distance to the exact flow falls in proportion to the step.
TEST(EventFlow, BecomesTheExactFlowAsTheGridIsRefined) {
  const Network<double> net = small_network<double>(61);
  const Layers<double> start = random_state<double>(net, 62);
  constexpr double end = 30.0;
  Layers<double> exact = start;
  constexpr int fine = 3000;
  for (int n = 0; n < fine; ++n)
    exact = runge_kutta(exact, end * n / fine, end / fine, [&](const Layers<double>& v, const double& t) {
      return exact_flow(net, v, smooth_drive<double>(net, t, beta), tau);
    });
  double last = 0.0;
  for (const double step : {1.0, 0.25, 0.0625}) {
    const Drive<double> at_start = smooth_drive<double>(net, 0.0, beta);
    EventFlow events(net, settings(1e-5), start, at_start.input, at_start.target);
    // Each step takes the value that the input has at its middle, so the end is half a step away.
    for (double t = 0.0; t < end - 1e-9; t += step) {
      const Drive<double> drive = smooth_drive<double>(net, t + step / 2, beta);
      for (Eigen::Index i = 0; i < drive.input.size(); ++i) events.input(t, i, drive.input[i]);
      for (Eigen::Index i = 0; i < drive.target.size(); ++i) events.target(t, i, drive.target[i]);
    }
    events.run_until(end);
    const double here = distance(events, exact);
    std::cout << "step " << step << " ms: " << here << " from the exact flow\n";
    if (last > 0.0) {
      EXPECT_NEAR(std::log2(last / here), 2.0, 0.3) << "a quarter of the step, a quarter of the error";
    }
    last = here;
  }
}

// The ticked golden model with inputs that hold for some ticks: both ride to the same equilibrium.
TEST(EventFlow, AgreesWithTheTickedModel) {
  GoldenSettings g;
  g.layers = {3, 5, 4, 2};
  g.flow = Flow::lagrangian;
  g.scheme = Scheme::integrated;
  g.tau = tau;
  g.beta = beta;
  g.learning = false;
  const auto weights = initial_weights(g.layers, Bias::with, {1.0}, 71);
  Golden golden(g, weights);
  Network<double> net;
  net.weights.assign(weights.begin(), weights.end());
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  Vector<double> input(3), target(2);
  for (double& x : input) x = uniform(random);
  for (double& x : target) x = uniform(random);
  constexpr double theta = 1e-5;
  EventFlow events(net, settings(theta), zero_state(net), input, target);
  double settled_distance = 0.0;
  for (int t = 1; t <= 400; ++t) {
    if (t % 40 == 1 && t > 1) {
      const Eigen::Index unit = t % 3;
      input[unit] = uniform(random);
      events.input(t - 1.0, unit, input[unit]);
    }
    golden.tick(input.data(), target.data(), 1.0);
    events.run_until(t);
    if (t % 40 == 0) {
      Layers<double> u(4);
      for (int k = 1; k <= 3; ++k) u[static_cast<std::size_t>(k)] = golden.u(k);
      settled_distance = std::max(settled_distance, distance(events, u));
    }
  }
  std::cout << "40 ticks after a jump: " << settled_distance << "\n";
  EXPECT_LT(settled_distance, 100 * theta);
}

TEST(EventFlow, IsSilentInEquilibrium) {
  const Network<double> net = small_network<double>(51);
  const Drive<double> drive = smooth_drive<double>(net, 0.0, beta);
  EventFlow events(net, settings(1e-5), zero_state(net), drive.input, drive.target);
  events.run_until(200.0);
  const std::uint64_t messages = events.messages(), updates = events.updates();
  EXPECT_GT(updates, 0u);
  events.run_until(1e6);
  EXPECT_EQ(events.messages(), messages);
  EXPECT_EQ(events.updates(), updates);
  EXPECT_THROW(events.input(10.0, 0, 1.0), std::invalid_argument);
}

// Messages that take a hop: the network still ends where the instantaneous one does, later.
TEST(EventFlow, HopsDelayTheSameEquilibrium) {
  const Network<double> net = small_network<double>(51);
  const Drive<double> drive = smooth_drive<double>(net, 0.0, beta);
  EventFlowSettings delayed = settings(1e-5);
  delayed.hop = 0.5;
  EventFlow now(net, settings(1e-5), zero_state(net), drive.input, drive.target);
  EventFlow later(net, delayed, zero_state(net), drive.input, drive.target);
  for (EventFlow* flow : {&now, &later}) {
    flow->input(300.0, 0, 0.9);
    flow->run_until(300.6);
  }
  EXPECT_GT((now.u(3) - later.u(3)).cwiseAbs().maxCoeff(), 1e-4) << "the output has not heard of it yet";
  for (EventFlow* flow : {&now, &later}) flow->run_until(400.0);
  EXPECT_LT((now.u(3) - later.u(3)).cwiseAbs().maxCoeff(), 1e-4);
}
