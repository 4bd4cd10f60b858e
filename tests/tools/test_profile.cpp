// apical profile: its noise follows the law of rounding, and what it proposes loads and learns.
#include <cmath>

#include "tests/tools/command_line.hpp"
#include "tools/profile.hpp"

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
  const double stochastic = row(profile(config, few_windows()), "weight", 1).noise.kept;
  weight.rounding = fixedpoint::Rounding::rnd_conv;
  const double nearest = row(profile(config, few_windows()), "weight", 1).noise.kept;
  EXPECT_GT(stochastic, 0.85);
  EXPECT_LT(nearest, 0.2);
}

class ProfileCommand : public CommandLine {};

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
