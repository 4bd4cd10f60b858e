// SPDX-License-Identifier: Apache-2.0
// The table of passes against what doesn't know it: the document, and the flags of the Verilog.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "sim/isa/core_map.hpp"

namespace {

using namespace apical;
using fixedpoint::Compartment;
using fixedpoint::Signal;

std::string contents(const std::string& path) {
  std::ifstream in(std::string(APICAL_SOURCE_DIR) + "/" + path);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

// hw/ARCHITECTURE.md, "What is skipped".
TEST(Passes, WhatIsReadAgainIsWhatTheDocumentSays) {
  using namespace sim;
  const std::uint32_t on_drive = 1u << slot::u | 1u << slot::rate | 1u << slot::error | 1u << slot::membrane;
  const std::uint32_t on_voltage = 1u << slot::slope | 1u << slot::scratch | 1u << slot::rate;
  const std::map<int, std::uint32_t> said{{slot::basal, on_drive},
                                          {slot::nudge, on_drive},
                                          {slot::mismatch, on_drive},
                                          {slot::start_mismatch, on_drive | 1u << slot::mismatch},
                                          {slot::u, on_voltage | 1u << slot::nudge},
                                          {slot::membrane, on_drive | on_voltage},
                                          {slot::slope, 1u << slot::rate | 1u << slot::nudge},
                                          {slot::scratch, 1u << slot::rate},
                                          {slot::apical, 1u << slot::nudge},
                                          {slot::start_error, 1u << slot::error}};
  for (int s = 0; s < slot::count; ++s)
    EXPECT_EQ(fixedpoint::readers(s), said.count(s) != 0 ? said.at(s) : 0u) << "slot " << s;
  EXPECT_EQ(fixedpoint::passes_of_every_tick, 1u << slot::start_error | 1u << slot::start_mismatch);
}

// Reads `readers` out of apical_flags.sv, line by line.
TEST(Passes, TheVerilogFollowsTheSameReaders) {
  const std::string isa = contents("hw/rtl/apical_isa.svh"), flags = contents("hw/rtl/apical_flags.sv");
  const auto number = [&](const std::string& slot) {
    std::smatch found;
    EXPECT_TRUE(std::regex_search(isa, found, std::regex("localparam int SLOT_" + slot + " = (\\d+);")))
        << slot;
    return found.empty() ? 0 : std::stoi(found[1]);
  };
  std::map<std::string, std::uint32_t> sets;
  const auto value = [&](const std::string& expression) {
    std::uint32_t slots = 0;
    const std::regex term("1 << SLOT_(\\w+)|\\b(ON_\\w+)");
    for (std::sregex_iterator at(expression.begin(), expression.end(), term), none; at != none; ++at)
      slots |= (*at)[1].matched ? 1u << number((*at)[1]) : sets.at((*at)[2]);
    return slots;
  };
  const std::regex set("localparam logic \\[[^\\]]*\\] (ON_\\w+) = ([^;]*);");
  for (std::sregex_iterator at(flags.begin(), flags.end(), set), none; at != none; ++at)
    sets[(*at)[1]] = value((*at)[2]);
  std::map<int, std::uint32_t> readers;
  const std::regex line("if \\(pass_slot_i\\[SLOT_(\\w+)\\]\\) readers = ([^;]*);");
  for (std::sregex_iterator at(flags.begin(), flags.end(), line), none; at != none; ++at)
    readers[number((*at)[1])] = value((*at)[2]);
  EXPECT_EQ(readers.size(), 10u);
  for (int s = 0; s < sim::slot::count; ++s)
    EXPECT_EQ(fixedpoint::readers(s), readers.count(s) != 0 ? readers.at(s) : 0u) << "slot " << s;
}

TEST(Passes, EverySignalIsWrittenInOrderAndEveryPartHasItsPasses) {
  fixedpoint::Signals written = 0, read = 0;
  int parts = 0;
  for (const fixedpoint::PassTraits& pass : fixedpoint::passes) {
    written |= pass.writes;
    read |= pass.reads;
    parts |= pass.parts;
    EXPECT_NE(pass.compartments, 0u);
  }
  // Targets come from the host.
  for (std::size_t s = 0; s < fixedpoint::neuron_signals; ++s)
    EXPECT_EQ((written >> s & 1) != 0, static_cast<Signal>(s) != Signal::target) << s;
  EXPECT_EQ(read & ~written, 0u);
  EXPECT_EQ(parts, 2 * fixedpoint::part::voltage - 1);
  for (const Compartment c : {Compartment::soma, Compartment::interneuron, Compartment::dendrite,
                              Compartment::relay, Compartment::error_relay})
    EXPECT_TRUE(fixedpoint::has_pass(c, fixedpoint::copying_slot(c)));
}

}  // namespace
