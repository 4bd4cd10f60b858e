// SPDX-License-Identifier: Apache-2.0
// The laws of rounding: statistics of changes against the quantiser's definition, membranes against what they
// do. check_laws.py has the bits that follow, of a whole network.
#include <gtest/gtest.h>

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_real_distribution.hpp>
#include <cmath>

#include "tests/tools/command_line.hpp"
#include "tools/explore/laws.hpp"
#include "tools/explore/profile.hpp"

namespace apical::tools {
namespace {

constexpr std::uint64_t seed = 20261201;

// Two weights, one asked for large changes and one for small ones, over many octaves.
class Changes : public ::testing::Test {
 protected:
  void SetUp() override {
    RecordProperty("seed", static_cast<int>(seed));
    boost::random::mt19937_64 random(seed);
    boost::random::uniform_real_distribution<double> exponent(-12.0, -1.0);
    for (int weight = 0; weight < 2; ++weight)
      for (int i = 0; i < 2000; ++i)
        asked[weight].push_back(i % 5 == 0 ? 0.0 : std::exp2(exponent(random) - 3.0 * weight));
    for (const auto& changes : asked) {
      double squares = 0.0;
      for (const double x : changes) squares += x * x;
      for (const double x : changes) steps.add(x, 1.0 / squares);
    }
  }
  std::vector<double> asked[2];
  StepStatistics steps;
};

// f (1 - f) LSB² from the two values that a change may become, where every change is below an LSB.
TEST_F(Changes, VarianceOfStochasticRoundingIsThatOfItsTwoOutcomes) {
  for (const int exponent : {-1, 0, 3}) {
    const double lsb = std::ldexp(1.0, exponent);
    double variance = 0.0, largest = 0.0;
    for (const auto& changes : asked)
      for (const double x : changes) {
        const double up = x / lsb;  // probability
        variance += up * (lsb - x) * (lsb - x) + (1.0 - up) * x * x;
        largest = std::max(largest, x);
      }
    ASSERT_LT(largest, lsb);
    EXPECT_NEAR(steps.stochastic_variance(exponent), variance / 4000.0, 1e-12 * variance) << exponent;
  }
  // Far below all changes nothing is left of their size: a uniform fraction.
  EXPECT_NEAR(steps.stochastic_variance(-40) / std::exp2(-80.0), 0.8 / 6.0, 1e-9);
  EXPECT_EQ(steps.beyond(0.0), 0.0);
  EXPECT_EQ(steps.beyond(-40.0), 1.0);
}

TEST_F(Changes, WhatNearestRoundingKeepsIsTheMeanOverWeights) {
  for (const int exponent : {-1, 0, 1}) {
    const double lsb = std::ldexp(1.0, exponent);
    double kept = 0.0;
    for (const auto& changes : asked) {
      double along = 0.0, whole = 0.0;
      for (const double x : changes) {
        along += x * lsb * std::nearbyint(x / lsb);
        whole += x * x;
      }
      kept += along / whole / 2.0;
    }
    EXPECT_NEAR(steps.kept(exponent), kept, 1e-12) << exponent;
  }
  EXPECT_NEAR(steps.kept(-40), 1.0, 1e-12);
  EXPECT_NEAR(steps.kept(-0.5), 0.5 * (steps.kept(-1) + steps.kept(0)), 1e-12);
  EXPECT_NEAR(steps.moved(), 2.0, 1e-12);
  EXPECT_EQ(StepStatistics().kept(0), 1.0) << "nothing was asked for";
}

TEST(GrownErrors, AreTheFixedPointOfTheirEquation) {
  for (const double loss : {1e-6, 0.01, 3.0})
    for (const double excess : {1e-9, 1e-3, 0.5}) {
      const double delta = with_grown_errors(excess, loss);
      EXPECT_NEAR(delta, excess * std::sqrt(1.0 + delta / loss), 1e-12 * delta);
    }
  EXPECT_EQ(with_grown_errors(0.25, 0.0), 0.25);
}

// A training of 100 ticks whose changes are all 2^-6 and whose learning rate halves in the middle.
TEST(LearnedTime, IsAllOfItNothingOrUntilTheRateFalls) {
  std::vector<LawPoint> points(3);
  for (std::size_t i = 0; i < 3; ++i) {
    points[i].tick = 50 * i;
    points[i].time = i == 2 ? 75.0 : 50.0 * static_cast<double>(i);
    points[i].steps.resize(1);
  }
  points[0].steps[0].add(std::ldexp(1.0, -6), 4096.0);
  points[1].steps[0].add(std::ldexp(1.0, -7), 16384.0);
  EXPECT_NEAR(learned_time(points, {1.0}, {-20.0}), 75.0, 0.1);
  EXPECT_NEAR(learned_time(points, {1.0}, {-3.0}), 0.0, 0.1);
  EXPECT_EQ(learned_time(points, {0.0}, {-20.0}), 0.0) << "nothing learns";
  // Half an LSB is 2^-6: changes become one LSB, twice as much, and time can't run faster than it does; from
  // the middle on they are half as large and lost.
  EXPECT_NEAR(learned_time(points, {1.0}, {-5.0}), 75.0, 0.1);
  EXPECT_NEAR(learned_time(points, {1.0}, {-5.0 + 1e-9}), 75.0, 0.5);
}

// s ← s + α (drive − s) on integers, for drives at several places between two LSB.
TEST(Membranes, AreOffByWhatTheLawsSay) {
  boost::random::mt19937_64 random(seed);
  boost::random::uniform_real_distribution<double> uniform(0.0, 1.0);
  for (const double alpha : {0.1, 0.02}) {
    double mean = 0.0;
    for (int place = 0; place < 20; ++place) {
      const double drive = 100.0 + (place + 0.5) / 20.0;
      double s = 100.0, squares = 0.0;
      const int ticks = 50000;
      for (int i = 0; i < ticks; ++i) {
        s = std::floor(s + alpha * (drive - s) + uniform(random));
        squares += (s - drive) * (s - drive) / ticks;
      }
      mean += squares / 20.0;
    }
    EXPECT_NEAR(std::sqrt(mean), membrane_noise_stochastic(), 0.02) << alpha;
    double n = 0.0;
    for (int i = 0; i < 5000; ++i) n = std::nearbyint(n + alpha * (400.0 - n));
    EXPECT_NEAR(400.0 - n, membrane_stop_nearest(alpha), 1.0) << alpha;
  }
}

const std::string tiny = test::small_net + "[task]\ntrain_limit = 200\ntest_limit = 150\n";

TEST(Predictions, AreRefusedByNameWhereTheLawsDoNotReach) {
  ProfileOptions o;
  o.windows = 1;
  o.window_ticks = 8;
  o.tolerance = 1.0;
  for (const char* key : {"network.connections=[[0, 1], [1, 1], [1, 2]]", "network.circuit=microcircuit",
                          "learning.enabled=false"}) {
    Config config = parse_config(tiny, "tiny");
    set_key(config, key);
    EXPECT_TRUE(test::contains(test::message_of([&] { profile(config, o); }), "accepted: for --tolerance"))
        << key;
  }
}

// More may be lost: fewer bits. Of all matrices together as of each alone; and a profile without a tolerance
// is what it was.
TEST(Predictions, FallWithTheTolerance) {
  ProfileOptions o;
  o.windows = 1;
  o.window_ticks = 8;
  double before[3] = {40.0, 40.0, 40.0};
  for (const double tolerance : {0.5, 4.0, 16.0}) {
    o.tolerance = tolerance;
    Config config = parse_config(tiny, "tiny");
    config.epochs = 6;
    const Profile p = profile(config, o);
    ASSERT_TRUE(p.prediction);
    ASSERT_EQ(p.prediction->matrices.size(), 2u);
    EXPECT_TRUE(p.prediction->membranes.empty()) << "nobody reads them at rho = 1";
    for (const WeightRounding r : weight_roundings) {
      const PredictedBits& b = p.prediction->together[r];
      if (!b.frac) continue;
      EXPECT_LE(*b.frac, before[static_cast<int>(r)] + 1e-9) << name_of(r) << " " << tolerance;
      before[static_cast<int>(r)] = *b.frac;
    }
    const auto& predicted = *p.prediction;
    if (predicted.together[WeightRounding::nearest].frac &&
        predicted.together[WeightRounding::stochastic].frac) {
      EXPECT_GT(*predicted.together[WeightRounding::nearest].frac,
                *predicted.together[WeightRounding::stochastic].frac)
          << tolerance;
    }
  }
  EXPECT_LT(before[0], 40.0);
  o.tolerance = 0.0;
  EXPECT_FALSE(profile(parse_config(tiny, "tiny"), o).prediction);
}

}  // namespace
}  // namespace apical::tools
