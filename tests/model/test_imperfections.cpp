// SPDX-License-Identifier: Apache-2.0
#include "model/imperfections.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <iostream>

#include "model/golden.hpp"

using namespace apical::model;

namespace {

constexpr std::uint64_t seed = 7;

Imperfections chip(ImperfectionSettings s, const std::vector<int>& layers,
                   Polarity rates = Polarity::unipolar) {
  if (s.seed == 0) s.seed = seed;
  return Imperfections(s, layers, Bias::with, {}, 1.0, rates);
}

double mean(const Eigen::VectorXd& x) {
  return x.mean();
}

double deviation(const Eigen::VectorXd& x) {
  return std::sqrt((x.array() - x.mean()).square().mean());
}

double correlation(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  return ((x.array() - x.mean()) * (y.array() - y.mean())).mean() / deviation(x) / deviation(y);
}

// Mean, spread and tail of `x` against a normal distribution, within five standard errors.
void expect_normal(const Eigen::VectorXd& x, double centre, double sigma, const char* what) {
  const double n = static_cast<double>(x.size());
  EXPECT_NEAR(mean(x), centre, 5 * sigma / std::sqrt(n)) << what;
  EXPECT_NEAR(deviation(x), sigma, 5 * sigma / std::sqrt(2 * n)) << what;
  const double beyond = ((x.array() - centre).abs() > 2 * sigma).cast<double>().mean();
  EXPECT_NEAR(beyond, std::erfc(std::sqrt(2.0)), 5 * std::sqrt(0.0455 / n)) << what;
}

void expect_share(double found, double share, double n, const char* what) {
  EXPECT_NEAR(found, share, 5 * std::sqrt(share * (1 - share) / n)) << what;
}

bool same_bits(const std::vector<WeightMatrix>& a, const std::vector<WeightMatrix>& b) {
  for (std::size_t k = 0; k < a.size(); ++k)
    if (std::memcmp(a[k].data(), b[k].data(), sizeof(double) * static_cast<std::size_t>(a[k].size())) != 0)
      return false;
  return true;
}

// Weights after some ticks of a small network that learns.
std::vector<WeightMatrix> learnt(GoldenSettings s, const std::shared_ptr<Imperfections>& chip) {
  s.layers = {5, 7, 6, 3};
  s.beta = 0.3;
  Golden golden(s, initial_weights(s.layers, bias_if(s.bias), {1.0}, seed), chip);
  for (int t = 0; t < 60; ++t) {
    const Eigen::VectorXd input =
        Eigen::VectorXd::NullaryExpr(5, [&](Eigen::Index i) { return std::sin(0.1 * t + double(i)); });
    const Eigen::VectorXd target =
        Eigen::VectorXd::NullaryExpr(3, [&](Eigen::Index i) { return std::cos(0.2 * t + double(i)); });
    golden.tick(input.data(), target.data(), t % 20 < 15 ? 1.0 : 0.0);
  }
  return golden.weights();
}

std::shared_ptr<Imperfections> small_chip(const ImperfectionSettings& s) {
  return std::make_shared<Imperfections>(s, std::vector<int>{5, 7, 6, 3}, Bias::with, Connections{}, 1.0,
                                         Polarity::unipolar);
}

}  // namespace

TEST(Imperfections, ConstantsFollowTheirDistributions) {
  ImperfectionSettings s;
  s.gain_spread = 0.2;
  s.slope_spread = 0.1;
  s.offset_spread = 0.5;
  s.weight_spread = 0.3;
  s.dead_neurons = 0.1;
  s.dead_synapses = 0.05;
  const int units = 20000;
  const Imperfections c = chip(s, {9, units, 2});
  const auto& n = c.neurons(1);
  std::cout << "seed " << seed << "\n";
  expect_normal(n.gain, 1.0, 0.2, "gain");
  expect_normal(n.error_gain, 1.0, 0.2, "gain of errors");
  expect_normal(n.slope, 1.0, 0.1, "slope");
  expect_normal(n.offset, 0.0, 0.5, "offset");
  for (const Eigen::VectorXd* other : {&n.error_gain, &n.slope, &n.offset})
    EXPECT_LT(std::abs(correlation(n.gain, *other)), 5 / std::sqrt(units));
  expect_share(1.0 - mean(n.alive), 0.1, units, "dead neurons");
  EXPECT_EQ(c.neurons(2).alive.minCoeff(), 1.0) << "output units are alive";

  const Eigen::MatrixXd& factors = c.factors(1);
  ASSERT_EQ(factors.rows(), units);
  ASSERT_EQ(factors.cols(), 10);
  std::vector<double> logs;
  for (const double f : factors.reshaped()) {
    if (f > 0.0) logs.push_back(std::log(f));
    ASSERT_EQ(std::ldexp(f, Imperfections::constant_frac),
              std::nearbyint(std::ldexp(f, Imperfections::constant_frac)));
  }
  const double n_logs = static_cast<double>(logs.size());
  expect_share(1.0 - n_logs / (10.0 * units), 0.05, 10.0 * units, "dead synapses");
  expect_normal(Eigen::Map<Eigen::VectorXd>(logs.data(), static_cast<Eigen::Index>(logs.size())), 0.0, 0.3,
                "log of a factor");
  EXPECT_NE(c.summary().find("of 20000 hidden neurons"), std::string::npos) << c.summary();
}

// Stationary from the first tick, and correlated over time as theory has it.
TEST(Imperfections, NoiseIsOrnsteinUhlenbeck) {
  for (const double tau : {0.0, 7.0}) {
    ImperfectionSettings s;
    s.noise = 0.5;
    s.error_noise = 0.25;
    s.noise_tau = tau;
    const int units = 4000, ticks = 100;
    Imperfections c = chip(s, {1, units, 1});
    const Eigen::VectorXd zero = Eigen::VectorXd::Zero(units);
    std::vector<Eigen::VectorXd> noise, error;
    for (int t = 0; t < ticks; ++t) {
      c.begin_tick();
      noise.push_back(c.fires_on(1, zero));
      error.push_back(c.sends_error(1, zero));
    }
    for (const int t : {0, 1, 50, 99}) {
      expect_normal(noise[static_cast<std::size_t>(t)], 0.0, 0.5, "voltage");
      expect_normal(error[static_cast<std::size_t>(t)], 0.0, 0.25, "error");
    }
    for (const int lag : {1, 5, 20}) {
      const double theory = tau > 0.0 ? std::exp(-lag / tau) : 0.0;
      EXPECT_NEAR(correlation(noise[10], noise[static_cast<std::size_t>(10 + lag)]), theory,
                  5 / std::sqrt(units))
          << "tau " << tau << " lag " << lag;
    }
    EXPECT_LT(std::abs(correlation(noise[10], error[10])), 5 / std::sqrt(units));
  }
}

TEST(Imperfections, ChangesFollowTheDevice) {
  ImperfectionSettings s;
  const auto changed = [&](double weight, double change) {
    return chip(s, {1, 1}).device_change(1, 0, 0, weight, change);
  };
  EXPECT_EQ(changed(0.5, 0.25), 0.25);
  s.update_asymmetry = 0.2;
  EXPECT_DOUBLE_EQ(changed(0.5, 0.25), 1.2 * 0.25);
  EXPECT_DOUBLE_EQ(changed(0.5, -0.25), -0.8 * 0.25);
  s.update_bound = 2.0;
  EXPECT_DOUBLE_EQ(changed(0.5, 0.25), 1.2 * 0.25 * (1 - 0.5 / 2));
  EXPECT_DOUBLE_EQ(changed(0.5, -0.25), -0.8 * 0.25 * (1 + 0.5 / 2));
  EXPECT_EQ(changed(2.5, 0.25), 0.0) << "beyond the bound nothing goes up";
  s.update_limit = 0.125;
  EXPECT_EQ(changed(0.5, 0.25), 0.125);
  EXPECT_EQ(changed(0.5, -0.25), -0.125);
  EXPECT_DOUBLE_EQ(changed(0.5, 0.01), 1.2 * 0.01 * (1 - 0.5 / 2));

  // Multiples of the smallest step, right in the mean.
  ImperfectionSettings steps;
  steps.update_step = 0.01;
  Imperfections c = chip(steps, {1, 1});
  double sum = 0.0;
  constexpr int ticks = 40000;
  for (int t = 0; t < ticks; ++t) {
    c.begin_tick();
    const double change = c.device_change(1, 0, 0, 0.0, -0.0123);
    EXPECT_TRUE(std::abs(change + 0.01) < 1e-12 || std::abs(change + 0.02) < 1e-12) << change;
    sum += change;
  }
  EXPECT_NEAR(sum / ticks, -0.0123, 5 * 0.01 * std::sqrt(0.23 * 0.77 / ticks));
}

TEST(Imperfections, DelaysAreDrawnPerUnitAndTick) {
  ImperfectionSettings s;
  s.delay = 2;
  Imperfections exact = chip(s, {1, 300, 300});
  s.delay_jitter = 3;
  Imperfections jitters = chip(s, {1, 300, 300});
  std::array<int, 7> ages{};
  for (int t = 0; t < 200; ++t) {
    const Eigen::VectorXd sent = Eigen::VectorXd::Constant(300, t);
    exact.begin_tick();
    jitters.begin_tick();
    EXPECT_EQ(exact.rate_arrives(1, sent), Eigen::VectorXd::Constant(300, std::max(0, t - 2)));
    const Eigen::VectorXd rate = jitters.rate_arrives(1, sent), error = jitters.error_arrives(2, sent);
    if (t < 10) continue;
    EXPECT_NE(rate, error);
    for (const double x : rate) {
      const int age = t - static_cast<int>(x);
      ASSERT_TRUE(age >= 2 && age <= 5) << age;
      ++ages[static_cast<std::size_t>(age)];
    }
  }
  for (int age = 2; age <= 5; ++age)
    expect_share(ages[static_cast<std::size_t>(age)] / 57000.0, 0.25, 57000, "age");
}

TEST(Imperfections, ConvertersHaveTheirLevels) {
  EXPECT_EQ(converted(0.3, 0, 1.0, Polarity::unipolar), 0.3);
  EXPECT_EQ(converted(0.3, 2, 1.0, Polarity::unipolar), 0.25);
  EXPECT_EQ(converted(0.375, 2, 1.0, Polarity::unipolar), 0.5) << "ties to even";
  EXPECT_EQ(converted(1.0, 2, 1.0, Polarity::unipolar), 0.75) << "the top level";
  EXPECT_EQ(converted(-0.3, 2, 1.0, Polarity::unipolar), 0.0);
  EXPECT_EQ(converted(-0.3, 2, 1.0, Polarity::bipolar), -0.5);
  EXPECT_EQ(converted(-9.0, 2, 3.0, Polarity::bipolar), -3.0);
  EXPECT_EQ(converted(9.0, 2, 3.0, Polarity::bipolar), 1.5);
}

TEST(Imperfections, SeedsAreChips) {
  ImperfectionSettings s;
  s.gain_spread = s.noise = s.weight_spread = 0.2;
  Imperfections a = chip(s, {2, 30, 2}), b = chip(s, {2, 30, 2});
  s.seed = seed + 1;
  Imperfections other = chip(s, {2, 30, 2});
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(30);
  for (Imperfections* c : {&a, &b, &other}) c->begin_tick();
  EXPECT_EQ(a.neurons(1).gain, b.neurons(1).gain);
  EXPECT_EQ(a.factors(2), b.factors(2));
  EXPECT_EQ(a.fires_on(1, zero), b.fires_on(1, zero));
  EXPECT_NE(a.neurons(1).gain, other.neurons(1).gain);
  EXPECT_NE(a.factors(2), other.factors(2));
  EXPECT_NE(a.fires_on(1, zero), other.fires_on(1, zero));
}

// One tick without a nudge against (51) and (54), written out.
TEST(ImperfectGolden, ForwardPassIsThatOfTheChip) {
  ImperfectionSettings s;
  s.seed = seed;
  s.gain_spread = s.slope_spread = s.weight_spread = 0.3;
  s.offset_spread = 0.5;
  s.dead_neurons = s.dead_synapses = 0.25;
  const std::vector<int> layers{5, 7, 6, 3};
  GoldenSettings g;
  g.layers = layers;
  const auto weights = initial_weights(layers, Bias::with, {1.0}, seed);
  Golden golden(g, weights, small_chip(s));
  const Imperfections drawn(s, layers, Bias::with, {}, 1.0, Polarity::unipolar);
  const Eigen::VectorXd input = Eigen::VectorXd::LinSpaced(5, -1.0, 1.0);
  golden.tick(input.data(), nullptr, 0.0);
  Eigen::VectorXd rate = input;
  int dead = 0;
  for (int k = 1; k <= 3; ++k) {
    const auto& n = drawn.neurons(k);
    const WeightMatrix& w = weights[static_cast<std::size_t>(k - 1)];
    Eigen::VectorXd u(w.rows());
    for (Eigen::Index i = 0; i < w.rows(); ++i) {
      u[i] = w(i, w.cols() - 1) * drawn.factors(k)(i, w.cols() - 1);
      for (Eigen::Index j = 0; j + 1 < w.cols(); ++j) u[i] += w(i, j) * drawn.factors(k)(i, j) * rate[j];
    }
    EXPECT_LT((golden.u(k) - u).cwiseAbs().maxCoeff(), 1e-14) << k;
    rate.resize(u.size());
    for (Eigen::Index i = 0; i < u.size(); ++i) {
      const double phi = 1 / (1 + std::exp(-(n.slope[i] * u[i] + n.offset[i])));
      rate[i] = n.alive[i] * n.gain[i] * phi;
      EXPECT_NEAR(golden.slope(k)[i], phi * (1 - phi), 1e-14);
      dead += n.alive[i] == 0.0;
    }
  }
  EXPECT_GT(dead, 0);
  EXPECT_TRUE(same_bits(golden.weights(), weights)) << "silence";
}

TEST(ImperfectGolden, PerfectChipsChangeNoBit) {
  for (const Order order : {Order::sweep, Order::parallel}) {
    GoldenSettings g;
    g.order = order;
    g.rho = {0.75};
    const auto reference = learnt(g, nullptr);
    EXPECT_TRUE(same_bits(learnt(g, small_chip({})), reference)) << name_of(order);
    // Strengths below the grid of the constants go through all the code and do nothing.
    ImperfectionSettings s;
    s.gain_spread = s.offset_spread = s.slope_spread = s.weight_spread = s.noise = s.error_noise = 1e-9;
    s.update_limit = 1e9;
    EXPECT_TRUE(same_bits(learnt(g, small_chip(s)), reference)) << name_of(order);
    s.gain_spread = 0.1;
    EXPECT_FALSE(same_bits(learnt(g, small_chip(s)), reference)) << name_of(order);
    s.when = When::after_training;
    s.update_limit = 0.0;
    EXPECT_TRUE(same_bits(learnt(g, small_chip(s)), reference))
        << name_of(order) << ": a training is perfect";
  }
}

// A test after training is imperfect and leaves a perfect chip behind.
TEST(ImperfectGolden, AfterTrainingIsForTests) {
  ImperfectionSettings s;
  s.seed = seed;
  s.weight_spread = 0.3;
  s.when = When::after_training;
  GoldenSettings g;
  g.layers = {5, 7, 6, 3};
  const auto weights = initial_weights(g.layers, Bias::with, {1.0}, seed);
  Golden golden(g, weights, small_chip(s)), perfect(g, weights);
  const Eigen::VectorXd input = Eigen::VectorXd::LinSpaced(5, -1.0, 1.0);
  const auto show = [&] {
    for (Golden* machine : {&golden, &perfect}) machine->tick(input.data(), nullptr, 0.0);
    return golden.u(3) == perfect.u(3);
  };
  EXPECT_TRUE(show());
  golden.set_testing(true);
  EXPECT_FALSE(show());
  golden.set_testing(false);
  show();
  EXPECT_TRUE(show());
}

TEST(ImperfectGolden, WeightsLeak) {
  ImperfectionSettings s;
  s.weight_leak = 50.0;
  GoldenSettings g;
  g.layers = {5, 7, 6, 3};
  const auto weights = initial_weights(g.layers, Bias::with, {1.0}, seed);
  Golden golden(g, weights, small_chip(s));
  const Eigen::VectorXd input = Eigen::VectorXd::Ones(5);
  for (int t = 0; t < 25; ++t) golden.tick(input.data(), nullptr, 0.0);
  for (std::size_t k = 0; k < weights.size(); ++k)
    EXPECT_LT((golden.weights()[k] - std::exp(-0.5) * weights[k]).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(ImperfectGolden, LagrangianFlowIsRefused) {
  GoldenSettings g;
  g.layers = {5, 7, 6, 3};
  g.flow = Flow::lagrangian;
  EXPECT_THROW(Golden(g, initial_weights(g.layers, Bias::with, {1.0}, seed), small_chip({})),
               std::invalid_argument);
}
