// SPDX-License-Identifier: Apache-2.0
// Vectors for any RTL, against a checker that was written from hw/ARCHITECTURE.md alone.
#include <iostream>

#include "tests/tools/bundles.hpp"
#include "tests/tools/random_configuration.hpp"

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

class Signals : public Bundles {
 protected:
  Outcome checked(const std::string& name) const {
    return run("/usr/bin/python3", APICAL_SOURCE_DIR "/tests/tools/check_signals.py " + name);
  }
};

TEST_F(Signals, AreThoseOfTheDocument) {
  const std::pair<const char*, const char*> programs[] = {
      {"plain", ""},
      {"direct", "--set dynamics.scheme=direct --set dynamics.gamma=1"},
      {"still", "--set dynamics.gamma=0 --set dynamics.flow=gradient"},
      {"advanced", "--set dynamics.flow=latent-equilibrium --set dynamics.response=advanced"},
      {"decaying", "--set learning.weight_decay=0.001 --profile learning"},
      {"stochastic",
       "--set formats.weight.rounding=STOCHASTIC --set formats.weight.random_bits=3 --set "
       "formats.u.rounding=STOCHASTIC --set formats.error.rounding=STOCHASTIC"},
      {"circuit",
       "--set network.circuit=microcircuit --set network.feedback=learned --set learning.eta_pi=0.01 --set "
       "network.lambda=0.3"}};
  for (const auto& [name, settings] : programs) {
    export_to(name, std::string("--signals ") + settings);
    const Outcome o = checked(name);
    EXPECT_EQ(o.status, 0) << name << "\n" << o.out << o.error;
    EXPECT_EQ(replay(name).status, 0) << name;
  }
}

// Everything that the keys accept and a core holds.
TEST_F(Signals, OfRandomConfigurationsAreThoseOfTheDocument) {
  file("drawn.toml", "[task]\nkind = \"teacher\"\n");
  int accepted = 0;
  std::uint64_t drawn = std::random_device{}();
  std::cout << "first configuration " << drawn << "\n";
  for (int tried = 0; tried < 400 && accepted < 20; ++tried, ++drawn) {
    std::string settings;
    for (const std::string& a : test::RandomConfiguration(drawn).assignments) {
      settings += " --set '" + a + "'";
      if (a.rfind("network.layers=", 0) != 0) continue;  // the teacher has as many inputs and outputs
      settings += fmt::format(" --set 'task.teacher_layers={}{}'", a.substr(15, a.find(',') - 15),
                              a.substr(a.rfind(',')));
    }
    const std::string name = fmt::format("drawn{}", accepted);
    const Outcome o =
        apical("vectors export drawn.toml --signals --profile random --ticks 4 --out " + name + settings);
    if (o.status == 2) continue;
    ++accepted;
    ASSERT_EQ(o.status, 0) << settings << o.error;
    const Outcome c = checked(name);
    EXPECT_EQ(c.status, 0) << drawn << settings << "\n" << c.out << c.error;
    const Outcome again = replay(name);
    EXPECT_EQ(again.status, 0) << drawn << settings << again.out << again.error;
    fs::remove_all(folder / name);
  }
  EXPECT_EQ(accepted, 20);
}

// A checker that accepts anything would say as much.
TEST_F(Signals, WhatIsChangedIsFound) {
  export_to("b", "--signals --set formats.weight.rounding=STOCHASTIC");
  ASSERT_EQ(checked("b").status, 0);
  for (const json& one : json::parse(content(folder / "b/signals.json"))["records"]) {
    if (!one.contains("format")) continue;
    const std::string name = one["csv"];
    const std::string whole = content(folder / "b" / name);
    Lines lines = lines_of(whole);
    ASSERT_GT(lines.size(), 1u) << name;
    std::string& line = lines[1 + below(lines.size() - 1)];
    const std::size_t comma = line.rfind(',');
    line = line.substr(0, comma + 1) + std::to_string(std::stoll(line.substr(comma + 1)) + 1);
    write("b", name, text_of(lines));
    const Outcome o = checked("b");
    EXPECT_EQ(o.status, 1) << name;
    EXPECT_TRUE(contains(o.out + o.error, name)) << o.out;
    write("b", name, whole);
  }
}

TEST_F(Signals, GoWithTheNextBundle) {
  export_to("b", "--signals");
  EXPECT_TRUE(fs::exists(folder / "b/signals.json"));
  EXPECT_TRUE(fs::exists(folder / "b/retired.csv"));
  export_to("b");
  for (const auto& entry : fs::directory_iterator(folder / "b")) EXPECT_NE(entry.path().extension(), ".csv");
  EXPECT_FALSE(fs::exists(folder / "b/signals.json"));
}

// The testbench plays scripts of another folder, too, and draws what it does.
TEST_F(Signals, TheTestbenchTakesAFolderAndDumps) {
  export_to("b");
  ASSERT_EQ(make("b", "iverilog"), 0) << content(folder / "make.log");
  fs::create_directory(folder / "elsewhere");
  const auto simulated = [&](const std::string& arguments) {
    return run("/bin/sh", fmt::format("-c 'cd elsewhere && vvp -n ../b/testbench.vvp {}'", arguments));
  };
  const Outcome lost = simulated("");
  EXPECT_NE(lost.status, 0) << lost.out;
  const Outcome found = simulated("+apical_dir=../b +dump");
  EXPECT_EQ(found.status, 0) << found.out << found.error;
  EXPECT_TRUE(contains(found.out, "PASS: ")) << found.out;
  EXPECT_GT(fs::file_size(folder / "elsewhere/testbench.vcd"), 1000u);
}

}  // namespace
}  // namespace apical::tools
