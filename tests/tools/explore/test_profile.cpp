// SPDX-License-Identifier: Apache-2.0
// apical profile: its noise follows the law of rounding, and what it proposes loads and learns.
#include <cmath>

#include "fixedpoint/program/compiler.hpp"
#include "model/hdf5_file.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/explore/wide_formats.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {
namespace {

using nlohmann::json;
using test::CommandLine;
using test::contains;
using test::content;

// 200 digits: enough for all signals to move.
const std::string tiny = test::small_net + "[task]\ntrain_limit = 200\ntest_limit = 150\n";

ProfileOptions few_windows() {
  ProfileOptions o;
  o.windows = 2;
  o.window_ticks = 96;
  return o;
}

const SignalProfile& row(const Profile& p, const std::string& signal, int layer) {
  for (const SignalProfile& s : p.signals)
    if (s.signal == signal && s.layer == layer) return s;
  throw std::out_of_range(signal);
}

// The oracle is no code of the profile: white noise of an LSB halves with the LSB, so that its RMS falls by 2
// a bit.
TEST(Profile, NoiseHalvesWithEveryBit) {
  const std::pair<std::string, int> signals[] = {
      {"u", 5}, {"rate", 7}, {"error", 9}};  // an LSB far below the signal
  for (const auto& [signal, coarsest] : signals) {
    std::vector<double> output, change;
    for (const int frac : {coarsest, coarsest + 2, coarsest + 4}) {
      Config config = parse_config(tiny, "tiny");
      config.formats.by_signal[signal].frac = frac;
      config.formats.by_signal[signal].bits = frac + 5;
      const SignalProfile s = row(profile(config, few_windows()), signal, 1);
      output.push_back(s.noise.output);
      change.push_back(s.noise.change_share);
    }
    fmt::print("{}: output {:.3g} {:.3g} {:.3g}, change {:.3g} {:.3g} {:.3g}\n", signal, output[0], output[1],
               output[2], change[0], change[1], change[2]);
    for (std::size_t i = 1; i < output.size(); ++i) {
      EXPECT_NEAR(std::log2(output[i - 1] / output[i]), 2.0, 0.5) << signal;
      EXPECT_NEAR(std::log2(change[i - 1] / change[i]), 2.0, 0.5) << signal;
    }
  }
}

TEST(Profile, SeesRangesTheFormatsDoNotHold) {
  Config config = parse_config(tiny, "tiny");
  config.formats.by_signal["u"].bits = 12;  // +-1, one of the hidden voltages needs more
  const SignalProfile s = row(profile(config, few_windows()), "u", 1);
  EXPECT_GT(std::max(s.maximum, -s.minimum), 1.0);
}

TEST(Profile, NearestRoundingOfNarrowWeightsStopsLearning) {
  Config config = parse_config(tiny, "tiny");
  auto& weight = config.formats.by_signal["weight"];
  weight.bits = 8;
  weight.frac = 4;
  config.allow_lossy_loading = true;  // more than half start at 0
  const double stochastic = row(profile(config, few_windows()), "weight", 1).noise.kept;
  weight.rounding = fixedpoint::Rounding::rnd_conv;
  const double nearest = row(profile(config, few_windows()), "weight", 1).noise.kept;
  EXPECT_GT(stochastic, 0.85);
  EXPECT_LT(nearest, 0.2);
}

// A series whose input and target never change.
class Series : public test::Scratch {
 protected:
  Config constant(double input, double target, const std::string& more = "") const {
    model::RowMatrix in(120, 1), out(120, 1);
    in.setConstant(input);
    out.setConstant(target);
    model::Hdf5Writer writer(folder / "series.h5");
    writer.write("/input", in);
    writer.write("/target", out);
    writer.commit();
    Config config = parse_config(
        "[network]\nlayers = [1, 1]\nactivation = \"linear\"\n[run]\nepochs = 3\n" + more, "series");
    config.task.kind = model::TaskKind::series;
    config.task.file = (folder / "series.h5").string();
    return config;
  }
  static int integer_bits(const Profile& p, const std::string& signal) {
    const fixedpoint::Format& f = p.proposal.by_signal.at(signal);
    return f.bits - f.frac;
  }
};

// Clipping is no noise that fraction bits mend: what is proposed holds what was seen.
TEST_F(Series, IntegerBitsFollowFromTheRangeBeforeSaturation) {
  struct Case {
    double target;
    int bits, frac, integer;
  };
  // 1.25 times the target's size, and the sign, in integer bits.
  for (const Case& c :
       {Case{1.5, 8, 7, 2}, Case{34.7, 16, 12, 7}, Case{-34.7, 16, 12, 7}, Case{0.2, 8, 7, 0}}) {
    Config config = constant(1.0, c.target);
    config.formats.by_signal["target"].bits = c.bits;
    config.formats.by_signal["target"].frac = c.frac;
    const Profile p = profile(config, few_windows());
    EXPECT_EQ(p.trouble, "");
    const SignalProfile& s = row(p, "target", 1);
    EXPECT_EQ(s.minimum, c.target);
    EXPECT_EQ(s.maximum, c.target);
    EXPECT_EQ(s.clips, c.integer > c.bits - c.frac) << c.target;
    EXPECT_EQ(integer_bits(p, "target"), c.integer) << c.target;
    for (const SignalProfile& any : p.signals) {
      if (any.signal == "tables") continue;
      const fixedpoint::Format& f = p.proposal.by_signal.at(any.signal);
      EXPECT_LE(f.value(f.minimum_raw()), any.minimum) << any.signal << " " << c.target;
      EXPECT_GE(f.value(f.maximum_raw()), any.maximum) << any.signal << " " << c.target;
      EXPECT_LT(f.bits, 32) << any.signal << " " << c.target;
    }
    EXPECT_LT(p.proposed.output_share, 0.1) << c.target;
  }
}

TEST_F(Series, AScoreThatIsNoNumberProposesNothing) {
  EXPECT_TRUE(contains(profile(constant(1.0, 1e200), few_windows()).trouble, "target of layer 1"));
}

// Unsigned signals, too: what lies below 0 asks for a sign.
TEST_F(Series, ASignIsProposedWhereItIsNeeded) {
  Config config = constant(-0.75, 0.5);
  config.formats.by_signal["input"].is_signed = false;
  const Profile p = profile(config, few_windows());
  EXPECT_TRUE(p.proposal.by_signal.at("input").is_signed);
  EXPECT_TRUE(row(p, "input", 0).clips);
  EXPECT_EQ(integer_bits(p, "input"), 1);
}

// Ranges that the formats and two bits more clip as well are seen whole.
TEST_F(Series, RangesFarBeyondTheFormatsAreSeen) {
  const Config config = constant(1.0, 900.0);
  const Profile p = profile(config, few_windows());
  ASSERT_EQ(p.trouble, "");
  EXPECT_EQ(row(p, "target", 1).maximum, 900.0);
  EXPECT_GT(row(p, "u", 1).maximum, 100.0);
  EXPECT_EQ(integer_bits(p, "target"), 12);  // 1125 and the sign
}

// Sums meet in graphs: of the input and of rates into layer 2, of errors of layers 1 and 2 out of layer 1.
TEST(Profile, ProposesForGraphsWhatTheCompilerTakes) {
  for (const bool differ : {false, true}) {
    Config config = parse_config(tiny, "graph");
    set_key(config, "network.connections=[[0, 1], [1, 1], [0, 2], [1, 2]]");
    if (differ) {
      config.formats.by_signal["input"] = {9, 8};
      config.formats.by_signal["rate"] = {12, 8};
      config.formats.by_layer[{"weight", 2}] = {14, 10};
      config.formats.by_layer[{"error", 2}] = {18, 17};
    }
    const Profile p = profile(config, few_windows());
    EXPECT_EQ(p.trouble, "");
    EXPECT_EQ(row(p, "input", 0).together.size(), 2u);
    EXPECT_EQ(row(p, "weight", 1).together.size(), 2u);
    EXPECT_LT(p.proposed.output_share, 0.1);
    EXPECT_EQ(p.proposal.by_signal.at("input").frac, p.proposal.by_signal.at("rate").frac);
    config.formats = p.proposal;
    EXPECT_NO_THROW(fixedpoint::compile(describe(config, starting_weights(config))));
  }
}

// A microcircuit's compartments have formats of the layers around them: a voltage of an interneuron that its
// format can't hold is one of `u`.
TEST(Profile, SeesTheCompartmentsOfMicrocircuits) {
  Config config = parse_config(tiny, "circuit");
  set_key(config, "network.circuit=microcircuit");
  const Profile p = profile(config, few_windows());
  EXPECT_EQ(p.trouble, "");
  EXPECT_LT(p.proposed.output_share, 0.1);
  for (const SignalProfile& s : p.signals)
    if (s.signal != "tables") {
      EXPECT_TRUE(holds(p.proposal.by_signal.at(s.signal), s.minimum, s.maximum)) << s.signal;
    }
}

class ProfileCommand : public CommandLine {};

TEST_F(ProfileCommand, DivergenceProposesNothing) {
  file("tiny.toml", tiny);
  const test::Outcome o = apical(
      "profile tiny.toml --out p --windows 2 --window-ticks 8 --set learning.eta=3 --set "
      "network.activation=linear");
  EXPECT_EQ(o.status, 1) << o.out;
  EXPECT_TRUE(contains(o.error, "tiny.toml: no formats follow: ")) << o.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "p"));
}

TEST_F(ProfileCommand, ProposalLoadsAndKeepsAccuracy) {
  file("tiny.toml", tiny);
  const test::Outcome o =
      apical("profile tiny.toml --out p --windows 2 --window-ticks 96 --threads 2 --set run.epochs=3");
  ASSERT_EQ(o.status, 0) << o.error;
  const json found = json::parse(content(folder / "p/profile.json"));
  EXPECT_LT(found["proposed"]["output_share"], 0.1);
  for (const char* name : {"noise.svg", "noise.csv", "proposal.toml"})
    EXPECT_TRUE(std::filesystem::exists(folder / "p" / name)) << name;
  // The table that was printed, pasted behind the configuration, is the proposal.
  file("pasted.toml", tiny + o.out.substr(o.out.find("[formats.")));
  for (const char* name : {"tiny.toml", "p/proposal.toml", "pasted.toml"})
    ASSERT_EQ(
        apical(fmt::format("run {} --set run.epochs=3 --machine emulator --out {}.out", name, name)).status,
        0);
  const json before = result("tiny.toml.out"), after = result("p/proposal.toml.out");
  fmt::print("16 bits {}, proposal {}\n", before["test_accuracy"].dump(), after["test_accuracy"].dump());
  EXPECT_GE(after["test_accuracy"].get<double>(), before["test_accuracy"].get<double>() - 0.04);
  EXPECT_EQ(result("pasted.toml.out")["state_digest"], after["state_digest"]);
  int narrower = 0;
  for (const json& s : found["signals"])
    if (s.contains("proposal")) narrower += s["proposal"]["bits"] < s["format"]["bits"];
  EXPECT_GT(narrower, 10);
}

}  // namespace
}  // namespace apical::tools
