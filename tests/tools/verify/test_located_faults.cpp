// SPDX-License-Identifier: Apache-2.0
// Faults of one line in a copy of the core: verify names the operation, the signal and the unit that they
// cause first, not those that show their consequences first.
#include <regex>

#include "tests/tools/command_line.hpp"

namespace apical::tools {
namespace {

using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;

class Fault : public CommandLine {
 protected:
  Fault() {
    file("net.toml",
         "[network]\nlayers = [64, 4, 3, 10]\ngain = 0.3\n[dynamics]\nbeta = 0.5\n[learning]\neta = 0.1\n"
         "[task]\npresentation = 4\n[core]\nlanes = 2\n");
    setenv("XDG_CACHE_HOME", folder.c_str(), 1);
    std::filesystem::copy(APICAL_SOURCE_DIR "/hw/rtl", folder / "rtl");
  }
  void plant(const std::string& module, const std::string& right, const std::string& wrong) {
    std::string text = content(folder / "rtl" / module);
    if (text.find(right) == std::string::npos) throw std::runtime_error(module + " has no " + right);
    text.replace(text.find(right), right.size(), wrong);
    std::ofstream(folder / "rtl" / module) << text;
  }
  nlohmann::json difference(const std::string& options = "") {
    const Outcome o = apical("verify net.toml --rtl rtl --ticks 30 --json --no-waveform " + options);
    EXPECT_EQ(o.status, 1) << o.error << o.out;
    if (o.status != 1) return {{"where", ""}, {"signal", ""}, {"operations", {""}}};
    return nlohmann::json::parse(o.out)["difference"];
  }
};

// Layer 1 shows it as well, and was named: all layers were looked through from the input on.
TEST_F(Fault, OfAnErrorIsNamedInTheOutputThatWritesItFirst) {
  plant("apical_send.sv", "valid_i && (rate_i || error_i) && passes", "valid_i && rate_i && passes");
  const auto d = difference();
  EXPECT_EQ(d["where"], "layer3");
  EXPECT_EQ(d["signal"], "sent_error");
  EXPECT_EQ(d["operations"].back(), "UPDATE   layer3 error");
}

TEST_F(Fault, OfAHiddenLayerIsNamedInTheOneThatComesFirst) {
  plant("apical_operands.sv", "KIND_NUDGE_SLOPE: aux_d = `SIGNAL(MEMORY_APICAL);",
        "KIND_NUDGE_SLOPE: aux_d = `SIGNAL(MEMORY_BASAL);");
  const auto d = difference();
  EXPECT_EQ(d["where"], "layer2");
  EXPECT_EQ(d["signal"], "nudge");
  EXPECT_EQ(d["operations"].back(), "UPDATE   layer2 error");
}

// The retire port tells it right and the tick looks right; a later one adds up what lies in memory.
TEST_F(Fault, OfAWeightThatIsNotStoredIsNamedInTheTickThatWroteIt) {
  plant("apical_weights.sv", "assign we_twice    = {we_i, we_i} << wturn;",
        "assign we_twice    = {we_i & ~LANES'(2), we_i & ~LANES'(2)} << wturn;");
  const auto d = difference();
  EXPECT_EQ(d["kind"], "stored");
  EXPECT_EQ(d["tick"], 0);
  EXPECT_EQ(d["signal"], "weight");
  EXPECT_EQ(d["column"].get<int>() % 2, 1);
  EXPECT_TRUE(contains(d["operations"].back(), "LEARN"));
  EXPECT_GT(d["clock"], 0);
}

// The state stays right: the port alone is wrong.
TEST_F(Fault, OfTheRetirePortIsADifference) {
  plant("apical_neuron.sv", "assign retire_old_o    = old7;", "assign retire_old_o    = y_q;");
  const auto d = difference();
  EXPECT_EQ(d["kind"], "retire");
  EXPECT_TRUE(contains(d["signal"], "old value of ")) << d;
  EXPECT_NE(d["expected"], d["found"]);
}

TEST_F(Fault, OfTheRandomBitsThatThePortTellsIsADifference) {
  plant("apical_lanes.sv", "== MODE_STOCHASTIC ? random5 : '0", "== MODE_STOCHASTIC ? random5 ^ 16'd1 : '0");
  const auto d = difference("--set formats.weight.rounding=STOCHASTIC");
  EXPECT_EQ(d["kind"], "retire");
  EXPECT_EQ(d["signal"], "random bits of weight");
}

TEST_F(Fault, OfTheOperationThatThePortTellsIsADifference) {
  plant("apical_sequencer.sv", "assign operation_o  = 16'(pc_q);",
        "assign operation_o  = 16'(pc_q & ~OA'(1));");
  EXPECT_EQ(difference()["tick"], 0);
}

TEST_F(Fault, OfARowThatIsNotThereIsADifference) {
  plant("apical_lanes.sv", "assign retire_row_o    = row5;",
        "assign retire_row_o    = row5 | {1'b1, {UA{1'b0}}};");
  const auto d = difference();
  EXPECT_EQ(d["signal"], "weight");
  EXPECT_TRUE(contains(d["operations"].back(), "LEARN"));
}

TEST_F(Fault, OfACounterIsADifference) {
  plant("apical_counters.sv", "if (running_i && !lanes_active_i)", "if (running_i && lanes_active_i)");
  const auto d = difference();
  EXPECT_EQ(d["kind"], "counter");
  EXPECT_EQ(d["signal"], "STALLS");
  EXPECT_EQ(apical("verify net.toml --rtl rtl --ticks 3 --no-counters").status, 0);
}

// 86 s and more were waited for one that never ends, and nothing was said of where.
TEST_F(Fault, ATickThatNeverEndsIsADifferenceSoonAndHasAWaveform) {
  plant("apical_sequencer.sv", "PASS_WAIT: if (pass_done_o) state_d = SLOT;",
        "PASS_WAIT: if (pass_done_o && !(tick_i == 32'd2 && header_q == 8'd2)) state_d = SLOT;");
  ASSERT_EQ(apical("verify net.toml --rtl rtl --ticks 2").status, 0);
  const Outcome o = apical("verify net.toml --rtl rtl --ticks 30 --no-waveform");
  EXPECT_EQ(o.status, 1) << o.out << o.error;
  std::smatch bound;
  ASSERT_TRUE(std::regex_search(o.out, bound, std::regex("doesn't end within ([0-9]+) clocks"))) << o.out;
  EXPECT_LT(std::stol(bound[1]), 1'000'000);
  EXPECT_TRUE(contains(o.out, "in tick 2: rtl: tick 2 doesn't end within ")) << o.out;
  EXPECT_TRUE(contains(o.out, "in         UPDATE   layer2 basal soma")) << o.out;
  const Outcome wave = apical("verify net.toml --rtl rtl --ticks 30 --out wave");
  EXPECT_EQ(wave.status, 1);
  EXPECT_TRUE(contains(wave.out, "waveform   wave/difference.fst, time ")) << wave.out << wave.error;
  EXPECT_GT(std::filesystem::file_size(folder / "wave" / "difference.fst"), 1000u);
}

TEST_F(Fault, AnAcknowledgeThatNeverComesIsADifference) {
  const std::string right = "assign ack_o = request && (";
  plant("apical_host.sv", right, "assign ack_o = request && addr_i != 8'h44 && (");
  const Outcome input = apical("verify net.toml --rtl rtl --ticks 3 --out wave");
  EXPECT_EQ(input.status, 1) << input.out << input.error;
  EXPECT_TRUE(contains(input.out, "a write of register 0x44 is not acknowledged within ")) << input.out;
  EXPECT_TRUE(contains(input.out, "waveform   wave/difference.fst, time ")) << input.out << input.error;
  plant("apical_host.sv", "addr_i != 8'h44", "addr_i != 8'h28");
  const Outcome loading = apical("verify net.toml --rtl rtl --ticks 3 --out load");
  EXPECT_EQ(loading.status, 1) << loading.out << loading.error;
  EXPECT_TRUE(contains(loading.out, "on loading, a write of register 0x28 is not acknowledged"))
      << loading.out;
  EXPECT_TRUE(contains(loading.out, "waveform   load/difference.fst, time ")) << loading.out << loading.error;
}

// A replay waited for 100,000,000 reads of STATUS.
TEST_F(Fault, ThatStopsAReplayIsADifferenceSoon) {
  ASSERT_EQ(apical("vectors export net.toml --ticks 3 --profile learning --out vectors").status, 0);
  plant("apical_sequencer.sv", "PASS_WAIT: if (pass_done_o) state_d = SLOT;",
        "PASS_WAIT: if (pass_done_o && !(tick_i == 32'd1 && header_q == 8'd2)) state_d = SLOT;");
  const Outcome o = apical("vectors replay vectors --rtl rtl");
  EXPECT_EQ(o.status, 1) << o.out << o.error;
  EXPECT_TRUE(contains(o.out, "(tick 1): stays busy, STATUS 0x1")) << o.out;
  EXPECT_EQ(apical("vectors replay vectors --machine tlm").status, 0);
}

// What a full disk or a folder that can't be written takes away is the waveform alone.
TEST_F(Fault, IsSaidWhereItsWaveformFails) {
  plant("apical_send.sv", "valid_i && (rate_i || error_i) && passes", "valid_i && rate_i && passes");
  file("taken", "");
  const Outcome folder_taken = apical("verify net.toml --rtl rtl --ticks 30 --out taken");
  EXPECT_EQ(folder_taken.status, 1);
  EXPECT_TRUE(contains(folder_taken.out, "rtl parts from tlm in tick ")) << folder_taken.out;
  EXPECT_TRUE(contains(folder_taken.error, "no waveform: ")) << folder_taken.error;
  const Outcome whole = apical("verify net.toml --rtl rtl --ticks 30 --out whole");
  EXPECT_TRUE(contains(whole.out, "  waveform   whole/difference.fst, time ")) << whole.out << whole.error;
  EXPECT_TRUE(contains(whole.out, "  address    ")) << whole.out;
  const Outcome full = apical("verify net.toml --rtl rtl --ticks 30 --out full", "trap '' XFSZ; ulimit -f 4");
  EXPECT_EQ(full.status, 1);
  EXPECT_TRUE(contains(full.out, "rtl parts from tlm in tick ")) << full.out;
  EXPECT_FALSE(contains(full.out, "  waveform ")) << full.out;
  EXPECT_TRUE(contains(full.error, "no waveform: ")) << full.error;
  EXPECT_TRUE(contains(full.error, "is the disk full?")) << full.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "full"));
}

// Limits that no training comes to.
TEST_F(Fault, OfALimitPassesTheTrainingAndNotTheCorners) {
  plant("apical_limit.sv", "{negative_i, {(Y-1){!negative_i}}}", "{negative_i, {(Y-1){negative_i}}}");
  const Outcome learning = apical("verify net.toml --rtl rtl --ticks 30");
  EXPECT_EQ(learning.status, 0) << learning.out << learning.error;
  EXPECT_TRUE(contains(learning.out,
                       "not simulated: apical, apical_bus, apical_quantise, apical_spi, apical_streams\n"))
      << learning.out;
  EXPECT_TRUE(contains(learning.out, "not used by this program: ")) << learning.out;
  const Outcome corners = apical("verify net.toml --rtl rtl --ticks 200 --profile corners --no-waveform");
  EXPECT_EQ(corners.status, 1) << corners.out << corners.error;
}

// --timing measured the core of this repository whatever --rtl said.
TEST_F(Fault, OfClocksIsSeenByTiming) {
  plant("apical_counters.sv", "cycles_o <= cycles_o + 1'b1", "cycles_o <= cycles_o + 2'd2");
  const Outcome o = apical("verify net.toml --timing --rtl rtl --ticks 5 --programs 0 --json");
  EXPECT_EQ(o.status, 1) << o.out << o.error;
  EXPECT_LT(nlohmann::json::parse(o.out)[0]["error"], -0.4);
}

TEST_F(Fault, OptionsThatNothingIsDoneWithAreRefused) {
  for (const auto& [options, named] : std::vector<std::pair<std::string, std::string>>{
           {"--timing --rtl absent", "--rtl: absent"},
           {"--timing --upto tlm", "--upto: tlm with --timing"},
           {"--timing --out there", "--out: with --timing"},
           {"--timing --profile corners", "--profile: with --timing"},
           {"--programs 3", "--programs: "},
           {"--upto tlm --rtl rtl", "--rtl: no Verilog runs with --upto tlm"},
           {"--upto emulator --no-counters", "--no-counters: no Verilog"},
           {"--upto emulator --lanes 2", "--lanes: "},
           {"--out there --no-waveform", "--out: "}}) {
    const Outcome o = apical("verify net.toml " + options);
    EXPECT_EQ(o.status, 2) << options;
    EXPECT_TRUE(contains(o.error, named)) << options << ": " << o.error;
    EXPECT_TRUE(contains(o.error, "accepted: ")) << o.error;
  }
}

}  // namespace
}  // namespace apical::tools
