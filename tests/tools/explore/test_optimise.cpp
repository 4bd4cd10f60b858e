// SPDX-License-Identifier: Apache-2.0
// apical optimise: the search ends, its front is one, and what it writes is what it measured.
#include <sstream>

#include "tests/tools/command_line.hpp"
#include "tools/explore/optimise.hpp"

namespace apical::tools {
namespace {

using nlohmann::json;
using test::CommandLine;
using test::contains;
using test::content;
using test::message_of;

const std::string tiny = test::small_net + "[task]\ntrain_limit = 150\ntest_limit = 120\n";

TEST(Budget, IsReadOrNamesWhatIsAccepted) {
  EXPECT_EQ(parse_budget("accuracy=-0.5pt"), 0.5);
  EXPECT_EQ(parse_budget("accuracy=-12pt"), 12.0);
  for (const char* bad :
       {"", "0.5", "accuracy=0.5pt", "accuracy=-0.5", "accuracy=-0.5%", "accuracy=--1pt", "mse=-1pt"})
    EXPECT_TRUE(contains(message_of([&] { parse_budget(bad); }), "accepted: accuracy=-POINTSpt")) << bad;
}

// Memory counted by hand: 3-2-1 with bias.
TEST(Cost, CountsEveryMemoryOnce) {
  Config c = parse_config("[network]\nlayers = [3, 2, 1]\n", "hand");
  const auto bits = [&](const char* signal) { return c.formats.by_signal.at(signal).bits; };
  c.formats.by_signal["weight"].bits = 7;
  c.formats.by_signal["rate"].bits = 9;
  c.formats.by_signal["u"].bits = 5;  // looked up whole: 32 entries
  const std::vector<model::WeightMatrix> shape = {model::WeightMatrix::Zero(2, 4),
                                                  model::WeightMatrix::Zero(1, 3)};
  const Costs costs = costs_of(c, shape, {});
  EXPECT_EQ(costs.weight_bits, (2 * 4 + 1 * 3) * 7);
  const int unit = 2 * bits("rate") + 2 * bits("error") + bits("basal") + bits("apical") + bits("u") +
                   bits("membrane") + bits("slope") + bits("nudge") + 16 + 16;
  EXPECT_EQ(costs.state_bits, 3 * 2 * bits("input") + 3 * unit + bits("target"));
  EXPECT_EQ(costs.table_bits, 2 * 32 * (bits("rate") + bits("slope")));
}

TEST(Moves, TakeBitsInAllLayersAndStopAtTheLast) {
  Config c = parse_config("[network]\nlayers = [3, 2, 1]\n[formats.u.layer2]\nbits = 7\nfrac = 5\n", "moves");
  const auto format = [&](const char* signal, int layer) { return c.formats.at(signal, layer); };
  ASSERT_TRUE(apply_move(c, {"u", Move::precision, 2}));
  EXPECT_EQ(format("u", 1).bits, 14);
  EXPECT_EQ(format("u", 1).frac, 9);
  EXPECT_EQ(format("u", 2).bits, 5);
  EXPECT_EQ(format("u", 2).frac, 3);
  ASSERT_TRUE(apply_move(c, {"u", Move::range, 1}));
  EXPECT_EQ(format("u", 2).bits, 4);
  EXPECT_EQ(format("u", 2).frac, 3);
  EXPECT_FALSE(apply_move(c, {"u", Move::range, 3}));
  EXPECT_FALSE(apply_move(c, {"step", Move::range, 1})) << "the compiler places its binary point";
}

// A core has one width for its signals: what is wider than the others narrows together, weights aside.
TEST(Moves, TheWidestSignalsNarrowTogether) {
  Config c = parse_config("[network]\nlayers = [3, 2, 1]\n", "moves");
  for (auto& [signal, format] : c.formats.by_signal)
    if (signal != "weight") format.bits = 10;
  c.formats.by_signal["rate"] = {12, 9};
  c.formats.by_signal["u"] = {11, 7};
  ASSERT_TRUE(apply_move(c, {"", Move::widest, 2}));
  EXPECT_EQ(c.formats.by_signal["rate"].bits, 10);
  EXPECT_EQ(c.formats.by_signal["rate"].frac, 7);
  EXPECT_EQ(c.formats.by_signal["u"].bits, 10);
  EXPECT_EQ(c.formats.by_signal["u"].frac, 6);
  EXPECT_EQ(c.formats.by_signal["basal"].bits, 10);
  EXPECT_EQ(c.formats.by_signal["weight"].bits, 16);
  const double before =
      costs_of(c, {model::WeightMatrix::Zero(2, 4), model::WeightMatrix::Zero(1, 3)}, {}).area;
  ASSERT_TRUE(apply_move(c, {"", Move::widest, 1}));
  EXPECT_LT(costs_of(c, {model::WeightMatrix::Zero(2, 4), model::WeightMatrix::Zero(1, 3)}, {}).area, before);
}

// Where the input and rates meet in a sum, one number of fraction bits is theirs.
TEST(Moves, NarrowTogetherWhatMeetsInASum) {
  Config c = parse_config("[network]\nlayers = [3, 2, 1]\n", "moves");
  const int input = c.formats.at("input", 0).frac, rate = c.formats.at("rate", 1).frac;
  ASSERT_TRUE(apply_move(c, {"rate", Move::precision, 2}));
  EXPECT_EQ(c.formats.at("input", 0).frac, input);
  set_key(c, "network.connections=[[0, 1], [1, 2], [0, 2]]");
  ASSERT_TRUE(apply_move(c, {"input", Move::precision, 3}));
  EXPECT_EQ(c.formats.at("input", 0).frac, input - 3);
  EXPECT_EQ(c.formats.at("rate", 1).frac, rate - 2 - 3);
  ASSERT_TRUE(apply_move(c, {"rate", Move::range, 1}));
  EXPECT_EQ(c.formats.at("input", 0).bits, 16 - 3);
}

// Where memory counts, narrowing what area asks for together takes the room that weights could have had.
TEST(Moves, NarrowTogetherForAreaAlone) {
  for (const std::string& cost : cost_names)
    for (const Move& move : all_moves(4, cost))
      EXPECT_TRUE(move.kind != Move::widest || cost == "area") << cost;
  EXPECT_EQ(all_moves(4, "area").back().kind, Move::widest);
}

class OptimiseCommand : public CommandLine {};

TEST_F(OptimiseCommand, RefusesBadInput) {
  file("tiny.toml", tiny);
  const std::pair<const char*, const char*> cases[] = {
      {"--cost gold", "--cost: \"gold\"; accepted: bits, area, energy"},
      {"--budget 3", "--budget: \"3\"; accepted: accuracy=-POINTSpt"},
      {"--set task.kind=teacher --set task.teacher_layers=[64,10]",
       "no accuracy for the budget; accepted: digits8, mnist"},
      {"--budget accuracy=-0pt --set formats.weight.bits=2 --set formats.weight.rounding=TRN --set "
       "run.epochs=2 "
       "--set formats.weight.frac=-3 --set formats.allow_lossy_loading=true --seeds 20 --fresh 1",
       "--budget: golden reaches"}};
  for (const auto& [arguments, expected] : cases) {
    const test::Outcome o = apical(fmt::format("optimise tiny.toml {}", arguments));
    EXPECT_EQ(o.status, 2) << arguments;
    EXPECT_TRUE(contains(o.error, expected)) << arguments << ": " << o.error;
    EXPECT_FALSE(std::filesystem::exists(folder / "out")) << arguments;
  }
}

// Rows of pareto.csv as maps from its header.
std::vector<std::map<std::string, std::string>> rows(const std::string& csv) {
  std::vector<std::map<std::string, std::string>> all;
  std::vector<std::string> names;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    std::vector<std::string> values;
    for (std::string cell; std::getline(cells, cell, ',');) values.push_back(cell);
    if (names.empty()) {
      names = values;
      continue;
    }
    all.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) all.back()[names[i]] = values.at(i);
  }
  return all;
}

TEST_F(OptimiseCommand, FrontIsMonotoneAndItsConfigurationsRepeat) {
  file("tiny.toml", tiny);
  for (const std::string cost : {"bits", "energy"}) {
    const test::Outcome o =
        apical(fmt::format("optimise tiny.toml --cost {} --budget accuracy=-4pt --seeds 1 --fresh 3 "
                           "--threads 2 --set run.epochs=2 --error 0.4 --most-seeds 20 --out {}",
                           cost, cost));
    ASSERT_EQ(o.status, 0) << o.error;
    fmt::print("{}", o.out);
    const json found = json::parse(content(folder / cost / "optimise.json"));
    const auto front = rows(content(folder / cost / "pareto.csv"));
    ASSERT_FALSE(front.empty());
    const std::string column = cost == "bits" ? "bits" : "energy_pj_per_tick";
    for (std::size_t i = 0; i < front.size(); ++i) {
      const auto number = [&](std::size_t at, const std::string& name) {
        return std::stod(front[at].at(name));
      };
      EXPECT_GE(number(i, "fresh_mean"), found["golden_fresh"].get<double>() - 0.04 - 1e-6);
      EXPECT_LT(number(i, column), found["uniform_16"][column].get<double>());
      if (i > 0) {
        EXPECT_LT(number(i, column), number(i - 1, column));
        EXPECT_LT(number(i, "fresh_mean"), number(i - 1, "fresh_mean") - 1e-5);
      }
      const std::string name = front[i].at("file");
      ASSERT_EQ(apical(fmt::format("run {}/{} --out run", cost, name)).status, 0) << name;
      EXPECT_NEAR(result("run")["test_accuracy"].get<double>(), found["front"][i]["test"][0].get<double>(),
                  1e-6)
          << name;
      EXPECT_NE(front[i].at("verdict"), "no") << name;
      EXPECT_EQ(found["front"][i]["test"].size(), found["front"][i]["verdict_seeds"]) << name;
      const json program = json::parse(apical(fmt::format("compile {}/{} --json", cost, name)).out);
      double bits = 0.0;
      for (const json& region : program["memory"])
        bits += region["words"].get<double>() * region["bits"].get<double>();
      EXPECT_EQ(number(i, "bits"), bits) << name;
    }
    // A point that is shown to keep the budget, and as many looks at test data as the verdicts took.
    EXPECT_TRUE(
        std::any_of(front.begin(), front.end(), [](const auto& p) { return p.at("verdict") == "yes"; }));
    EXPECT_GE(found["looks_at_test"].get<std::size_t>(), found["golden_test"].size() + front.size());
    EXPECT_TRUE(contains(content(folder / cost / "pareto.svg"), "</svg>"));
  }
}

TEST_F(OptimiseCommand, SearchesGraphs) {
  file("graph.toml", tiny);
  const test::Outcome o = apical(
      "optimise graph.toml --set 'network.connections=[[0, 1], [1, 1], [0, 2], [1, 2]]' --cost energy "
      "--budget "
      "accuracy=-40pt --seeds 1 --fresh 1 --threads 2 --out g");
  ASSERT_EQ(o.status, 0) << o.error;
  const auto front = rows(content(folder / "g" / "pareto.csv"));
  ASSERT_FALSE(front.empty());
  const json found = json::parse(content(folder / "g" / "optimise.json"));
  EXPECT_LT(std::stod(front.back().at("energy_pj_per_tick")),
            0.5 * found["uniform_16"]["energy_pj_per_tick"].get<double>());
  for (const auto& point : front)
    EXPECT_EQ(apical(fmt::format("compile g/{}", point.at("file"))).status, 0) << point.at("file");
}

TEST_F(OptimiseCommand, GoldenThatDivergesIsStatusOne) {
  file("tiny.toml", tiny);
  const test::Outcome o = apical(
      "optimise tiny.toml --set learning.eta=3 --set network.activation=linear --set run.epochs=2 --seeds "
      "1 "
      "--fresh 1 --out g");
  EXPECT_EQ(o.status, 1) << o.error;
  EXPECT_TRUE(contains(o.error, "tiny.toml: nothing to search: ")) << o.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "g"));
}

}  // namespace
}  // namespace apical::tools
