// SPDX-License-Identifier: Apache-2.0
// Parts of a study: its designs, its statistics.
#include "tools/study/study.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "tests/scratch.hpp"
#include "tools/study/report.hpp"
#include "tools/study/statistics.hpp"
#include "tools/study/store.hpp"

namespace apical::tools {
namespace {

using test::contains;
using test::content;
using test::message_of;

using StudyParts = test::Scratch;

// A cell with these scores by seed; not a number where there is none.
Cell cell(const std::vector<double>& scores) {
  Cell c;
  c.scores = scores;
  std::vector<double> got;
  std::copy_if(scores.begin(), scores.end(), std::back_inserter(got),
               [](double x) { return std::isfinite(x); });
  c.score = estimate(got, scores.size() - got.size());
  return c;
}

// A design of one axis with these sizes, and what was scored at each; the first scores are the reference's.
struct Measured {
  Study study;
  Scores all;
  Measured(const std::vector<double>& reference, const std::vector<std::pair<double, Cell>>& line,
           bool prefer_large) {
    study.designs.push_back({"reference", "Reference", "grid", {}, 0, 1});
    all.cells.push_back({});
    if (!reference.empty()) {
      study.has_reference = all.has_reference = true;
      all.cells[0].push_back(cell(reference));
    }
    Axis axis;
    axis.name = "x";
    axis.prefer_large = prefer_large;
    all.cells.emplace_back();
    for (const auto& [x, at] : line) {
      axis.values.push_back({std::to_string(static_cast<int>(x)), x, {}});
      all.cells[1].push_back(at);
      all.cells[1].back().at = {axis.values.back()};
    }
    study.designs.push_back({"d", "d", "grid", {axis}, 0, 1});
  }
  Need need() const { return needs(study, all, 1).at(0); }
  std::string text() const { return sentences(study, all).at(0); }
};

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_F(StudyParts, LatinHypercubesFillEveryPart) {
  const unsigned seed = std::random_device{}();
  Design design{"d", "d", "latin-hypercube", {}, 40, seed};
  Axis eta;
  eta.name = "eta";
  eta.keys = {"learning.eta"};
  eta.low = 0.001;
  eta.high = 1.0;
  eta.logarithmic = true;
  Axis bits;
  bits.keys = {"formats.weight.bits"};
  bits.low = 4;
  bits.high = 13;
  bits.whole = true;
  design.axes = {eta, bits};
  std::set<int> parts;
  std::map<double, int> count;
  const auto all = positions(design);
  for (const auto& at : all) {
    parts.insert(static_cast<int>(std::floor(40.0 * std::log10(at[0].number / 0.001) / 3.0)));
    ++count[at[1].number];
  }
  EXPECT_EQ(parts.size(), 40u) << "seed " << seed;
  EXPECT_EQ(count.size(), 10u);
  for (const auto& [value, times] : count) EXPECT_EQ(times, 4) << value << ", seed " << seed;
  const auto again = positions(design);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i][0].number, again[i][0].number);
  design.kind = "random";
  for (const auto& at : positions(design)) {
    EXPECT_GE(at[0].number, 0.001);
    EXPECT_LE(at[0].number, 1.0);
  }
}

TEST_F(StudyParts, IntervalsAreStudents) {
  // Student's t at 97.5 % from printed tables: 12.706 with 1 degree of freedom, 2.776 with 4.
  const Estimate two = estimate({1.0, 3.0});
  EXPECT_DOUBLE_EQ(two.mean, 2.0);
  EXPECT_NEAR(two.half, 12.706, 1e-3);
  const Estimate five = estimate({1.0, 2.0, 3.0, 4.0, 5.0}, 1);
  EXPECT_NEAR(five.half, 2.776 * std::sqrt(2.5 / 5.0), 1e-3);
  EXPECT_EQ(five.missing, 1u);
  EXPECT_TRUE(std::isnan(estimate({1.0}).half));
  EXPECT_TRUE(std::isnan(estimate({}).mean));
}

// 353 of 360 digits and Wilson's interval, by z = 1.96, by hand:
// (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).
TEST_F(StudyParts, AccuraciesSayOfHowManyDigits) {
  Estimate one = estimate({100.0 * 353 / 360});
  one.tested = 360;
  EXPECT_EQ(in_words(one, model::Measure::accuracy), "98.06 % (96.04..99.05, 1 seed of 360 digits)");
  Estimate five = estimate({98.0, 97.0, 99.0, 98.0, 98.0}, 1);
  five.tested = 360;
  EXPECT_EQ(in_words(five, model::Measure::accuracy),
            "98.00 ± 0.88 % (5 seeds of 360 digits) (1 of 6 missing)");
}

// Computed apart from this program, with numpy and printed tables of t (2.77645 for 4 degrees of freedom,
// 4.30265 for 2):
//   python3 -c 'import numpy as n; d=n.array([98.1,97.6,98.9,98.3,97.9])-n.array([97.9,97.5,98.2,98.2,97.6]);
//               print(d.mean(), 2.77645*d.std(ddof=1)/5**.5)'
//   python3 -c 'import numpy as n; g=n.array([.012,.015,.011]);
//   d=100*(n.array([.013,.0165,.0116])-g)/g.mean();
//               print(d.mean(), 4.30265*d.std(ddof=1)/3**.5)'
TEST_F(StudyParts, LossesArePairedDifferences) {
  const Cell goal = cell({98.1, 97.6, 98.9, 98.3, 97.9});
  const Loss points = loss(cell({97.9, 97.5, 98.2, 98.2, 97.6}), &goal, model::Measure::accuracy, 0.5);
  EXPECT_NEAR(points.mean.mean, 0.28, 1e-9);
  EXPECT_NEAR(points.mean.half, 0.30917, 1e-5);
  EXPECT_EQ(points.verdict, Verdict::undecided);  // up to 0.589
  EXPECT_EQ(loss(cell({97.9, 97.5, 98.2, 98.2, 97.6}), &goal, model::Measure::accuracy, 0.6).verdict,
            Verdict::yes);
  const Cell errors = cell({0.012, 0.015, 0.011});
  const Loss percent = loss(cell({0.013, 0.0165, 0.0116}), &errors, model::Measure::mse, 5.0);
  EXPECT_NEAR(percent.mean.mean, 8.15789, 1e-5);
  EXPECT_NEAR(percent.mean.half, 8.84336, 1e-4);
  EXPECT_EQ(percent.verdict, Verdict::undecided);
}

TEST_F(StudyParts, VerdictsNeedTheWholeInterval) {
  const Cell goal = cell({98.0, 97.0, 99.0, 98.5});
  const auto shifted = [&](double by) {
    std::vector<double> scores = goal.scores;
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] -= by + (i % 2 == 0 ? 0.01 : -0.01);
    return cell(scores);
  };
  const auto verdict = [&](const Cell& c) { return loss(c, &goal, model::Measure::accuracy, 0.5).verdict; };
  EXPECT_EQ(verdict(shifted(0.4)), Verdict::yes);
  EXPECT_EQ(verdict(shifted(0.5)), Verdict::undecided);
  EXPECT_EQ(verdict(shifted(0.6)), Verdict::no);
  EXPECT_EQ(verdict(shifted(-5.0)), Verdict::yes) << "better is no loss";
  EXPECT_EQ(verdict(goal), Verdict::yes);
  // Common seeds: scores that scatter by points still decide a budget of half of one.
  EXPECT_GT(goal.score.half, 1.0);
  // One seed, one in common, or a missing one decides nothing; a repeat that diverged does.
  EXPECT_EQ(verdict(cell({98.0})), Verdict::undecided);
  EXPECT_EQ(verdict(cell({98.0, nothing, nothing, nothing})), Verdict::undecided);
  EXPECT_EQ(verdict(cell({98.0, 97.0, 99.0, nothing})), Verdict::undecided);
  Cell diverged = cell({98.0, 97.0, 99.0, nothing});
  diverged.diverged = 1;
  EXPECT_EQ(verdict(diverged), Verdict::no);
  EXPECT_EQ(loss(goal, nullptr, model::Measure::accuracy, 0.5).verdict, Verdict::undecided);
}

TEST_F(StudyParts, NeedsHideNoValue) {
  const std::vector<double> goal{98.0, 98.2, 98.1};
  const auto at = [&](double loses, double scatter = 0.01) {
    return cell({goal[0] - loses - scatter, goal[1] - loses + scatter, goal[2] - loses});
  };
  // The largest fails, a smaller one is the best: it is found.
  Measured line(goal, {{24, at(9.0)}, {12, at(0.1)}, {8, at(0.4, 2.0)}, {4, at(30.0)}}, false);
  ASSERT_NE(line.need().furthest(), nullptr);
  EXPECT_EQ(line.need().furthest()->label, "12");
  EXPECT_EQ(
      line.text(),
      "x: 12 is the smallest that was shown to stay within 0.5 points of the reference, 98.10 ± 0.25 %; it "
      "loses 0.10 ± 0.02 points; undecided: 8; too much: 24, 4");
  // An interval eight times the budget decides nothing.
  Measured wide(goal, {{24, at(0.0, 4.0)}, {12, at(0.2, 4.0)}}, false);
  EXPECT_EQ(wide.need().furthest(), nullptr);
  EXPECT_TRUE(contains(wide.text(), "x: undecided whether a value stays within 0.5 points of the reference"))
      << wide.text();
  EXPECT_TRUE(contains(wide.text(), "; undecided: 24, 12")) << wide.text();
  EXPECT_TRUE(
      contains(Measured(goal, {{24, at(3.0)}, {12, at(4.0)}}, false).text(),
               "no value that was tried stays within 0.5 points of the reference, 98.10 ± 0.25 %; the "
               "closest, 24, loses 3.00 ± 0.02 points"));
  // The other way round, to the last that was tried, and against the best of the design.
  EXPECT_TRUE(
      contains(Measured(goal, {{1, at(0.0)}, {2, at(0.1)}, {3, at(0.2)}}, true).text(),
               "3 is the largest that was shown to stay within 0.5 points of the reference, 98.10 ± 0.25 % "
               "(and the last that was tried)"));
  Measured best({}, {{8, at(1.0)}, {4, at(0.0)}}, false);
  EXPECT_EQ(best.need().furthest()->label, "4");
  EXPECT_EQ(
      best.text(),
      "x: 4 is the best, 98.10 ± 0.27 %, and no smaller value was shown to stay within 0.5 points of it; too "
      "much: 8");
  EXPECT_TRUE(contains(Measured({}, {{8, at(0.0)}, {4, at(0.1)}}, false).text(),
                       "x: 4 is the smallest that was shown to stay within 0.5 points of the best, 98.10"));
}

TEST_F(StudyParts, IntervalsHoldTheMeanInNinetyFivePercent) {
  const unsigned seed = std::random_device{}();
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0.3, 2.0);
  constexpr int trials = 20000;
  int held = 0;
  for (int t = 0; t < trials; ++t) {
    std::vector<double> draws(4);
    for (double& x : draws) x = normal(random);
    const Estimate e = estimate(draws);
    held += std::abs(e.mean - 0.3) <= e.half ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(held) / trials, 0.95, 5 * std::sqrt(0.95 * 0.05 / trials))
      << "seed " << seed;
}

TEST(ExampleStudies, AreRead) {
  const Study study = read_study(APICAL_SOURCE_DIR "/tools/study/digits8.toml");
  std::set<std::string> digests;
  for (const Point& point : study.points) digests.insert(point.digest);
  // 40 seeds, at most, of: golden; 8 widths x 3 roundings; 5 state widths, tables and thresholds; 7 spreads x
  // 3 ways of errors.
  EXPECT_EQ(study.points.size(), std::size_t{40} * (1 + 8 * 3 + 3 * 5 + 7 * 3));
  // Golden is in twice, the emulator of the base three times.
  EXPECT_EQ(digests.size(), study.points.size() - 40u * 3u);
}

TEST(ExampleStudies, ControlsAreRead) {
  const Study study = read_study(APICAL_SOURCE_DIR "/tools/study/controls-digits8.toml");
  std::set<std::string> digests;
  for (const Point& point : study.points) digests.insert(point.digest);
  // 5 seeds of: golden; 5 widths x 2 roundings x 5 learners; 4 learners in double precision; 4 widths x 2
  // roundings with a step a digit; 7 accumulators x 2 learners; 5 numbers of random bits x 2 learners.
  EXPECT_EQ(study.points.size(), std::size_t{5} * (1 + 5 * 2 * 5 + 4 + 4 * 2 + 7 * 2 + 5 * 2));
  // Golden is in twice, 16 random bits with 8 bits of both learners, too.
  EXPECT_EQ(digests.size(), study.points.size() - 15u);
}

TEST(ExampleStudies, AnalogImperfectionsAreRead) {
  const Study study = read_study(APICAL_SOURCE_DIR "/tools/study/analog-digits8.toml");
  int imperfect = 0;
  for (const Point& point : study.points) {
    Config c = study.base;
    for (const AxisValue& value : point.at)
      for (const KeyValue& a : value.set) set_key(c, a.text, a.where);
    imperfect += c.imperfections.any() ? 1 : 0;
  }
  EXPECT_GT(imperfect, 500);
}

// tau_m is normal, and what tau_m divides follows it.
TEST(DrawnSettings, SpreadMembranesOverNeurons) {
  const unsigned seed = std::random_device{}();
  Config c = parse_config(
      "[network]\nlayers = [4, 3000, 1000]\n[dynamics]\nrho = 0.75\ntau_spread = 0.1\ntau = 10\ndt = 2\n",
      "text");
  c.seed = seed;
  const model::GoldenSettings s = drawn_settings(c);
  std::vector<double> tau;
  for (const double alpha : s.alpha) tau.push_back(2.0 / alpha);
  const Estimate e = estimate(tau);
  ASSERT_EQ(tau.size(), 4000u);
  EXPECT_NEAR(e.mean, 10.0, 5 * 1.96 / std::sqrt(4000.0)) << "seed " << seed;
  EXPECT_NEAR(e.half, 1.96 / std::sqrt(4000.0), 0.1 * e.half) << "seed " << seed;
  for (std::size_t i = 0; i < tau.size(); ++i) EXPECT_NEAR(s.rho[i] * tau[i], 0.75 * 10.0, 1e-9);
  c.network.flow = model::Flow::gradient;
  EXPECT_TRUE(contains(message_of([&] { drawn_settings(c); }), "dynamics.tau_spread: 0.1 with flow"));
}

TEST(DrawnSettings, SpreadRhoOverNeurons) {
  const unsigned seed = std::random_device{}();
  Config c =
      parse_config("[network]\nlayers = [4, 3000, 1000]\n[dynamics]\nrho = 0.9\nrho_spread = 0.2\n", "text");
  c.seed = seed;
  const std::vector<double> rho = drawn_settings(c).rho;
  ASSERT_EQ(rho.size(), 4000u);
  const Estimate e = estimate(rho);
  // The mean's interval is 1.96 standard deviations over sqrt(4000); five of its halves are a safe bound.
  EXPECT_NEAR(e.mean, 0.9, 5 * 1.96 * 0.18 / std::sqrt(4000.0)) << "seed " << seed;
  EXPECT_NEAR(e.half, 1.96 * 0.18 / std::sqrt(4000.0), 0.1 * e.half) << "seed " << seed;
  EXPECT_EQ(drawn_settings(c).rho, rho);
  EXPECT_EQ(describe(c, {}).rho, rho);  // the emulator's neurons are golden's
  c.seed = seed + 1;
  EXPECT_NE(drawn_settings(c).rho, rho);
  c.rho_spread = 0.0;
  EXPECT_EQ(drawn_settings(c).rho, std::vector<double>{0.9});
  c.rho_spread = 0.2;
  c.network.flow = model::Flow::lagrangian;
  EXPECT_TRUE(contains(message_of([&] { drawn_settings(c); }),
                       "dynamics.rho_spread: 0.2 with flow \"lagrangian\"; accepted: 0"));
}

}  // namespace apical::tools
