// SPDX-License-Identifier: Apache-2.0
// Bundles of reference vectors: what a host must not do is in there, broken cores are found by it, and what
// is said to be covered was counted right.
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <set>

#include "hw/isa_names.hpp"
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

// What takes minutes by Icarus Verilog is done in part, but for APICAL_ALL_FAULTS=1.
const bool all_faults = std::getenv("APICAL_ALL_FAULTS") != nullptr;

class Refusals : public Bundles {
 protected:
  // Small, since it is simulated many times.
  Refusals() {
    file("net.toml",
         "[network]\nlayers = [5, 3, 2]\ngain = 0.3\n[task]\nkind = \"teacher\"\nteacher_layers = [5, 3, 2]\n"
         "[dynamics]\nbeta = 0.5\n[learning]\neta = 0.1\n[core]\nlanes = 2\n");
  }
  Outcome counted(const std::string& name, const std::string& more = "") const {
    return run("/usr/bin/python3", APICAL_SOURCE_DIR "/tests/tools/check_coverage.py " + name + " " + more);
  }
  std::set<std::string> without(const std::string& name) const {
    std::set<std::string> what;
    const json m = manifest(name);
    for (const json& one : m["not_exercised"]) what.insert(one["what"]);
    return what;
  }
};

// hw/ARCHITECTURE.md and the registers of hw/README.md: whatever they call refused, dropped or ignored.
TEST_F(Refusals, AreThoseOfTheDocument) {
  export_to("b");
  std::map<std::string, json> found;
  const json m = manifest("b");
  for (const json& r : m["refusals"]) {
    EXPECT_TRUE(found.emplace(r["name"], r).second) << r;
    EXPECT_TRUE(
        contains(content(folder / "b/errors.memh"),
                 fmt::format("// {}: {}\n", r["first_step"].get<int>(), r["name"].get<std::string>())));
  }
  std::map<std::string, std::pair<std::string, int>> expected{
      {"read of a memory that does not exist", {"access", 64 - 17 - 6}},
      {"write of a memory that does not exist", {"access", 64 - 17 - 6}},
      {"access to an offset that holds no register", {"none", 64 - 27}},
      {"write to ERRORS of other bits than those that are set", {"none", 1}},
      {"write to INTERRUPT of 0 where a tick has ended", {"none", 1}},
      {"INPUT for a unit that population 0 does not have", {"bad_unit", 2}},
      {"INPUT where population 0 lies outside the memories", {"bad_unit", 1}},
      {"an unknown operation", {"bad_operation", 11}},
      {"UPDATE of a population that does not exist", {"bad_operation", 2}},
      {"no END in the last word of the operations", {"bad_operation", 1}},
      {"UPDATE of a population outside the memories", {"bad_operation", 1}},
      {"read of the window while a tick runs", {"access", 1}},
      {"INPUT while a tick runs", {"access", 1}},
      {"CONTROL.clear while a tick runs", {"none", 1}},
      {"CONTROL.tick while a tick runs", {"none", 1}},
      {"read of the window while memories are zeroed", {"access", 1}},
      {"write of the window while memories are zeroed", {"access", 1}},
      {"INPUT while memories are zeroed", {"access", 1}},
      {"CONTROL.tick beside CONTROL.clear", {"none", 1}}};
  for (const char* code : {"FORWARD", "BACKWARD", "LEARN"}) {
    expected[fmt::format("{} of a projection that does not exist", code)] = {"bad_operation", 2};
    expected[fmt::format("{} from a source outside the memories", code)] = {"bad_operation", 1};
    expected[fmt::format("{} to a target outside the memories", code)] = {"bad_operation", 1};
  }
  for (const char* memory : {"TARGET", "RATE", "WEIGHTS", "DESCRIPTORS", "OPERATIONS"})
    expected[fmt::format("write of {} while a tick runs", memory)] = {"access", 1};
  for (const char* memory :
       {"BASAL",       "APICAL",  "U",          "MEMBRANE",    "RATE",           "SLOPE",
        "NUDGE",       "ERROR",   "MISMATCH",   "TARGET",      "FIRST_MISMATCH", "SENT_RATE",
        "SENT_ERROR",  "SCRATCH", "STEP",       "RHO",         "ALPHA",          "OPERATIONS",
        "DESCRIPTORS", "DECAY",   "TABLE_BASE", "TABLE_DELTA", "WEIGHTS"})
    for (const char* access : {"read", "write"})
      expected[fmt::format("{} beyond the last word of {}", access, memory)] = {"access", 2};
  for (const char* name : {"ID", "PARAMETERS", "STATUS", "CYCLES", "STALLS", "EVENTS", "MACS", "LANE_CYCLES"})
    expected[fmt::format("write of {}, which can only be read", name)] = {"none", 1};
  for (const char* name : {"CONTROL", "LINK", "ALWAYS", "INPUT", "TARGETS", "OBSERVED", "OBSERVED_MEMORY"})
    expected[fmt::format("read of {}, which can only be written", name)] = {"none", 1};
  for (const auto& [name, what] : expected) {
    ASSERT_EQ(found.count(name), 1u) << name;
    EXPECT_EQ(found[name]["error"], what.first) << name;
    EXPECT_EQ(found[name]["times"], what.second) << name;
  }
  for (const auto& [name, r] : found)
    EXPECT_TRUE(expected.count(name) == 1 || contains(name, "elaborated without") ||
                contains(name, "WINDOW_HIGH"))
        << name;
}

// Every machine answers alike, cores with and without parts that can be left out among them.
TEST_F(Refusals, AreThoseOfEveryMachine) {
  const std::pair<const char*, const char*> programs[] = {
      {"plain", ""},
      {"tiny", "--set network.layers=[1,1] --set task.teacher_layers=[1,1] --set core.lanes=1"},
      {"advanced", "--set dynamics.response=advanced"},
      {"direct", "--set dynamics.scheme=direct --set core.lanes=4"},
      {"still", "--set learning.eta=0 --set formats.rate.frac=6 --set formats.rate.bits=8"},
      {"circuit",
       "--set network.circuit=microcircuit --set network.feedback=learned --set learning.eta_pi=0.01 --set "
       "network.lambda=0.3"}};
  for (const auto& [name, settings] : programs) {
    export_to(name, std::string("--profile random ") + settings);
    for (const char* machine : {"emulator", "tlm"}) {
      const Outcome o = apical(std::string("vectors replay ") + name + " --machine " + machine);
      EXPECT_EQ(o.status, 0) << name << " " << machine << "\n" << o.out << o.error;
    }
    // Icarus takes half a minute for all.
    if (all_faults || name == programs[0].first) {
      EXPECT_EQ(make(name, "iverilog"), 0) << name << "\n" << content(folder / "make.log");
    }
  }
}

// One line of the Verilog wrong at a time, by Icarus Verilog: the testbench says where, and its status isn't
// 0.
TEST_F(Refusals, FindBrokenCores) {
  export_to("b");
  ASSERT_EQ(make("b", "testbench.vvp"), 0) << content(folder / "make.log");
  const auto simulated = [&] { return run("/bin/sh", "-c 'cd b && timeout 100 vvp -n testbench.vvp'"); };
  ASSERT_EQ(simulated().status, 0);
  struct Fault {
    const char *file, *is, *becomes;
  };
  const Fault faults[] = {
      // The window is open while a tick runs; or refuses in words alone.
      {"apical_host.sv", "(is_window && !(idle_i && !waiting_q", "(is_window && !(!waiting_q"},
      {"apical_host.sv", "assign window_write    = writes && is_window;",
       "assign window_write    = request && write_i && is_window;"},
      {"apical_host.sv", "!clear_q && in_range_q))", "!clear_q))"},
      {"apical_host.sv", "if (acts && is_window) addr_d", "if (ack_o && is_window) addr_d"},
      // INPUT while busy, and without its error; clear and tick that a running tick should keep out.
      {"apical_host.sv", "(is_input && (occupied || clear_q))", "(is_input && clear_q)"},
      {"apical_host.sv", "if (writes && is_clear && !occupied)", "if (writes && is_clear)"},
      {"apical_host.sv", "control.tick && !control.clear && !occupied", "control.tick && !occupied"},
      // Errors that any write clears, or none.
      {"apical_host.sv", "errors_d = errors_q & ~wdata_i;", "errors_d = '0;"},
      {"apical_host.sv", "errors_d = errors_q & ~wdata_i;", "errors_d = errors_q;"},
      {"apical_host.sv", "writes && addr_i == REG_INTERRUPT && interrupt.done",
       "writes && addr_i == REG_INTERRUPT"},
      // Operations that run although they are none, or are another's.
      {"apical_sequencer.sv", "code == OP_END;", "(code == OP_END || code > OP_LEARN);"},
      {"apical_sequencer.sv", "(code > OP_LEARN || bad_index)", "code > OP_LEARN"},
      {"apical_sequencer.sv", "(loaded && after_q != IDLE && bad_words)", "1'b0"},
      {"apical_sequencer.sv", "input_unit_i < 20'(place.units) && !bad_population", "!bad_population"}};
  for (std::size_t i = 0; i < std::size(faults); i += all_faults ? 1 : 3) {
    const Fault& f = faults[i];
    const std::string whole = content(folder / "b" / f.file);
    const std::size_t at = whole.find(f.is);
    ASSERT_NE(at, std::string::npos) << f.is;
    std::string broken = whole;
    write("b", f.file, broken.replace(at, std::string(f.is).size(), f.becomes));
    ASSERT_EQ(make("b", "testbench.vvp"), 0) << f.becomes << content(folder / "b/iverilog.build.log");
    const Outcome o = simulated();
    EXPECT_NE(o.status, 0) << f.becomes;
    EXPECT_TRUE(contains(o.out, "FAIL: ")) << f.becomes << o.out;
    std::cout << f.becomes << ": " << o.out.substr(0, o.out.find('\n')) << "\n";
    write("b", f.file, whole);
  }
}

TEST_F(Refusals, ReplayNamesWhatIsRefused) {
  export_to("b");
  const json m = manifest("b");
  const Lines whole = lines_of(content(folder / "b/errors.memh"));
  for (int i = 0; i < 40; ++i) {
    std::size_t at = 0;
    while (whole[at][0] != '1') at = below(whole.size());
    std::string name;
    for (std::size_t k = 0; k < at; ++k)
      if (whole[k].rfind("// ", 0) == 0 && k > 0) name = whole[k].substr(whole[k].find(": ") + 2);
    Lines lines = whole;
    lines[at].back() = lines[at].back() == '0' ? '1' : '0';
    write("b", "errors.memh", text_of(lines));
    sum_again("b", "errors.memh");
    const std::string said = trouble("b");
    EXPECT_TRUE(contains(said, "differs: errors.memh step ")) << said;
    EXPECT_TRUE(contains(said, "(after: " + name + "): ")) << said << name;
  }
}

TEST_F(Refusals, OtherFormatsAreRefusedByName) {
  export_to("b");
  json m = manifest("b");
  ASSERT_EQ(m["format"], 5);
  m["format"] = 4;
  write("b", "manifest.json", m.dump(2));
  sum_again("b", "manifest.json");
  EXPECT_TRUE(contains(trouble("b"), "format: 4; accepted: an integer of 5..5")) << trouble("b");
}

// Counted again by a program that was written from the documents alone, and a count that is wrong is found.
TEST_F(Refusals, CoverageIsWhatTheScriptsHave) {
  const std::pair<const char*, const char*> programs[] = {
      {"plain", ""},
      {"theta", "--set events.theta_rate=40 --set events.theta_error=30 --set dynamics.scheme=direct"},
      {"lagrangian", "--set dynamics.flow=lagrangian --set events.theta_error=20"},
      {"random", "--profile random --set events.theta_rate=300"},
      {"still", "--set learning.eta=0 --set events.theta_rate=20 --profile learning"}};
  for (const auto& [name, settings] : programs) {
    export_to(name, std::string("--signals ") + settings);
    const std::string more = name == std::string("still") ? "--still" : "";
    const Outcome o = counted(name, more);
    EXPECT_EQ(o.status, 0) << name << "\n" << o.out << o.error;
    const json m = manifest(name);
    for (const char* at : {"/coverage/thresholds/layer1/rate/above", "/coverage/thresholds/layer2/error/at",
                           "/coverage/operations/LEARN/done", "/coverage/operations/FORWARD/anew",
                           "/coverage/errors/access"}) {
      json changed = m;
      json& count = changed[json::json_pointer(at)];
      count = count.get<int>() + 1;
      write(name, "manifest.json", changed.dump(2));
      EXPECT_EQ(counted(name, more).status, 1) << at;
    }
    write(name, "manifest.json", m.dump(2));
  }
}

// What is missing is named, with what would bring it.
TEST_F(Refusals, WhatIsNotExercisedIsNamed) {
  export_to("b");
  const std::string said = content(folder / "b/coverage.txt");
  for (const std::string& what : without("b"))
    EXPECT_TRUE(contains(said, "  " + what + ": ")) << what << said;
  EXPECT_EQ(without("b").count("rate of layer 1 below theta"), 1u);
  EXPECT_TRUE(contains(said, "rate of layer 1 below theta: can't be: theta is 0")) << said;
  EXPECT_TRUE(contains(said, "ERRORS.bad_frame: can't be: ")) << said;
  EXPECT_EQ(without("b").count("ERRORS.access"), 0u);
  EXPECT_EQ(without("b").count("LEARN"), 0u);
  EXPECT_EQ(without("b").count("a list of events that is full"), 0u);
  EXPECT_EQ(without("b").count("UPDATE of slot SCRATCH"), 1u);
  export_to("b", "--set events.theta_rate=8000 --set dynamics.response=advanced --profile random");
  EXPECT_EQ(without("b").count("rate of layer 1 below theta"), 0u);
  EXPECT_EQ(without("b").count("UPDATE of slot SCRATCH"), 0u);
}

}  // namespace
}  // namespace apical::tools
