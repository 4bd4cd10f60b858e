// SPDX-License-Identifier: Apache-2.0
// Studies that decide: which points they ask for, when they stop, what they say; on simulated scores.
#include "tools/study/deciding.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "tests/tools/study/sweep.hpp"
#include "tools/report/version.hpp"
#include "tools/study/report.hpp"

namespace apical::tools {
namespace {

using test::contains;
using test::head;
using test::Sweep;

// Three widths against a reference; set: further keys of the study.
std::string three(const std::string& decide, const std::string& set = "") {
  return fmt::format(R"(base = "base.toml"
machine = "emulator"
seeds = 3
budget = 0.5
set = {{ "run.ticks" = 40, "task.test_limit" = 3{} }}
reference = {{ "formats.weight.bits" = 24, "formats.weight.frac" = 20 }}
[decide]
{}
[[design]]
name = "weights"
  [[design.axis]]
  name = "bits"
  keys = ["formats.weight.bits", "formats.weight.frac"]
  values = [[16, 12], [10, 6], [4, 2]]
)",
                     set, decide);
}

// What a point would score over 10,000 digits: that of its seed, less what its width loses. 10 bits lose half
// a point, on the margin.
double simulated(const Study& study, const Point& point, unsigned draw) {
  const std::map<std::string, double> loses{{"reference", 0.0}, {"16", 0.0}, {"10", 0.5}, {"4", 3.0}};
  std::mt19937_64 of_seed(study.seeds[point.repeat] + draw),
      own(of_seed() + std::hash<std::string>()(point.at[0].label));
  std::normal_distribution<double> normal(0.0, 1.0);
  const double common = normal(of_seed);
  return 0.01 * (97.0 + common + 0.2 * normal(own) - loses.at(point.at[0].label));
}

// Runs what is wanted, round by round, until nothing is.
std::size_t played(const Study& study, Store& store, unsigned draw) {
  std::size_t count = 0;
  for (auto points = wanted(study, store); !points.empty(); points = wanted(study, store))
    for (const std::size_t i : points) {
      Row row;
      row.digest = study.points[i].digest;
      row.data = study.points[i].data;
      row.build = build_id();
      row.status = "ok";
      row.measure = "accuracy";
      row.score = fmt::format("{}", simulated(study, study.points[i], draw));
      row.tested = "10000";
      row.ticks = row.macs = row.events = "1";
      row.state = std::string(32, 'c');
      store.append(row);
      ++count;
    }
  return count;
}

std::map<std::string, Loss> verdicts(const Study& study, const Store& store) {
  const Scores all = scores(study, store);
  std::map<std::string, Loss> found;
  for (const Cell& cell : all.cells[1]) found[cell.at[0].label] = loss(all, cell, all.goal(1), study.budget);
  return found;
}

}  // namespace

TEST_F(Sweep, DecidesAndStops) {
  file("study.toml", three("most_seeds = 20"));
  const Study study = read_study((folder / "study.toml").string());
  ASSERT_EQ(study.repeats(), 20u);
  Store store(folder / "results.csv");
  const unsigned draw = 5;  // fixed: with probability 0.05 a verdict on the margin is there and right to be
  const std::size_t count = played(study, store, draw);
  auto found = verdicts(study, store);
  EXPECT_EQ(found["16"].verdict, Verdict::yes);
  EXPECT_EQ(found["4"].verdict, Verdict::no);
  EXPECT_EQ(found["10"].verdict, Verdict::undecided);
  EXPECT_EQ(found["10"].decision->pairs, 20u);
  // Each has as many points as it took to decide, three at least, the reference as many as the last.
  std::size_t expected = 20;
  for (const auto& [label, l] : found) expected += std::max<std::size_t>(3, l.decision->pairs);
  EXPECT_EQ(count, expected);
  EXPECT_LT(found["16"].decision->pairs, 12u);
  const std::string said = sentences(study, scores(study, store)).at(0);
  EXPECT_TRUE(contains(said, "bits: 16 is the smallest that was shown to stay within 0.5 points")) << said;
  EXPECT_TRUE(contains(said, "undecided: 10 after 20 seeds; too much: 4")) << said;
  EXPECT_EQ(confirmations(study, store, scores(study, store)).at(0),
            fmt::format("test data: looked at by {} trainings", count));
  // Rows beyond what it took change no verdict: a store may have more.
  const Scores before = scores(study, store);
  EXPECT_TRUE(wanted(study, store).empty());
}

TEST_F(Sweep, ChoosesOnValidationAndConfirmsOnTest) {
  file("study.toml", three("most_seeds = 20\nconfirm = true", ", \"task.validation\" = 0.25"));
  const Study study = read_study((folder / "study.toml").string());
  ASSERT_EQ(study.repeats(), 40u);
  std::set<std::uint64_t> searched, confirming;
  for (const Point& point : study.points) {
    const Config c = configuration(study, point);
    EXPECT_EQ(c.task.test_on == model::TestOn::test, confirms(study, point));
    (confirms(study, point) ? confirming : searched).insert(c.seed);
  }
  for (const std::uint64_t seed : confirming) EXPECT_EQ(searched.count(seed), 0u) << "a seed that chose";
  Store store(folder / "results.csv");
  played(study, store, 5);
  const Scores all = scores(study, store);
  ASSERT_EQ(chosen(study, all).size(), 1u);
  const auto lines = confirmations(study, store, all);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(contains(lines[0], "on test data, fresh seeds: bits = 16: yes; it loses ")) << lines[0];
  EXPECT_TRUE(contains(lines[1], ", to confirm 1 choices")) << lines[1];
  // Test data were shown to the choice and the reference alone.
  std::set<std::string> tested;
  for (const Point& point : study.points)
    if (confirms(study, point) && store.find(point.digest, point.data, build_id()) != nullptr)
      tested.insert(point.at[0].label);
  EXPECT_EQ(tested, (std::set<std::string>{"reference", "16"}));
}

TEST_F(Sweep, DecideIsRefusedByName) {
  const std::pair<std::string, std::string> cases[] = {
      {three("most_seeds = 2"), "decide.most_seeds: 2; accepted: as many as seeds (3) or more"},
      {three("error = 0.5"), "decide.error: 0.5; accepted: a probability above 0 and below 0.5"},
      {three("confirm = true"), "decide.confirm: true with task.validation 0; accepted: set"},
      {three("confirm = 1"), "decide.confirm: 1; accepted: true, false"},
      {three("alpha = 1"), "decide.alpha: no such key; accepted: error, most_seeds, confirm"},
      {head +
           "decide = {}\n[[design]]\nname = \"a\"\n[[design.axis]]\nkey = \"learning.eta\"\nvalues = [0.1]\n",
       "decide: without reference; accepted: a reference"}};
  for (const auto& [text, error] : cases) {
    file("study.toml", text);
    const std::string message = test::message_of([&] { read_study((folder / "study.toml").string()); });
    EXPECT_TRUE(contains(message, error)) << message;
  }
}

// The program's own rounds, of trainings: one store whatever runs the points.
TEST_F(Sweep, DecidesUnderRanksAsAlone) {
  file("study.toml", three("most_seeds = 5"));
  EXPECT_EQ(sweep("--out one --threads 1").status, 0);
  EXPECT_GT(rows("one").size(), 1u + 3 * 4);
  const test::Outcome two = ranks(3, "--out ranks");
  EXPECT_EQ(two.status, 0) << two.error;
  EXPECT_EQ(rows("ranks"), rows("one"));
  EXPECT_TRUE(contains(sweep("--out one").out, ", 0 to run"));
}

}  // namespace apical::tools
