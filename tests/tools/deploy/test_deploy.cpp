// SPDX-License-Identifier: Apache-2.0
// A configuration on its way into a part: what fits, what doesn't and why, and firmware on the pins of the
// core that was made.
#include "sim/isa/core_map.hpp"
#include "sim/isa/image.hpp"
#include "sim/machines/emulator_integers.hpp"
#include "sim/verify/lockstep.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;

constexpr const char* up5k_config = APICAL_SOURCE_DIR "/tools/configs/digits8-up5k.toml";

class Deploy : public CommandLine {
 protected:
  Deploy() { setenv("XDG_CACHE_HOME", folder.c_str(), 1); }

  void shell(const std::string& command) const {
    const std::string log = (folder / "shell.log").string();
    ASSERT_EQ(
        std::system(fmt::format("cd '{}' && {{ {}; }} >'{}' 2>&1", folder.string(), command, log).c_str()), 0)
        << command << "\n"
        << content(log);
  }

  // The Verilog of a deployment with its parameters, its firmware in C, and the bench that connects both.
  void build_bench(const std::string& deployment) const {
    const auto made = nlohmann::json::parse(content(folder / deployment / "deployment.json"));
    std::string parameters;
    for (const auto& [name, value] : made["parameters"].items())
      parameters += fmt::format(" -G{}={}", name, value.get<int>());
    const std::string tests = APICAL_SOURCE_DIR "/tests/tools", rtl = APICAL_SOURCE_DIR "/hw/rtl";
    shell(
        fmt::format("cc -std=c99 -O2 -Wall -Wextra -pedantic -Wconversion -Werror -I{0} -I'{1}' -c "
                    "{0}/apical_spi.c '{1}/firmware.c'",
                    deployment, tests));
    // Registers and memories start at random, as they may in silicon.
    shell(fmt::format(
        "OBJCACHE=ccache verilator --cc --exe --build -j 2 -O3 --x-initial unique --x-assign unique "
        "-Wno-lint -Wno-style -CFLAGS '-I{0} -I{1} -O2' --top-module apical_spi -Mdir obj{2} -y "
        "'{3}' '-I{3}' '{3}/apical_spi.sv' '{0}/spi_bench.cpp' ../apical_spi.o ../firmware.o",
        tests, (folder / deployment).string(), parameters, rtl));
  }
};

std::string line(const std::string& command, const std::vector<std::int64_t>& values) {
  return fmt::format("{} {}\n", command, fmt::join(values, " "));
}

// What a host asks of its firmware to play the stimulus, the emulator doing the same; then all state is read.
std::string commands(const fixedpoint::Program& program, const sim::Stimulus& stimulus, int ticks,
                     sim::IntegerMachine& emulator, std::vector<std::int64_t>& expected) {
  std::string text = "start\nclocks\n";
  for (int t = 0; t < ticks; ++t) {
    const sim::TickStimulus s = stimulus();
    if (s.learning_scale) {
      std::vector<std::int64_t> values{static_cast<std::int64_t>(program.projections.size())};
      for (int k = 0; k < values[0]; ++k) values.push_back(sim::eta_register(program, k, *s.learning_scale));
      text += line("learning", values);
    }
    if (s.input) text += line("show", *s.input);
    if (s.target) text += line("targets", *s.target);
    if (s.beta != emulator.beta()) text += line("nudge", {s.beta});
    text += "tick\n";
    sim::advance(emulator, s);
  }
  text += "clocks\n";
  for (int p = 0; p < static_cast<int>(program.populations.size()); ++p)
    for (int field = 0; field < sim::state_fields; ++field) {
      if (p == 0 && field != sim::memory::rate && field != sim::memory::sent_rate) continue;
      if (field == sim::memory::mismatch || field == sim::memory::first_mismatch)
        continue;  // no such memories
      const std::vector<std::int64_t> values = emulator.read(p, field);
      text += line("signal", {field, p, static_cast<std::int64_t>(values.size())});
      expected.insert(expected.end(), values.begin(), values.end());
    }
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k) {
    const std::vector<std::int64_t> values = emulator.weights(k);
    for (int row = 0; row < program.projections[static_cast<std::size_t>(k)].rows; ++row)
      text += line("row", {k, row});
    expected.insert(expected.end(), values.begin(), values.end());
  }
  return text;
}

TEST_F(Deploy, DigitsAreLearnedOnAnUp5kByFirmwareInC) {
  const Outcome o = apical(fmt::format("deploy '{}' --target ice40-up5k --out up5k", up5k_config));
  ASSERT_EQ(o.status, 0) << o.error << o.out;
  fmt::print("{}", o.out);
  const auto made = nlohmann::json::parse(content(folder / "up5k" / "deployment.json"));
  for (const auto& [name, one] : made["resources"].items())
    EXPECT_LE(one["used"].get<int>(), one["available"].get<int>()) << name;
  const double mhz = made["clock"]["achieved_mhz"];
  EXPECT_GE(mhz, 20.0);
  for (const char* name : {"netlist.json", "netlist.v", "core.bin", "memory_weights.memh", "deployment.txt"})
    EXPECT_GT(std::filesystem::file_size(folder / "up5k" / name), 500u) << name;

  build_bench("up5k");
  const Config config = read_config(up5k_config);
  const auto [task, program] = prepare(config);
  sim::EmulatorIntegers emulator("emulator", program, {});
  std::vector<std::int64_t> expected;
  constexpr int digits = 10;
  file("commands", commands(*program, make_stimulus(config, *task, program),
                            digits * config.task.presentation, emulator, expected));
  std::uint64_t loaded = 0, load_ticks = 0, clocks = 0, tick_clocks = 0;
  for (int seed = 1; seed <= 3; ++seed) {
    shell(fmt::format("obj/Vapical_spi +verilator+rand+reset+2 +verilator+seed+{} <commands >read", seed));
    std::ifstream read(folder / "read");
    read >> loaded >> load_ticks >> clocks >> tick_clocks;
    std::size_t i = 0, different = 0;
    for (std::int64_t value = 0; read >> value; ++i)
      if (i < expected.size() && value != expected[i] && ++different <= 5)
        ADD_FAILURE() << "seed " << seed << ", word " << i << ": " << value << ", the emulator has "
                      << expected[i];
    EXPECT_EQ(different, 0u);
    EXPECT_EQ(i, expected.size());
    EXPECT_GT(tick_clocks, 0u);
  }
  const double whole = static_cast<double>(clocks - loaded) / digits,
               core = static_cast<double>(tick_clocks) / digits;
  fmt::print(
      "a digit takes {:.0f} clocks of the core, {:.0f} with the traffic on SPI at a quarter of its clock: "
      "{:.0f} and {:.0f} digits learned a second at {:.2f} MHz; loading takes {} clocks\n",
      core, whole, mhz * 1e6 / core, mhz * 1e6 / whole, mhz, loaded);
}

TEST_F(Deploy, WhatDoesNotFitIsRefusedWithTheResource) {
  // Weights alone are too many: known before anything is synthesised.
  file("wide.toml", "[network]\nlayers = [784, 30, 10]\n[task]\nkind = \"mnist\"\n");
  const Outcome wide = apical("deploy wide.toml --target ice40-up5k --out refused");
  EXPECT_EQ(wide.status, 1) << wide.error;
  EXPECT_TRUE(
      contains(wide.error, "wide.toml doesn't fit ice40-up5k: EBR bits: 381760 needed by the weights"))
      << wide.error;
  EXPECT_TRUE(contains(wide.error, "122880 there, ")) << wide.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "refused"));
  // 16-bit signals: known after synthesis.
  const Outcome deep =
      apical("deploy '" APICAL_SOURCE_DIR "/tools/configs/digits8.toml' --target ice40-up5k --out refused");
  EXPECT_EQ(deep.status, 1) << deep.error;
  EXPECT_TRUE(contains(deep.error, "LC (logic cells): ")) << deep.error;
  EXPECT_TRUE(contains(deep.error, " needed, 5280 there, ")) << deep.error;
  EXPECT_TRUE(contains(deep.error, " needed, 30 there, ")) << deep.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "refused"));
}

TEST_F(Deploy, GenericCountsGates) {
  const Outcome o = apical(fmt::format("deploy '{}' --target generic --out gates", up5k_config));
  ASSERT_EQ(o.status, 0) << o.error << o.out;
  const auto made = nlohmann::json::parse(content(folder / "gates" / "deployment.json"));
  int cells = 0;
  for (const auto& [name, count] : made["cells"].items()) cells += count.get<int>();
  EXPECT_EQ(cells, made["resources"]["gates"]["used"].get<int>() +
                       made["resources"]["flip-flops"]["used"].get<int>());
  const auto& p = made["parameters"];
  EXPECT_GE(made["resources"]["memory bits"]["used"].get<int>(), p["DEPTH"].get<int>() * p["WW"].get<int>());
  EXPECT_TRUE(contains(content(folder / "gates" / "netlist.v"), "module apical_spi"));
  EXPECT_FALSE(std::filesystem::exists(folder / "gates" / "core.bin"));
}

TEST_F(Deploy, UsageErrorsNameWhatIsAccepted) {
  const Outcome target = apical(fmt::format("deploy '{}' --target ecp5", up5k_config));
  EXPECT_EQ(target.status, 2);
  EXPECT_TRUE(contains(target.error, "ecp5")) << target.error;
  EXPECT_TRUE(contains(target.error, "accepted: generic, ice40-hx8k, ice40-up5k")) << target.error;
  EXPECT_EQ(apical(fmt::format("deploy '{}' --target ice40-up5k --pcf absent", up5k_config)).status, 2);
  EXPECT_EQ(apical(fmt::format("deploy '{}' --target generic --lanes 3", up5k_config)).status, 2);
  EXPECT_EQ(apical("deploy absent.toml --target generic").status, 2);
}

}  // namespace
}  // namespace apical::tools
