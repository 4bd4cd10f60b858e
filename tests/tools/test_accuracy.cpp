// What the example configurations promise, trained in full on the 360 held-out digits.
#include "tests/tools/command_line.hpp"

namespace apical::tools {
namespace {

using test::CommandLine;

struct Accuracy {
  double golden, emulator;
};

class Digits8 : public CommandLine {
 protected:
  Accuracy trained(const std::string& name) {
    const test::Outcome o =
        apical("run '" APICAL_SOURCE_DIR "/tools/configs/" + name + ".toml' --out " + name);
    EXPECT_EQ(o.status, 0) << o.error;
    const auto machines = result(name)["machines"];
    const Accuracy a{machines[0]["test_accuracy"], machines[1]["test_accuracy"]};
    fmt::print("{}: golden {:.4f}, emulator {:.4f}\n", name, a.golden, a.emulator);
    return a;
  }
};

TEST_F(Digits8, SixteenBitsAreWithinHalfAPointOfGolden) {
  const Accuracy a = trained("digits8");
  EXPECT_GE(a.golden, 0.975);
  EXPECT_GE(a.emulator, a.golden - 0.005);
}

TEST_F(Digits8, TenBitWeightsAreWithinAPointOfGolden) {
  const Accuracy a = trained("digits8-10bit");
  EXPECT_GE(a.golden, 0.975);
  EXPECT_GE(a.emulator, a.golden - 0.01);
}

TEST_F(Digits8, EightBitWeightsLearnOnlyWithStochasticRounding) {
  EXPECT_GE(trained("digits8-8bit").emulator, 0.95);
  EXPECT_LE(trained("digits8-8bit-nearest").emulator, 0.5);
}

// The configuration that fits an iCE40 UP5K: 24 hidden units, 10-bit signals, 8-bit weights.
TEST_F(Digits8, TenBitSignalsOnASmallPartLearn) {
  const Accuracy a = trained("digits8-up5k");
  EXPECT_GE(a.golden, 0.97);
  EXPECT_GE(a.emulator, 0.96);
}

}  // namespace
}  // namespace apical::tools
