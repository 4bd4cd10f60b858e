// SPDX-License-Identifier: Apache-2.0
// The ladder from the command line: a core in lockstep, a core with a fault, vectors for other simulators.
#include "tests/tools/command_line.hpp"

namespace apical::tools {
namespace {

using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;

class Ladder : public CommandLine {
 protected:
  Ladder() {
    file("net.toml",
         "# small\n[network]\nlayers = [64, 6, 10]\ngain = 0.3\n[dynamics]\nbeta = 0.5\n[learning]\neta = "
         "0.1\n"
         "[core]\nlanes = 2\n");
    // Cores that the test makes stay in its folder.
    setenv("XDG_CACHE_HOME", folder.c_str(), 1);
  }
};

TEST_F(Ladder, CoreAndEmulatorStayEqual) {
  const Outcome o = apical("verify net.toml --ticks 25 --json");
  ASSERT_EQ(o.status, 0) << o.error << o.out;
  const auto r = nlohmann::json::parse(o.out);
  EXPECT_EQ(r["equal"], true);
  ASSERT_EQ(r["machines"].size(), 4u);
  for (const auto& machine : r["machines"])
    EXPECT_EQ(machine["state_digest"], r["machines"][0]["state_digest"]);
  EXPECT_GT(r["machines"][3]["cycles"], 1000);
  // The platform's clocks on the same core.
  const Outcome timing = apical("verify net.toml --timing --ticks 25 --programs 0 --json");
  ASSERT_EQ(timing.status, 0) << timing.error << timing.out;
  const auto clocks = nlohmann::json::parse(timing.out);
  ASSERT_EQ(clocks.size(), 1u);
  EXPECT_EQ(clocks[0]["ticks"], 25);
  EXPECT_EQ(clocks[0]["equal_state"], true);
  EXPECT_GT(clocks[0]["core"], 1000);
  EXPECT_LT(clocks[0]["worst_tick"], 1e-9);
  // The same training by the training loop: digest of the core and of the emulator.
  ASSERT_EQ(apical("run net.toml --machine rtl --ticks 25 --out core --set task.test_limit=3").status, 0);
  ASSERT_EQ(
      apical("run net.toml --machine emulator --ticks 25 --out emulator --set task.test_limit=3").status, 0);
  ASSERT_EQ(
      apical("run net.toml --machine tlm --ticks 25 --out tlm --set task.test_limit=3 --timeline time.json "
             "--vcd wave.vcd")
          .status,
      0);
  EXPECT_EQ(result("core")["state_digest"], result("emulator")["state_digest"]);
  EXPECT_EQ(result("tlm")["state_digest"], result("emulator")["state_digest"]);
  EXPECT_EQ(result("tlm")["test_accuracy"], result("emulator")["test_accuracy"]);
  const auto counts = result("core")["core"];  // 25 ticks of training and those of three test digits
  EXPECT_EQ(counts["lanes"], 2);
  EXPECT_GT(counts["ticks"], 25);
  EXPECT_GT(counts["lanes_busy"], 0.3);
  EXPECT_LT(counts["lanes_busy"], 1.0);
  EXPECT_TRUE(contains(content(folder / "core" / "report.html"), "2 MAC lanes, busy in"));
  EXPECT_FALSE(result("emulator").contains("core"));
  EXPECT_EQ(result("core")["test_accuracy"], result("emulator")["test_accuracy"]);
  // The timeline's operations fill its ticks.
  double inside = 0.0, ticks = 0.0;
  std::size_t count = 0;
  const auto timeline = nlohmann::json::parse(content(folder / "time.json"));
  for (const auto& event : timeline["traceEvents"]) {
    if (event["ph"] != "X" || event["tid"] == 3) continue;
    (event["tid"] == 1 ? ticks : inside) += event["args"]["clocks"].get<double>();
    count += event["tid"] == 1 ? 1u : 0u;
  }
  EXPECT_GE(count, 25u);
  EXPECT_EQ(ticks, inside + 8.0 * static_cast<double>(count));  // the start of a tick is no operation
  EXPECT_TRUE(contains(content(folder / "wave.vcd"), "busy")) << "no VCD";
  EXPECT_FALSE(std::filesystem::exists(folder / "wave.vcd.partial.vcd"));
  EXPECT_EQ(apical("run net.toml --machine emulator --timeline time.json").status, 2);
  EXPECT_EQ(apical("verify net.toml --upto silicon").status, 2);
  EXPECT_EQ(apical("verify net.toml --lanes 3").status, 2);
  EXPECT_EQ(apical("verify net.toml --rtl absent").status, 2);
}

// Yosys once made one bit of '1 in the tables' masks: only the gates showed it. The bundle's Verilog is the
// same as the source tree's, so that replaying finds the core in the cache.
TEST_F(Ladder, AMicrocircuitIsEqualOnEveryMachine) {
  const std::string circuit =
      "verify net.toml --ticks 25 --json --set network.circuit=microcircuit --set network.lambda=0.3 --set "
      "network.feedback_init=random --set learning.eta_pi=0.01 --set learning.eta_ip=0.1 --set "
      "network.feedback=";
  std::set<std::string> digests;
  for (const std::string feedback : {"fixed", "learned"}) {
    const Outcome o = apical(circuit + feedback);
    ASSERT_EQ(o.status, 0) << o.error << o.out;
    const auto r = nlohmann::json::parse(o.out);
    EXPECT_EQ(r["equal"], true);
    ASSERT_EQ(r["machines"].size(), 4u);
    for (const auto& machine : r["machines"])
      EXPECT_EQ(machine["state_digest"], r["machines"][0]["state_digest"]);
    digests.insert(r["machines"][0]["state_digest"].get<std::string>());
  }
  EXPECT_EQ(digests.size(), 2u);
  const Outcome tied = apical(circuit + "tied");
  EXPECT_EQ(tied.status, 2);
  EXPECT_TRUE(contains(tied.error, "accepted: fixed, learned")) << tied.error;
}

TEST_F(Ladder, NetlistAndEmulatorStayEqual) {
  const std::string small = " --set network.layers=[64,2,10] --set core.lanes=1";
  const Outcome o = apical("verify net.toml --upto netlist --ticks 60 --json" + small);
  ASSERT_EQ(o.status, 0) << o.error << o.out;
  const auto r = nlohmann::json::parse(o.out);
  ASSERT_EQ(r["machines"].size(), 5u);
  EXPECT_EQ(r["machines"][4]["machine"], "netlist");
  EXPECT_EQ(r["machines"][4]["state_digest"], r["machines"][0]["state_digest"]);
  EXPECT_EQ(r["machines"][4]["cycles"], r["machines"][3]["cycles"]);
  ASSERT_EQ(apical("vectors export net.toml --ticks 3 --out gates" + small).status, 0);
  const Outcome played = apical("vectors replay gates --machine netlist");
  EXPECT_EQ(played.status, 0) << played.out << played.error;
  EXPECT_TRUE(contains(played.out, "netlist is as expected in all of")) << played.out;
  EXPECT_FALSE(contains(played.error, "synthesising")) << played.error;
}

// Ties to even become ties up in one module of a copy: verify names the place and shows the wave.
TEST_F(Ladder, OneFlippedRoundingBitIsFound) {
  const auto rtl = folder / "rtl";
  std::filesystem::copy(APICAL_SOURCE_DIR "/hw/rtl", rtl);
  std::string text = content(rtl / "apical_round.sv");
  const std::string right = "up = half & (below | floor[0]);", wrong = "up = half & (below | ~floor[0]);";
  ASSERT_NE(text.find(right), std::string::npos);
  text.replace(text.find(right), right.size(), wrong);
  std::ofstream(rtl / "apical_round.sv") << text;
  // Coarse voltages meet ties soon.
  const Outcome o = apical(
      "verify net.toml --rtl rtl --ticks 300 --set formats.u.bits=10 --set formats.u.frac=5 "
      "--set formats.basal.frac=6 --set formats.basal.bits=11 --out wave");
  ASSERT_EQ(o.status, 1) << o.error << o.out;
  EXPECT_TRUE(contains(o.out, "rtl parts from tlm in tick ")) << o.out;
  EXPECT_TRUE(contains(o.out, "of unit ")) << o.out;
  EXPECT_TRUE(contains(o.out, "written by UPDATE")) << o.out;
  EXPECT_TRUE(contains(o.out, "bits       0")) << o.out;
  EXPECT_TRUE(contains(o.out, "0x")) << o.out;
  EXPECT_GT(std::filesystem::file_size(folder / "wave" / "difference.fst"), 1000u);
}

TEST_F(Ladder, VectorsPassAndACorruptedWordFails) {
  for (const std::string profile : {"smoke", "random", "corners"}) {
    const Outcome o = apical("vectors export net.toml --ticks 6 --profile " + profile + " --out " + profile);
    ASSERT_EQ(o.status, 0) << o.error;
    for (const std::string machine : {"emulator", "tlm", "rtl"}) {
      const Outcome played = apical("vectors replay " + profile + " --machine " + machine);
      EXPECT_EQ(played.status, 0) << profile << ": " << played.out << played.error;
      EXPECT_TRUE(contains(played.out, machine + " is as expected in all of")) << played.out;
    }
  }
  EXPECT_EQ(
      std::system(("cd " + (folder / "smoke").string() + " && make >make.log 2>&1 && make check").c_str()), 0)
      << content(folder / "smoke" / "make.log");
  for (const char* simulator : {"verilator", "iverilog"})
    EXPECT_TRUE(contains(content(folder / "smoke" / (simulator + std::string(".log"))), "PASS: "))
        << simulator;
  // One expected word of the last tick.
  std::string script = content(folder / "smoke" / "ticks.memh");
  const std::size_t last = script.rfind("\n1");
  ASSERT_NE(last, std::string::npos);
  char& digit = script[last + 12];
  digit = digit == '0' ? '1' : '0';
  std::ofstream(folder / "smoke" / "ticks.memh") << script;
  const Outcome refused = apical("vectors replay smoke");
  EXPECT_EQ(refused.status, 2);
  EXPECT_TRUE(contains(refused.error, "ticks.memh: not the file that was exported (SHA-256)"))
      << refused.error;
  // With a checksum that fits.
  ASSERT_EQ(std::system(("cd " + (folder / "smoke").string() +
                         " && sha256sum $(cut -c 67- SHA256SUMS) >sums && mv sums SHA256SUMS")
                            .c_str()),
            0);
  for (const std::string machine : {"emulator", "tlm", "rtl"}) {
    const Outcome o = apical("vectors replay smoke --machine " + machine);
    EXPECT_EQ(o.status, 1) << o.out;
    EXPECT_TRUE(contains(o.out, machine + " differs: ticks.memh")) << o.out;
    EXPECT_TRUE(contains(o.out, "(tick 5)")) << o.out;
  }
  EXPECT_EQ(apical("vectors replay smoke --machine tlm --rtl smoke").status, 2);
  for (const std::string simulator : {"verilator", "iverilog"})
    EXPECT_NE(
        std::system(
            ("cd " + (folder / "smoke").string() + " && make " + simulator + " >make.log 2>&1").c_str()),
        0);
  EXPECT_EQ(apical("vectors replay absent").status, 2);
}

// Files of weights were once named by the layer they lead to, and wrote over each other.
TEST_F(Ladder, VectorsOfAMicrocircuitHaveEveryMatrix) {
  const Outcome o = apical(
      "vectors export net.toml --ticks 4 --profile smoke --out circuit --set network.circuit=microcircuit "
      "--set "
      "network.feedback=learned --set learning.eta_pi=0.01");
  ASSERT_EQ(o.status, 0) << o.error;
  const std::pair<const char*, int> matrices[] = {
      {"W1", 6 * 65}, {"W2", 10 * 7}, {"B2", 6 * 10}, {"WPI1", 6 * 10}, {"WIP1", 10 * 7}};
  int found = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder / "circuit"))
    found += contains(file.path().filename().string(), "weights_");
  EXPECT_EQ(found, 5);
  for (const auto& [name, weights] : matrices) {
    const std::string text = content(folder / "circuit" / fmt::format("weights_{}.memh", name));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), weights + 1) << name;
  }
  const Outcome played = apical("vectors replay circuit --machine emulator");
  EXPECT_EQ(played.status, 0) << played.out << played.error;
}

// Every limit and every tie of every quantiser is met or proven to be out of reach.
TEST_F(Ladder, CornerVectorsMeetAllThatCanBeMet) {
  for (const std::string config : {"net.toml", APICAL_SOURCE_DIR "/tools/configs/digits8.toml"}) {
    const Outcome o = apical("vectors export " + config +
                             " --profile corners --ticks 1000 --weights-every 1000 --out corners");
    ASSERT_EQ(o.status, 0) << o.error;
    const auto manifest = nlohmann::json::parse(content(folder / "corners" / "manifest.json"));
    EXPECT_TRUE(manifest.at("missing").empty()) << config << "\n" << o.out;
    EXPECT_GT(manifest["coverage"]["quantisers"]["layer1"]["basal"]["tie, odd"], 0);
    EXPECT_EQ(manifest["out_of_reach"]["layer1"]["error"]["tie, odd"],
              "exact values are multiples of the LSB");
    std::filesystem::remove_all(folder / "corners");
  }
}

}  // namespace
}  // namespace apical::tools
