// SPDX-License-Identifier: Apache-2.0
// Decisions: what they say of sequences, and how often it is wrong (the A/A study) or found (planted).
#include "tools/statistics/decision.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <utility>

#include "tools/statistics/interval.hpp"

namespace apical::tools {
namespace {

constexpr int repetitions = 200;
constexpr std::size_t comparisons = 6, most_seeds = 60;
constexpr double error = 0.05, luck = 1e-3;  // of these bounds, were the rate the stated one
constexpr unsigned fixed_seed = 20261130;
constexpr double digit = 100.0 / 360.0;

using Decider = std::function<Decision(const std::vector<double>&, const Question&)>;
using Random = std::mt19937_64;
// The scores of all configurations with one seed, the reference's first.
using Scores = std::function<std::vector<double>(Random&)>;

// What is broken on purpose: Student's t-test, one look's, at every look.
Decision fixed_sample_at_every_look(const std::vector<double>& losses, const Question& q) {
  double sum = 0.0, squares = 0.0;
  const double level = q.error / static_cast<double>(q.comparisons);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double n = static_cast<double>(i + 1), x = losses[i] - q.margin;
    sum += x;
    squares += x * x;
    const double variance = (squares - sum * sum / n) / (n - 1.0);
    if (i < 2 || variance <= 0.0) continue;
    const double t = sum / n / std::sqrt(variance / n);
    if (std::abs(t) > boost::math::quantile(boost::math::students_t(n - 1.0), 1.0 - level))
      return {t < 0.0 ? Verdict::yes : Verdict::no, i + 1, 0.0, 0.0, 0.0};
  }
  return {};
}

struct Count {
  int yes = 0, no = 0;              // repetitions with one such verdict or more
  int first_yes = 0, first_no = 0;  // of the first comparison
};

// The whole decision, again and again: every comparison against one reference, a look after every seed.
Count study(const Decider& decider, const Scores& scores, const Question& question, std::size_t seeds) {
  Random random(fixed_seed);
  Count count;
  for (int r = 0; r < repetitions; ++r) {
    std::vector<std::vector<double>> losses(question.comparisons);
    for (std::size_t s = 0; s < seeds; ++s) {
      const std::vector<double> at = scores(random);
      for (std::size_t c = 0; c < question.comparisons; ++c) losses[c].push_back(at[0] - at[c + 1]);
    }
    bool yes = false, no = false;
    for (std::size_t c = 0; c < question.comparisons; ++c) {
      const Verdict v = decider(losses[c], question).verdict;
      yes = yes || v == Verdict::yes;
      no = no || v == Verdict::no;
      if (c == 0 && v == Verdict::yes) ++count.first_yes;
      if (c == 0 && v == Verdict::no) ++count.first_no;
    }
    count.yes += yes ? 1 : 0;
    count.no += no ? 1 : 0;
  }
  std::printf("seed %u: one verdict yes or more in %d of %d, no in %d; the first comparison yes %d, no %d\n",
              fixed_seed, count.yes, repetitions, count.no, count.first_yes, count.first_no);
  return count;
}

// How many of the repetitions may be wrong at the stated rate before that is no luck.
int most_wrong() {
  return static_cast<int>(
      boost::math::quantile(boost::math::complement(boost::math::binomial(repetitions, error), luck)));
}

// Normal scores that share the seed's luck; loses: of all but the reference.
Scores normal_scores(double loses, double sd) {
  return [=](Random& random) {
    std::normal_distribution<double> of_seed(98.0, 0.5), own(0.0, sd / std::sqrt(2.0));
    std::vector<double> at(comparisons + 1, of_seed(random));
    for (std::size_t i = 0; i < at.size(); ++i) at[i] += own(random) - (i == 0 ? 0.0 : loses);
    return at;
  };
}

// Accuracies over 360 digits: counts, few of which are wrong, after a training with some luck.
Scores counted_scores(double sd) {
  return [=](Random& random) {
    std::normal_distribution<double> of_seed(7.0, 1.5), own(0.0, sd / digit);
    const double wrong = of_seed(random);
    std::vector<double> at;
    for (std::size_t i = 0; i < comparisons + 1; ++i)
      at.push_back(100.0 - digit * std::max(0.0, std::round(wrong + own(random))));
    return at;
  };
}

// Trainings that now and then go wrong: an exponential tail below.
Scores skewed_scores() {
  return [](Random& random) {
    std::exponential_distribution<double> loss(2.0);
    std::vector<double> at;
    for (std::size_t i = 0; i < comparisons + 1; ++i)
      at.push_back(digit * std::round((98.5 - loss(random)) / digit));
    return at;
  };
}

// Equal configurations, asked at margin 0: neither is the better one, so that every verdict is wrong.
Question equal_ones(double resolution) {
  return {0.0, error, comparisons, resolution};
}

}  // namespace

TEST(Decision, IsWrongAtMostAtItsRateBetweenEqualConfigurations) {
  const std::vector<std::pair<const char*, std::pair<Scores, double>>> families = {
      {"normal", {normal_scores(0.0, 0.5), 0.0}},
      {"360 digits, sd 0.3 of each", {counted_scores(0.3), digit}},
      {"360 digits, sd 0.1 of each", {counted_scores(0.1), digit}},
      {"skewed", {skewed_scores(), digit}}};
  for (const auto& [name, family] : families) {
    const Count c = study(decide, family.first, equal_ones(family.second), most_seeds);
    EXPECT_LE(c.yes, most_wrong()) << name;
    EXPECT_LE(c.no, most_wrong()) << name;
  }
}

TEST(Decision, AFixedSampleTestAtEveryLookFailsThisStudy) {
  const Count c = study(fixed_sample_at_every_look, normal_scores(0.0, 0.5), equal_ones(0.0), most_seeds);
  EXPECT_GT(c.yes, most_wrong());
  EXPECT_GT(c.no, most_wrong());
}

// Losses in whole digits around a margin between two of them: where seeds differ by less than a digit, many
// sequences have no spread at all, which a t-test takes for certainty.
TEST(Decision, StepsOfAnAccuracyAreNoCertainty) {
  constexpr int trials = 2000;
  int wrong = 0, blind = 0;
  Random random(fixed_seed);
  std::normal_distribution<double> draw(0.0, 0.1 / digit);
  for (int t = 0; t < trials; ++t) {
    std::vector<double> losses;
    for (std::size_t s = 0; s < most_seeds; ++s) losses.push_back(digit * std::round(draw(random) + 1.5));
    wrong += decide(losses, {1.5 * digit, error, 1, digit}).verdict == Verdict::undecided ? 0 : 1;
    blind += decide(losses, {1.5 * digit, error, 1, 0.0}).verdict == Verdict::undecided ? 0 : 1;
  }
  const auto most =
      boost::math::quantile(boost::math::complement(boost::math::binomial(trials, 2.0 * error), luck));
  std::printf("seed %u: %d of %d decided, %d where the step is left out\n", fixed_seed, wrong, trials, blind);
  EXPECT_LE(wrong, most);
  EXPECT_GT(blind, most);
}

// Stated: power 0.9 within 30 seeds for half a point, six comparisons, differences of sd 0.5.
TEST(Decision, FindsHalfAPointWithItsPower) {
  constexpr double power = 0.9;
  constexpr std::size_t seeds = 30;
  const int least = static_cast<int>(boost::math::quantile(boost::math::binomial(repetitions, power), luck));
  const Count worse = study(decide, normal_scores(0.5, 0.5), equal_ones(digit), seeds);
  EXPECT_GE(worse.first_no, least);
  EXPECT_EQ(worse.yes, 0);
  const Count equal = study(decide, normal_scores(0.0, 0.5), {0.5, error, comparisons, digit}, seeds);
  EXPECT_GE(equal.first_yes, least);
  EXPECT_EQ(equal.no, 0);
}

TEST(Decision, IsThatOfItsFirstPairsThatDecide) {
  const unsigned seed = std::random_device{}();
  Random random(seed);
  for (int trial = 0; trial < 50; ++trial) {
    std::normal_distribution<double> draw(std::uniform_real_distribution<double>(-1.0, 2.0)(random), 0.6);
    std::vector<double> losses(80);
    for (double& x : losses) x = draw(random);
    const Question q{0.5, error, 3, digit};
    const Decision whole = decide(losses, q);
    for (std::size_t n = 0; n <= losses.size(); ++n) {
      const Decision d = decide({losses.begin(), losses.begin() + static_cast<std::ptrdiff_t>(n)}, q);
      EXPECT_EQ(d.verdict, n < whole.pairs ? Verdict::undecided : whole.verdict) << "seed " << seed;
      EXPECT_EQ(d.pairs, std::min(n, whole.pairs)) << "seed " << seed;
      // The bounds leave the margin out exactly where there is a verdict.
      EXPECT_EQ(d.high < q.margin, d.verdict == Verdict::yes) << "seed " << seed << ", " << n;
      EXPECT_EQ(d.low > q.margin, d.verdict == Verdict::no) << "seed " << seed << ", " << n;
    }
    // Points or thousandths, a shift of all: the same. Both ends change places with the signs.
    std::vector<double> scaled, mirrored;
    for (const double x : losses) scaled.push_back(10.0 * (x - 3.0));
    for (const double x : losses) mirrored.push_back(-x);
    const Decision s = decide(scaled, {10.0 * (q.margin - 3.0), error, 3, 10.0 * digit});
    EXPECT_EQ(s.verdict, whole.verdict);
    EXPECT_EQ(s.pairs, whole.pairs);
    const Decision m = decide(mirrored, {-q.margin, error, 3, digit});
    EXPECT_EQ(m.verdict == Verdict::yes, whole.verdict == Verdict::no);
    EXPECT_EQ(m.pairs, whole.pairs);
    EXPECT_NEAR(m.low, -whole.high, 1e-9);
  }
}

TEST(Decision, NeedsMorePairsForMoreComparisonsAndFewForFarLosses) {
  std::vector<double> losses;
  for (int i = 0; i < 200; ++i) losses.push_back(i % 2 == 0 ? 0.3 : -0.3);
  std::size_t before = 0;
  for (const std::size_t n : {1U, 2U, 10U, 100U}) {
    const Decision d = decide(losses, {0.5, error, n, digit});
    EXPECT_EQ(d.verdict, Verdict::yes);
    EXPECT_GT(d.pairs, before);
    before = d.pairs;
  }
  // Nothing is decided at once, by no pair, and by losses that are the margin.
  EXPECT_EQ(decide({}, {}).verdict, Verdict::undecided);
  EXPECT_TRUE(std::isnan(decide({}, {}).mean));
  EXPECT_TRUE(std::isinf(decide({}, {}).high));
  EXPECT_EQ(decide({90.0, 90.0}, {0.5, error, 1, digit}).verdict, Verdict::undecided);
  EXPECT_EQ(decide(std::vector<double>(200, 0.5), {0.5, error, 1, digit}).verdict, Verdict::undecided);
  EXPECT_EQ(decide(std::vector<double>(200, 0.5), {0.5, error, 1, 0.0}).verdict, Verdict::undecided);
  EXPECT_LE(decide(std::vector<double>(200, 80.0), {0.5, error, 1, digit}).pairs, 4u);
  for (const double bad : {0.0, 0.5, -1.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW(decide({}, {0.5, bad, 1, 0.0}), std::invalid_argument);
  EXPECT_THROW(decide({std::numeric_limits<double>::infinity()}, {}), std::invalid_argument);
}

// Printed examples of Wilson's interval: 0 and 5 of 10, and 353 of 360 by its definition, the p whose z
// is 1.96.
TEST(Wilson, HoldsItsDefinition) {
  EXPECT_NEAR(wilson(0.0, 10).high, 0.27753, 1e-5);
  EXPECT_EQ(wilson(0.0, 10).low, 0.0);
  EXPECT_NEAR(wilson(0.5, 10).low, 0.23659, 1e-5);
  EXPECT_NEAR(wilson(0.5, 10).high, 0.76341, 1e-5);
  for (const std::uint64_t n : {1U, 7U, 360U, 10000U})
    for (const double share : {0.0, 1.0 / static_cast<double>(n), 1.0}) {
      const Interval i = wilson(share, n);
      for (const double p : {i.low, i.high}) {
        if (p < 1e-12 || p > 1.0 - 1e-12) continue;  // the ends of what a probability can be
        EXPECT_NEAR(std::abs(share - p) / std::sqrt(p * (1.0 - p) / static_cast<double>(n)), 1.959964, 1e-5)
            << share << " of " << n;
      }
    }
  EXPECT_EQ(wilson(0.5, 0).low, 0.0);
  EXPECT_EQ(wilson(0.5, 0).high, 1.0);
}

}  // namespace apical::tools
