// SPDX-License-Identifier: Apache-2.0
// verify --dut: a neuron array that isn't ours (sim/example/neuron_array) against the emulator, faults of one
// line in copies of it, and descriptions that don't fit.
#include "tests/tools/command_line.hpp"

namespace apical::tools {
namespace {

using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;

class Dut : public CommandLine {
 protected:
  Dut() {
    setenv("XDG_CACHE_HOME", folder.c_str(), 1);
    std::filesystem::copy(APICAL_SOURCE_DIR "/sim/example/neuron_array", folder / "array");
  }
  void change(const std::string& name, const std::string& right, const std::string& wrong) const {
    std::string text = content(folder / "array" / name);
    if (text.find(right) == std::string::npos) throw std::runtime_error(name + " has no " + right);
    text.replace(text.find(right), right.size(), wrong);
    std::ofstream(folder / "array" / name) << text;
  }
  Outcome verify(const std::string& options) const {
    return apical("verify array/digits.toml --dut array/dut.toml " + options);
  }
  nlohmann::json difference() const {
    const Outcome o = verify("--ticks 2000 --json --no-waveform");
    EXPECT_EQ(o.status, 1) << o.error << o.out;
    if (o.status != 1) return {{"where", ""}, {"signal", ""}};
    return nlohmann::json::parse(o.out)["difference"];
  }
  // A description with one line changed is refused, naming it.
  void refused(const std::string& right, const std::string& wrong, const std::string& line,
               const std::string& what) const {
    const std::string before = content(folder / "array" / "dut.toml");
    change("dut.toml", right, wrong);
    const Outcome o = verify("--ticks 1");
    EXPECT_EQ(o.status, 2) << wrong << o.out;
    EXPECT_TRUE(contains(o.error, "array/dut.toml:" + line + ": " + what)) << wrong << ": " << o.error;
    EXPECT_TRUE(contains(o.error, "accepted: ")) << o.error;
    std::ofstream(folder / "array" / "dut.toml") << before;
  }
  // The line of the description that has this text.
  std::string line_of(const std::string& text) const {
    const std::string all = content(folder / "array" / "dut.toml");
    return std::to_string(1 + std::count(all.begin(), all.begin() + static_cast<long>(all.find(text)), '\n'));
  }
};

TEST_F(Dut, ThatIsNotOursLearnsTheSameBitsOverTwoThousandTicks) {
  const Outcome o = verify("--ticks 2000 --json");
  ASSERT_EQ(o.status, 0) << o.error << o.out;
  const auto json = nlohmann::json::parse(o.out);
  EXPECT_EQ(json["ticks"], 2000);
  EXPECT_EQ(json["equal"], true);
  const auto says = [&](const char* list, const std::string& name) {
    const auto& all = json[list];
    return std::find(all.begin(), all.end(), name) != all.end();
  };
  EXPECT_TRUE(says("compared", "W1") && says("compared", "layer2.error"));
  EXPECT_TRUE(says("not_compared", "layer1.membrane") && says("not_compared", "layer2.rate")) << json;
  EXPECT_FALSE(says("compared", "layer1.membrane"));
  EXPECT_TRUE(json["not_driven"].empty());
  // What was compared moved: it learned.
  const Outcome frozen = verify("--ticks 200 --json --no-waveform --set learning.enabled=false");
  EXPECT_EQ(frozen.status, 1) << frozen.out << frozen.error;
  // What isn't named isn't compared.
  const std::string all = content(folder / "array" / "dut.toml");
  const std::size_t from = all.find("[weights.W1]");
  change("dut.toml", all.substr(from, all.find("[weights.W2]") - from), "");
  const Outcome without = verify("--ticks 3 --no-waveform");
  EXPECT_TRUE(contains(without.out, "not driven, as the design has its own: weights of W1")) << without.out;
}

TEST_F(Dut, WithOneRoundingBitWrongIsLocated) {
  change("arithmetic.svh", "low == half && round_even[0]", "low == half");  // ties up instead of to even
  const auto d = difference();
  EXPECT_EQ(d["tick"], 0) << d;
  EXPECT_EQ(d["where"], "layer1");
  EXPECT_EQ(d["signal"], "basal");
  EXPECT_EQ(d["found"].get<int>() - d["expected"].get<int>(), 1);
}

TEST_F(Dut, WithOneBankIndexWrongIsLocatedWithAWaveform) {
  change("neuron_array.sv", "9'(HIDDEN * HIDDEN_GROUPS) + 9'(unit)",
         "9'(HIDDEN * HIDDEN_GROUPS) + 9'(teaches && tick == 7 && unit == 9 ? 8 : unit)");
  const Outcome o = verify("--ticks 2000 --out wave");
  EXPECT_EQ(o.status, 1) << o.out << o.error;
  EXPECT_TRUE(contains(o.out, "dut parts from emulator, dense in tick 7: apical of unit ")) << o.out;
  EXPECT_TRUE(contains(o.out, "  bits       ")) << o.out;
  EXPECT_TRUE(contains(o.out, "waveform   wave/difference.fst, time ")) << o.out << o.error;
  EXPECT_GT(std::filesystem::file_size(folder / "wave" / "difference.fst"), 1000u);
}

TEST_F(Dut, WithOneStaleSumIsLocated) {
  change("neuron_array.sv", "for (int i = 0; i < HIDDEN; i = i + 1) apical_sum[i] <= '0;",
         "for (int i = 0; i < HIDDEN; i = i + 1) if (i != 11) apical_sum[i] <= '0;");
  const auto d = difference();
  EXPECT_EQ(d["tick"], 1) << d;
  EXPECT_EQ(d["where"], "layer1");
  EXPECT_EQ(d["signal"], "apical");
  EXPECT_EQ(d["row"], 11);
}

TEST_F(Dut, ThatStopsIsADifference) {
  change("neuron_array.sv", "tick <= tick + 1'b1;", "tick <= tick + 1'b1; if (tick == 3) $finish;");
  const Outcome o = verify("--ticks 20 --no-waveform");
  EXPECT_EQ(o.status, 1) << o.out << o.error;
  EXPECT_TRUE(contains(o.out, "in tick 3: dut: $finish at neuron_array.sv:")) << o.out;
  change("dut.toml", "limit = 5000", "limit = 20");
  EXPECT_TRUE(
      contains(verify("--ticks 20 --no-waveform").out, "doesn't end within 20 clocks (done is never 1)"));
}

TEST_F(Dut, DescriptionsThatDoNotFitAreRefusedByFileAndLine) {
  const std::string rate = line_of("rate = {"), basal = line_of("basal = {"),
                    w1 = line_of("name = \"quarter");
  const std::string targets = line_of("target = {"), slope = line_of("slope = {");
  refused("[tick]", "[clocks]", line_of("[tick]"), "clocks: no such key");
  refused("limit = 5000", "limits = 5000", line_of("limit ="), "tick.limits: no such key");
  refused("top = \"neuron_array\"", "top = \"a b\"", line_of("top ="), "design.top: ");
  refused("\"weight_lane.sv\"", "\"absent.sv\"", line_of("sources ="), "design.sources: ");
  refused("[signals.layer2]", "[signals.layer7]", line_of("[signals.layer2]"), "signals.layer7: no such key");
  refused("W1 = { name = \"eta", "W9 = { name = \"eta", line_of("W1 = {"), "host.eta.W9: no such key");
  refused("frac = 7, signed = false", "frac = 6, signed = false", rate,
          "signals.layer1.rate.format.frac: 6, where the configuration has 7");
  refused("bits = 12, frac = 8, rounding = \"RND_CONV\"", "bits = 12, frac = 8, rounding = \"RND\"", basal,
          "signals.layer1.basal.format.rounding: RND, where the configuration has RND_CONV");
  refused("frac = 7, signed = false }", "frac = 7 }", rate, "signals.layer1.rate.format.signed: true");
  refused("bit = \"8 * unit\"", "bit = \"8 * row\"", targets,
          "host.target.bit: \"8 * row\": \"row\" is no name here");
  refused("bit = \"8 * unit\"", "bit = \"8 * (unit\"", targets, "host.target.bit: ");
  refused("bit = \"8 * unit\"", "bit = \"unit / 0\"", targets,
          "host.target: \"unit / 0\": 0 / 0 has no value");
  // What only the design can tell.
  refused("rate_hidden", "rates_hidden", rate, "signals.layer1.rate: the design has no rates_hidden");
  refused("store.held", "bank.held", w1, "weights.W1: the design has no quarter[0].bank.held");
  refused("slope = {", "slope = { width = 2,", slope, "signals.layer1.slope: slope_hidden has 1 bits, not 2");
  refused("name = \"basal_hidden\", index = \"unit\"", "name = \"basal_hidden\"", basal,
          "signals.layer1.basal: index: 0 expressions for basal_hidden");
  refused("name = \"basal_hidden\", index = \"unit\"", "name = \"basal_hidden\", index = \"unit + 1\"", basal,
          "signals.layer1.basal: index 16 of basal_hidden for unit 15");
  refused("\"17 * row + column / 4\"", "\"16 * row + column / 4\"", w1,
          "weights.W1: quarter[0].store.held for row 1, column 0 lies where");
  refused("\"8 * unit\"", "\"8 * unit + 4\"", targets, "host.target: bits 76..83 of targets for unit 9");
  refused("name = \"go\"", "name = \"started\"", line_of("start ="),
          "tick.start.name: the design has no started");
  EXPECT_EQ(verify("--rtl there").status, 2);
  EXPECT_TRUE(contains(verify("--upto tlm").error, "--upto: with --dut"));
  EXPECT_EQ(apical("verify array/digits.toml --dut absent.toml").status, 2);
}

}  // namespace
}  // namespace apical::tools
