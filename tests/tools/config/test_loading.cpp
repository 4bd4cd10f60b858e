// SPDX-License-Identifier: Apache-2.0
// What a program loses of a configuration's real numbers, and who says so.
#include "model/hdf5_file.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {
namespace {

using nlohmann::json;
using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;
using test::small_net;

class Loading : public CommandLine {
 protected:
  Loading() { file("net.toml", small_net); }
  const std::string saturating = " --set network.gain=4 --set formats.weight.bits=8";  // frac stays 12
};

// A quarter of a matrix is the most that saturates or vanishes where nobody allows more.
TEST_F(Loading, RefusesAFormatThatHoldsNoMoreThanAQuarterOfTheWeights) {
  const std::string run = "run net.toml --machine emulator --ticks 20 --out o";
  const Outcome o = apical(run + saturating);
  EXPECT_EQ(o.status, 2);
  EXPECT_TRUE(contains(o.error, "net.toml: formats.weight (layer 1).frac: 12 with 8 bits: of 780 weights W1"))
      << o.error;
  EXPECT_TRUE(contains(o.error, "accepted: a format that loses at most 25%")) << o.error;
  EXPECT_TRUE(contains(o.error, "or formats.allow_lossy_loading = true")) << o.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "o/result.json"));
  const Outcome zeros = apical(run + " --set formats.weight.frac=3");
  EXPECT_EQ(zeros.status, 2);
  EXPECT_TRUE(contains(zeros.error, "--set: formats.weight (layer 1).frac: 3 with 16 bits")) << zeros.error;
  EXPECT_EQ(apical(run + saturating + " --set formats.allow_lossy_loading=true").status, 0);
  // A frac that the message names is accepted.
  const std::size_t at = o.error.find("(frac = ");
  ASSERT_NE(at, std::string::npos);
  const int frac = std::stoi(o.error.substr(at + 8));
  EXPECT_EQ(apical(run + saturating + fmt::format(" --set formats.weight.frac={}", frac)).status, 0);
  EXPECT_EQ(apical(run + saturating + fmt::format(" --set formats.weight.frac={}", frac + 3)).status, 2);
}

// Whatever makes a program refuses it.
TEST_F(Loading, EveryCommandRefusesTheSame) {
  for (const char* command :
       {"compile net.toml", "verify net.toml --upto emulator --ticks 1", "mesh net.toml --ticks 1",
        "vectors export net.toml --out v", "deploy net.toml --target generic", "profile net.toml",
        "run net.toml --machine tlm --ticks 1"}) {
    const Outcome o = apical(command + saturating);
    EXPECT_EQ(o.status, 2) << command;
    EXPECT_TRUE(contains(o.error, "or formats.allow_lossy_loading = true")) << command << o.error;
  }
  EXPECT_EQ(apical("run net.toml --machine golden --ticks 1" + saturating).status, 0);
}

// Whether the format or the file is wrong, nobody but the user knows.
TEST_F(Loading, EveryCommandTakesWeightsAndNamesTheirFile) {
  {
    model::Hdf5Writer weights((folder / "tiny.h5").string());
    weights.write("/weights/W1", model::RowMatrix::Constant(12, 65, 1e-180));
    weights.write("/weights/W2", model::RowMatrix::Constant(10, 13, 0.25));
    weights.commit();
  }
  for (const char* command :
       {"compile net.toml", "verify net.toml --upto emulator --ticks 1", "mesh net.toml --ticks 1 --cores 2",
        "vectors export net.toml --out v --ticks 1", "run net.toml --machine emulator --ticks 1",
        "deploy net.toml --target generic --out d",
        "profile net.toml --windows 1 --window-ticks 8 --set run.ticks=40"}) {
    const std::string from_file = std::string(command) + " --weights tiny.h5";
    const Outcome o = apical(from_file);
    EXPECT_EQ(o.status, 2) << command;
    EXPECT_TRUE(contains(o.error, "780 became 0 and 0 saturated on loading tiny.h5; accepted: "))
        << command << ": " << o.error;
    if (contains(command, "deploy")) continue;  // half a minute of Yosys; test_deploy has it
    EXPECT_EQ(apical(from_file + " --set formats.allow_lossy_loading=true").status, 0) << command;
  }
}

// Notes of loading reach whoever starts from a program.
TEST_F(Loading, EveryCommandSaysWhatLoadingLost) {
  const std::string lossy = " --set formats.weight.bits=8 --set formats.weight.frac=6";
  const std::string note = "apical: W1: of 780 weights, ";
  for (const char* command :
       {"compile net.toml", "verify net.toml --upto emulator --ticks 1", "mesh net.toml --ticks 1 --cores 2",
        "vectors export net.toml --out v --ticks 1", "run net.toml --machine tlm --ticks 1",
        "deploy net.toml --target generic --out d",
        "profile net.toml --windows 1 --window-ticks 8 --set run.ticks=40"}) {
    const Outcome o = apical(command + lossy);
    EXPECT_EQ(o.status, 0) << command << o.error;
    EXPECT_TRUE(contains(o.error, note)) << command << ": " << o.error;
  }
  for (const char* command : {"compile net.toml --json", "verify net.toml --upto emulator --ticks 1 --json",
                              "mesh net.toml --ticks 1 --cores 2 --json", "run net.toml --ticks 1 --json"}) {
    const Outcome o = apical(command + lossy);
    ASSERT_EQ(o.status, 0) << command << o.error;
    const json notes = json::parse(o.out)["notes"];
    ASSERT_EQ(notes.size(), 2u) << command << notes;
    EXPECT_TRUE(contains(notes[0], "W1: of 780 weights, ")) << command;
  }
  EXPECT_EQ(json::parse(content(folder / "d/deployment.json"))["notes"].size(), 2u);
  EXPECT_EQ(json::parse(content(folder / "v/manifest.json"))["notes"].size(), 2u);
  const Outcome e = apical("experiment dendrites --quick --machine emulator --out e" + lossy);
  EXPECT_TRUE(contains(e.error, "saturated on loading")) << e.error;
  const json noted = json::parse(content(folder / "e/emulator/dendrites/result.json"))["notes"];
  EXPECT_TRUE(contains(noted.dump(), "saturated on loading")) << noted;
  file("study.toml",
       "title = \"t\"\nbase = \"net.toml\"\nmachine = \"emulator\"\nset = { \"run.ticks\" = 8, "
       "\"task.test_limit\" = 2, "
       "\"formats.weight.bits\" = 8 }\n[[design]]\nname = \"d\"\n[[design.axis]]\nkey = "
       "\"formats.weight.frac\"\nvalues = [6]\n");
  ASSERT_EQ(apical("sweep study.toml --out s").status, 0);
  const std::string store = content(folder / "s/results.csv");
  EXPECT_TRUE(contains(store, ",trouble,notes,checksum\n")) << store;
  EXPECT_TRUE(contains(store, "W1: of 780 weights, ")) << store;
}

// Inputs, targets and states that leave their formats are named, above a hundredth of their values.
TEST_F(Loading, WhatIsClippedIsNamedByItsOwnName) {
  model::Hdf5Writer series((folder / "series.h5").string());
  for (int t = 0; t < 100; ++t) {
    series.append("/input", {t % 5 < 2 ? 3.0 : 0.5, 0.5});  // 20% of the values beyond 2
    series.append("/target", {t % 10 == 0 ? 0.1 : 34.7});   // 90% beyond 8
  }
  series.commit();
  file(
      "series.toml",
      "[network]\nlayers = [2, 3, 1]\n[task]\nkind = \"series\"\nfile = \"series.h5\"\n[run]\nticks = 100\n");
  for (const std::string machine : {"emulator", "tlm"}) {
    const Outcome o = apical("run series.toml --out o --machine " + machine);
    ASSERT_EQ(o.status, 0) << o.error;
    EXPECT_TRUE(contains(o.error, "input of layer 0 is clipped in 20.0% of its values")) << o.error;
    EXPECT_TRUE(contains(o.error, "target of layer 2 is clipped in 90.0% of its values")) << o.error;
    const json signals = result("o")["signals"];
    EXPECT_NEAR(signals["layer0"]["input"]["clipped"], 0.2, 1e-12);
    EXPECT_NEAR(signals["layer2"]["target"]["clipped"], 0.9, 1e-12);
    if (machine == "emulator") {
      for (const char* signal : {"basal", "u", "rate", "nudge", "error", "weight", "step"})
        EXPECT_TRUE(signals["layer2"][signal].contains("clipped")) << signal;
    }
  }
  const Outcome wide = apical(
      "run series.toml --out o --machine emulator --set formats.target.frac=8 --set formats.input.frac=12");
  EXPECT_FALSE(contains(wide.error, "target")) << wide.error;
  EXPECT_FALSE(contains(wide.error, "input")) << wide.error;
}

// What a register makes of a real constant.
TEST_F(Loading, ConstantsSayWhatTheyBecome) {
  const auto constant = [&](const std::string& settings, const std::string& name) {
    const Outcome o = apical("compile net.toml --json" + settings);
    EXPECT_EQ(o.status, 0) << o.error;
    const json compiled = json::parse(o.out);
    for (const json& c : compiled["constants"])
      if (c["name"] == name) return std::pair{c, o.error};
    ADD_FAILURE() << name;
    return std::pair{json(), o.error};
  };
  const auto [beta, said] = constant(" --set dynamics.beta=3e-5", "beta");
  EXPECT_EQ(beta["asked"], 3e-5);
  EXPECT_EQ(beta["effective"], std::ldexp(63.0, -21));
  EXPECT_NEAR(beta["relative_error"], 63.0 / (3e-5 * (1 << 21)) - 1.0, 1e-12);
  EXPECT_FALSE(contains(said, "asked for")) << said;
  const auto [alpha, slow] = constant(" --set dynamics.dt=0.001 --set learning.eta=100", "alpha of layer1");
  EXPECT_EQ(alpha["effective"], std::ldexp(105.0, -20));
  EXPECT_FALSE(contains(slow, "asked for")) << slow;
  EXPECT_FALSE(contains(constant("", "eta of W1").second, "asked for"));
  // 1 beside it leaves no fraction bits for 1e-4.
  std::string mixed_alphas = " --set 'dynamics.alpha=[1, 0.0001";
  for (int neuron = 2; neuron < 22; ++neuron) mixed_alphas += ", 0.5";
  mixed_alphas += "]'";
  const auto [mixed, coarse] = constant(mixed_alphas, "alpha of layer1");
  EXPECT_EQ(mixed["effective"], 3.0 / (1 << 15));
  EXPECT_TRUE(
      contains(coarse, "dynamics.alpha: alpha of layer1 is 9.155e-05 where 0.0001 was asked for (-8.4%)"))
      << coarse;
  // A register that holds the first rate well has few bits for the last.
  const std::string schedule = " --set learning.eta=0.5 --set learning.decay=0.5 --set run.ticks=0";
  const auto [last, late] = constant(schedule + " --set run.epochs=13", "last eta of W1");
  EXPECT_EQ(last["key"], "learning.decay");
  EXPECT_EQ(last["asked"], std::ldexp(0.5, -12));
  EXPECT_EQ(last["relative_error"], 0.0);
  EXPECT_FALSE(contains(late, "asked for")) << late;
  const auto [nothing, gone_late] = constant(schedule + " --set run.epochs=30", "last eta of W1");
  EXPECT_EQ(nothing["effective"], 0.0);
  EXPECT_TRUE(
      contains(gone_late, "learning.decay: last eta of W1 is 0 where 9.313e-10 was asked for (-100.0%)"))
      << gone_late;
  const auto gone = [&](const std::string& settings, const std::string& text) {
    const Outcome o = apical("compile net.toml" + settings);
    EXPECT_EQ(o.status, 2) << settings;
    EXPECT_TRUE(contains(o.error, text)) << o.error;
  };
  gone(" --set dynamics.beta=4e-10",
       "--set: dynamics.beta: beta is 4e-10, of which the registers of an integer machine make 0; accepted: "
       "4.657e-10 and above");
  gone(" --set dynamics.dt=4e-9", "--set: dynamics.dt: alpha of layer1 is 4e-10");
  gone(" --set network.circuit=microcircuit --set network.lambda=1e-5 --set network.feedback=fixed",
       "--set: network.lambda: lambda is 1e-05");
  gone(" --set formats.rate.frac=-2", "--set: formats.rate.frac: one of W2 is 1");
  EXPECT_EQ(apical("run net.toml --machine golden --ticks 1 --set dynamics.beta=4e-10").status, 0);
  EXPECT_EQ(apical("compile net.toml --set dynamics.beta=0").status, 0) << "nothing was asked for";
  ASSERT_EQ(apical("run net.toml --ticks 1 --out o --set dynamics.beta=3e-5").status, 0);
  EXPECT_EQ(result("o")["constants"][0]["effective"], std::ldexp(63.0, -21));
}

// A membrane of 16 bits that is driven to 1 with dt/tau = 0.001 ends at 0.756.
TEST(DeadZone, IsWhatAMembraneStopsShortOf) {
  Config config = parse_config(
      "[network]\nlayers = [1, 1]\nbias = false\n[learning]\nenabled = false\n[dynamics]\nflow = "
      "\"gradient\"\ndt = 0.01\n",
      "membrane");
  const std::vector<model::WeightMatrix> weights{model::WeightMatrix::Constant(1, 1, 1.0)};
  const auto end = [&] {
    const auto machine = make_machine(
        [&] {
          Config c = config;
          c.machine = Machine::emulator;
          return c;
        }(),
        weights);
    const double input = 1.0;
    for (int t = 0; t < 20000; ++t) machine->tick(&input, nullptr, 0.0, t == 0);
    return machine->read("membrane", 1).at(0);
  };
  const auto zone = [&] { return fixedpoint::dead_zones(*compiled(config, weights)).at(0).stops_short; };
  EXPECT_NEAR(end(), 0.756, 5e-4);
  EXPECT_NEAR(1.0 - end(), zone(), config.formats.at("membrane", 1).lsb());
  const auto notes = loading_notes(config, *compiled(config, weights));
  ASSERT_FALSE(notes.empty());
  EXPECT_TRUE(contains(notes.back(), "the membrane of layer1 stops 0.244 short")) << notes.back();
  set_key(config, "formats.membrane.rounding=TRN");
  EXPECT_NEAR(1.0 - end(), zone(), config.formats.at("membrane", 1).lsb());
  set_key(config, "formats.membrane.rounding=STOCHASTIC");
  EXPECT_NEAR(end(), 1.0, 0.01);
  EXPECT_LT(zone(), 1e-4);
  set_key(config, "dynamics.flow=latent-equilibrium");  // rho = 1: nobody reads the membrane
  EXPECT_TRUE(fixedpoint::dead_zones(*compiled(config, weights)).empty());
}

// A search says what it allowed.
TEST(AllowedLoss, IsInTheConfigurationThatNeedsIt) {
  Config config = parse_config(small_net, "small");
  EXPECT_FALSE(allowing_its_losses(config).allow_lossy_loading);
  set_key(config, "formats.weight.frac=3");
  EXPECT_TRUE(allowing_its_losses(config).allow_lossy_loading);
  EXPECT_TRUE(
      contains(as_toml(allowing_its_losses(config), "found"), "[formats]\nallow_lossy_loading = true\n"));
  EXPECT_THROW(compiled(config, starting_weights(config)), std::invalid_argument);
}

}  // namespace
}  // namespace apical::tools
