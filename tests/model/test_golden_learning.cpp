// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "model/backpropagation.hpp"
#include "model/golden.hpp"

using namespace apical::model;

namespace {

constexpr unsigned seed = 11;

GoldenSettings settings(const std::vector<int>& layers, Order order) {
  GoldenSettings s;
  s.layers = layers;
  s.order = order;
  s.gamma = 0.0;  // errors leave the forward pass alone, so that (22) holds at every beta
  s.beta = 0.5;
  s.eta = {1.0};
  s.trace = Trace::round_trip;
  return s;
}

std::shared_ptr<Imperfections> chip(const GoldenSettings& s, const ImperfectionSettings& imperfections) {
  return std::make_shared<Imperfections>(imperfections, s.layers, Bias::with, Connections{}, s.dt,
                                         Polarity::unipolar);
}

// The largest difference between what each tick changes and −β dt times the gradient of the input that (59)
// says it is about. Inputs and targets change abruptly in every tick; weights are put back after it.
double distance_to_backpropagation(const GoldenSettings& s, int delay, bool late_target = true) {
  ImperfectionSettings slow;
  slow.delay = delay;
  const int depth = static_cast<int>(s.layers.size()) - 1, ticks = 60;
  const int behind = s.order == Order::parallel ? 1 : 0, hop = delay + behind;
  const int target_delay = (depth - 1) * hop + behind;
  const auto weights = initial_weights(s.layers, Bias::with, {1.5}, seed);
  Golden golden(s, weights, delay > 0 ? chip(s, slow) : nullptr);
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  const auto draw = [&](int size) {
    return Eigen::VectorXd(Eigen::VectorXd::NullaryExpr(size, [&] { return normal(random); }));
  };
  std::vector<Eigen::VectorXd> inputs, targets;
  double worst = 0.0;
  for (int n = 0; n < ticks; ++n) {
    inputs.push_back(draw(s.layers.front()));
    targets.push_back(draw(s.layers.back()));
    const auto& target = targets[static_cast<std::size_t>(late_target ? std::max(0, n - target_delay) : n)];
    golden.tick(inputs.back().data(), target.data(), 1.0);
    const auto learnt = golden.weights();
    for (int k = 1; k <= depth; ++k) golden.set_weights(k, weights[static_cast<std::size_t>(k - 1)]);
    for (int k = 1; k <= depth; ++k) {
      const auto c = static_cast<std::size_t>(k - 1);
      const int about = n - target_delay - (depth - k) * hop;
      if (about < target_delay) continue;  // the lines are filled
      const auto at = static_cast<std::size_t>(about);
      const Eigen::MatrixXd gradient = backpropagate(golden.network(), inputs[at], targets[at])[c];
      worst = std::max(worst, (learnt[c] - weights[c] + s.beta * s.dt * gradient).cwiseAbs().maxCoeff());
    }
  }
  return worst;
}

}  // namespace

TEST(GoldenLearning, RoundTripTracesLearnTheGradientWhateverTheDelays) {
  for (const std::vector<int>& layers : {std::vector<int>{4, 3}, {4, 6, 3}, {4, 6, 5, 3}})
    for (const Order order : {Order::sweep, Order::parallel})
      for (const int delay : {0, 1, 3}) {
        const GoldenSettings s = settings(layers, order);
        const std::string where =
            std::string(name_of(order)) + " " + std::to_string(layers.size()) + " " + std::to_string(delay);
        EXPECT_LT(distance_to_backpropagation(s, delay), 1e-13) << where;
        const bool late = order == Order::parallel || (delay > 0 && layers.size() > 2);
        if (!late) continue;
        GoldenSettings plain = s;
        plain.trace = Trace::none;
        EXPECT_GT(distance_to_backpropagation(plain, delay), 0.01) << where << ": without traces";
        EXPECT_GT(distance_to_backpropagation(s, delay, false), 0.01) << where << ": with prompt targets";
      }
}

// Without delays the sweep's errors are of this tick, and delays that come after training are none while it
// learns.
TEST(GoldenLearning, NothingToRememberChangesNoBit) {
  ImperfectionSettings after;
  after.delay = 3;
  after.when = When::after_training;
  GoldenSettings s = settings({4, 6, 5, 3}, Order::sweep);
  const auto weights = initial_weights(s.layers, Bias::with, {1.0}, seed);
  const auto learnt = [&](Trace trace, const std::shared_ptr<Imperfections>& chip) {
    s.trace = trace;
    Golden golden(s, weights, chip);
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    for (int n = 0; n < 30; ++n) {
      const auto draw = [&] { return normal(random); };
      const Eigen::VectorXd input = Eigen::VectorXd::NullaryExpr(4, draw);
      const Eigen::VectorXd target = Eigen::VectorXd::NullaryExpr(3, draw);
      golden.tick(input.data(), target.data(), 1.0);
    }
    return golden.weights();
  };
  EXPECT_EQ(learnt(Trace::round_trip, nullptr), learnt(Trace::none, nullptr));
  EXPECT_EQ(learnt(Trace::round_trip, chip(s, after)), learnt(Trace::none, nullptr));
}

TEST(GoldenLearning, TracesAreRefusedWhereNothingHasOneRoundTrip) {
  const auto message = [](const GoldenSettings& s) -> std::string {
    try {
      Golden(s, initial_weights(s.layers, Bias::with, {1.0}, seed, s.connections));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  GoldenSettings s = settings({4, 6, 5, 3}, Order::parallel);
  EXPECT_EQ(message(s), "accepted");
  s.flow = Flow::lagrangian;
  EXPECT_NE(message(s).find("learning.trace: \"round-trip\" with dynamics.flow"), std::string::npos);
  s.flow = Flow::latent_equilibrium;
  s.connections = {{0, 1}, {1, 2}, {2, 3}, {1, 3}};
  EXPECT_NE(message(s).find("learning.trace: \"round-trip\" with network.connections"), std::string::npos);
}
