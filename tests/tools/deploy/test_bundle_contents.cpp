// SPDX-License-Identifier: Apache-2.0
// Bundles of reference vectors: what is in them, and what their Makefile makes of damage.
#include <map>

#include "tests/tools/bundles.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Bundles;
using test::contains;
using test::content;
using test::Lines;
using test::lines_of;
using test::Outcome;
using test::text_of;

// hw/ARCHITECTURE.md says what a digest is: another program makes it from the words that a bundle compares.
TEST_F(Bundles, DigestsAreThoseOfTheDocument) {
  const std::string program = "/usr/bin/python3 " APICAL_SOURCE_DIR "/tests/tools/state_digest.py ";
  const auto check = [&](const std::string& name) {
    return std::system(
        (program + (folder / name).string() + " >" + (folder / "digest.log").string()).c_str());
  };
  const std::pair<const char*, const char*> programs[] = {
      {"plain", ""},
      {"advanced", "--set dynamics.response=advanced"},
      {"circuit",
       "--set network.circuit=microcircuit --set network.feedback=learned --set learning.eta_pi=0.01 --set "
       "network.lambda=0.3"},
      {"unsigned", "--set formats.rate.signed=false --set formats.slope.signed=false --set core.lanes=4"}};
  for (const auto& [name, settings] : programs) {
    export_to(name, settings);
    EXPECT_EQ(check(name), 0) << name << "\n" << content(folder / "digest.log");
    EXPECT_TRUE(contains(content(folder / "digest.log"), "2 of 2 digests agree"))
        << content(folder / "digest.log");
    EXPECT_TRUE(contains(replay(name).out, "3 ticks and 2 digests of state")) << name;
    json m = manifest(name);
    std::string digest = m["state_digest_after_tick"][1];
    digest[5] = digest[5] == '0' ? '1' : '0';
    m["state_digest_after_tick"][1] = digest;
    write(name, "manifest.json", m.dump(2));
    sum_again(name, "manifest.json");
    EXPECT_NE(check(name), 0) << name;
    EXPECT_TRUE(contains(trouble(name), "state_digest_after_tick[1]")) << name;
  }
}

TEST_F(Bundles, FormatsAndNamesAreThoseOfTheWords) {
  export_to(
      "b",
      "--set network.circuit=microcircuit --set network.feedback=learned --set learning.eta_pi=0.01 --set "
      "formats.apical.frac=10");
  const json m = manifest("b");
  std::map<std::string, json> populations, projections;
  for (const json& p : m["populations"]) populations[p["name"]] = p;
  for (const json& p : m["projections"]) projections[p["name"]] = p;
  // Where B learns, a dendrite's error ends a tick as its soma's rate.
  EXPECT_EQ(populations["dendrite1"]["formats"]["error"]["frac"],
            populations["layer1"]["formats"]["rate"]["frac"]);
  EXPECT_NE(populations["dendrite1"]["formats"]["error"]["frac"], 10);
  EXPECT_EQ(populations["dendrite1"]["formats"]["basal"]["frac"], 10);
  ASSERT_EQ(projections.count("learning_of_B2"), 1u) << m["projections"];
  EXPECT_EQ(projections["learning_of_B2"]["weights_of"], "B2");
  EXPECT_EQ(projections["learning_of_B2"]["first_word"], projections["B2"]["first_word"]);
  EXPECT_EQ(projections["WPI1"]["negated"], true);
  EXPECT_EQ(projections["B2"]["negated"], false);
  EXPECT_TRUE(contains(content(folder / "b" / "weights_WPI1.memh"), "the negative of the theory's"));
  for (const auto& [name, p] : projections) EXPECT_FALSE(contains(name, " "));
}

// By default vectors learn: weights move, be it in a task that is not nudged at first.
TEST_F(Bundles, TheDefaultProfileLearns) {
  for (const std::string more : {"", "--set dynamics.beta_ramp=100000"}) {
    export_to("b", more);
    const json m = manifest("b");
    EXPECT_EQ(m["profile"], "smoke");
    for (const char* layer : {"layer1", "layer2"})
      for (const char* signal : {"step", "weight", "error"})
        EXPECT_GT(m["coverage"]["quantisers"][layer][signal]["not 0"], 0) << more << layer << " " << signal;
  }
}

TEST_F(Bundles, AnEarlierBundleLeavesNothingBehind) {
  export_to("b",
            "--set network.circuit=microcircuit --set network.feedback=learned --set learning.eta_pi=0.01");
  ASSERT_TRUE(fs::exists(folder / "b" / "weights_WPI1.memh"));
  write("b", "verilator.log", "PASS: 1 comparisons\n");
  write("b", "mine.txt", "mine");
  export_to("b");
  EXPECT_FALSE(fs::exists(folder / "b" / "weights_WPI1.memh"));
  EXPECT_FALSE(fs::exists(folder / "b" / "verilator.log"));
  EXPECT_TRUE(fs::exists(folder / "b" / "mine.txt"));
  EXPECT_EQ(replay("b").status, 0);
  // Nothing goes of a folder that isn't a bundle.
  fs::create_directory(folder / "c");
  write("c", "mine.sv", "mine");
  write("c", "SHA256SUMS", sha256("mine") + "  mine.sv\n");
  export_to("c");
  EXPECT_TRUE(fs::exists(folder / "c" / "mine.sv"));
}

TEST_F(Bundles, ForeignCodeDoesNotRun) {
  export_to("b");
  write("b", "apical_round.sv", content(folder / "b" / "apical_round.sv") + "// foreign\n");
  for (const char* machine : {"rtl", "netlist", "tlm", "emulator"}) {
    const Outcome o = apical(std::string("vectors replay b --machine ") + machine);
    EXPECT_EQ(o.status, 2) << machine;
    EXPECT_EQ(o.out, "") << machine;
    EXPECT_TRUE(contains(o.error, "apical_round.sv: not the file that was exported (SHA-256)")) << o.error;
    EXPECT_FALSE(contains(o.error, "verilating")) << o.error;
  }
}

// By make, under Icarus Verilog (test_verify runs both), in a folder whose name has spaces.
TEST_F(Bundles, MakeNoticesDamage) {
  const std::string b = "a bundle of mine";
  export_to(b);
  EXPECT_EQ(replay(b).status, 0);
  ASSERT_EQ(make(b, "check iverilog"), 0) << content(folder / "make.log");
  EXPECT_TRUE(contains(content(folder / "make.log"), "PASS: ")) << content(folder / "make.log");
  const Lines sums = lines_of(content(folder / b / "SHA256SUMS"));
  for (const std::string& line : sums) {
    const std::string name = line.substr(66), whole = content(folder / b / name);
    std::string turned = whole;
    turned[below(turned.size())] ^= 1;
    if (name != "Makefile") write(b, name, turned);
    if (name == "Makefile") write(b, name, whole + "# more\n");
    EXPECT_NE(make(b, "check"), 0) << name;
    write(b, name, whole);
    Lines fewer;
    for (const std::string& other : sums)
      if (other != line) fewer.push_back(other);
    write(b, "SHA256SUMS", text_of(fewer));
    EXPECT_NE(make(b, "check"), 0) << "without the line of " << name;
    write(b, "SHA256SUMS", text_of(sums));
  }
  ASSERT_EQ(make(b, "check"), 0);
  // The testbench itself, where checksums fit.
  const auto simulated = [&](const std::string& name, const Lines& lines) {
    const std::string whole = content(folder / b / name);
    write(b, name, text_of(lines));
    const int status = std::system(fmt::format("cd '{}' && vvp -n testbench.vvp >'{}' 2>&1",
                                               (folder / b).string(), (folder / "make.log").string())
                                       .c_str());
    write(b, name, whole);
    return status;
  };
  const Lines ticks = lines_of(content(folder / b / "ticks.memh")),
              load = lines_of(content(folder / b / "load.memh"));
  EXPECT_EQ(simulated("ticks.memh", ticks), 0);
  Lines lines = ticks;
  const auto compared = [](const std::string& line) { return line[0] == '1'; };
  auto found = std::find_if(lines.rbegin(), lines.rend(), compared);
  found->back() = found->back() == '0' ? '1' : '0';
  EXPECT_NE(simulated("ticks.memh", lines), 0);
  EXPECT_TRUE(contains(content(folder / "make.log"), "FAIL: ticks.memh step "))
      << content(folder / "make.log");
  lines = ticks;
  lines.pop_back();
  EXPECT_NE(simulated("ticks.memh", lines), 0) << "without its end mark";
  lines.assign(ticks.begin(), ticks.begin() + static_cast<std::ptrdiff_t>(ticks.size() / 2));
  EXPECT_NE(simulated("ticks.memh", lines), 0) << "cut";
  lines = ticks;
  for (std::string& line : lines)
    if (compared(line)) line[0] = '2';
  EXPECT_NE(simulated("ticks.memh", lines), 0) << "without comparisons";
  lines = load;
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(lines.size() / 2));
  EXPECT_NE(simulated("load.memh", lines), 0) << "without a step";
}

}  // namespace
}  // namespace apical::tools
