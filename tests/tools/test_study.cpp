// Parts of a study: its store, its designs, its statistics.
#include "tools/study/study.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "tests/scratch.hpp"
#include "tools/study/statistics.hpp"
#include "tools/study/store.hpp"

namespace apical::tools {
namespace {

using test::contains;
using test::content;
using test::message_of;

using StudyParts = test::Scratch;

// A design of one axis with these sizes, and what was scored at each.
std::vector<Need> needs_of(const std::vector<std::pair<double, Estimate>>& line, bool prefer_large,
                           double reference) {
  Study study;
  Axis axis;
  axis.name = "x";
  axis.prefer_large = prefer_large;
  Scores all;
  all.reference = reference;
  all.cells.resize(1);
  for (const auto& [x, score] : line) {
    axis.values.push_back({std::to_string(static_cast<int>(x)), x, {}});
    all.cells[0].push_back({{axis.values.back()}, score});
  }
  study.designs.push_back({"d", "d", "grid", {axis}, 0, 1});
  return needs(study, all, 0);
}

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_F(StudyParts, StoresKeepRowsAndDropTornOnes) {
  const auto path = folder / "results.csv";
  Row row;
  row.digest = std::string(32, 'a');
  row.version = "1";
  row.status = "failed";
  row.trouble = "line one\nline \"two\", with a comma";
  { Store(path).append(row); }
  const std::string whole = content(path), line = whole.substr(whole.find('\n') + 1);
  for (std::size_t cut = 0; cut <= line.size(); ++cut) {
    std::ofstream(path, std::ios::binary) << whole << line.substr(0, cut);
    const Store store(path);
    ASSERT_NE(store.find(row.digest, "1"), nullptr);
    EXPECT_EQ(store.find(row.digest, "1")->trouble, "line one line \"two\", with a comma");
    EXPECT_EQ(store.find(row.digest, "2"), nullptr);
    EXPECT_EQ(content(path), cut < line.size() ? whole : whole + line) << cut;
  }
  for (std::size_t cut = 0; cut < whole.find('\n'); ++cut) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, cut);
    const Store store(path);
    EXPECT_EQ(content(path), whole.substr(0, whole.find('\n') + 1)) << cut;
  }
  std::ofstream(path, std::ios::binary) << whole << "nonsense\n" << line;
  EXPECT_TRUE(contains(message_of([&] { Store again(path); }), "results.csv:3: no row"));
}

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

TEST_F(StudyParts, NeedsStopAtTheFirstMiss) {
  const auto at = [](double mean, std::size_t missing = 0) { return Estimate{5, missing, mean, 0.1}; };
  const std::vector<std::pair<double, Estimate>> line{
      {4, at(97.8)}, {6, at(90.0)}, {8, at(97.5)}, {16, at(98.0)}};
  auto found = needs_of(line, false, nothing);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].found);
  EXPECT_EQ(found[0].value, "8");  // not 4, which is lucky: 6 misses
  EXPECT_FALSE(found[0].at_end);
  EXPECT_EQ(needs_of(line, true, nothing)[0].value, "4");
  EXPECT_FALSE(needs_of(line, false, 99.0)[0].found);
  EXPECT_EQ(needs_of({{1, at(98.0)}, {2, at(98.0, 1)}, {3, at(98.0)}}, false, nothing)[0].value, "3");
  EXPECT_TRUE(needs_of({{1, at(98.0)}, {2, at(98.1)}}, false, nothing)[0].at_end);
}

TEST(ExampleStudies, AreRead) {
  const Study study = read_study(APICAL_SOURCE_DIR "/tools/study/digits8.toml");
  std::set<std::string> digests;
  for (const Point& point : study.points) digests.insert(point.digest);
  // 5 seeds of: golden; 8 widths x 3 roundings; 5 state widths, tables and thresholds; 7 spreads x 3 ways of
  // errors.
  EXPECT_EQ(study.points.size(), std::size_t{5} * (1 + 8 * 3 + 3 * 5 + 7 * 3));
  // Golden is in twice, the emulator of the base three times.
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
  c.network.flow = "gradient";
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
  c.network.flow = "lagrangian";
  EXPECT_TRUE(contains(message_of([&] { drawn_settings(c); }),
                       "dynamics.rho_spread: 0.2 with flow \"lagrangian\"; accepted: 0"));
}

}  // namespace apical::tools
