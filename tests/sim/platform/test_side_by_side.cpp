// SPDX-License-Identifier: Apache-2.0
// Digits with learning in one SystemC kernel: the platform with the TLM core beside the platform with the
// Verilated core on its pins, and the emulator. Equal state after every tick, and equal time.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "VApicalDigits.h"
#include "fixedpoint/program/compiler.hpp"
#include "model/task.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/machines/emulator_integers.hpp"
#include "sim/platform/axi_bridge.hpp"
#include "sim/platform/platform_integers.hpp"
#include "sim/platform/rtl_core.hpp"
#include "sim/verify/lockstep.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::sim {
namespace {

const sc_core::sc_time period(10, sc_core::SC_NS);

CoreParameters digits_core() {
  return named_core(APICAL_CORES, "digits8");
}

struct World {
  World()
      : config(tools::read_config(APICAL_SOURCE_DIR "/tools/configs/digits8.toml")),
        assignment(tools::prepare(config)) {}
  tools::Config config;
  tools::Assignment assignment;
};

// Everything that SystemC elaborates, before the first test runs.
struct Design {
  World world;
  Platform loose{"loose", period}, pins_platform{"pins_platform", period};
  TlmCore tlm_core{"tlm_core", digits_core(), period};
  sc_core::sc_clock clk{"clk", period, 0.5, sc_core::SC_ZERO_TIME, true};
  sc_core::sc_signal<bool> reset_n{"reset_n"};
  AxiPins pins;
  AxiBridge bridge{"bridge"};
  RtlCore<VApicalDigits> rtl{"rtl", 16};
  PlatformIntegers tlm{"tlm", loose, world.assignment.program, digits_core()};
  PlatformIntegers core{"rtl", pins_platform, world.assignment.program, digits_core()};
  EmulatorIntegers emulator{"emulator", world.assignment.program, {1, false}};

  Design() {
    loose.attach(tlm_core);
    pins_platform.attach(bridge);
    bridge.clk(clk);
    bridge.reset_n(reset_n);
    bridge.bind(pins);
    rtl.clk(clk);
    rtl.reset_n(reset_n);
    rtl.bind(pins);
    sc_core::sc_start(3 * period);
    reset_n.write(true);
    sc_core::sc_start(2 * period);
  }
};

Design& design() {
  static Design everything;
  return everything;
}

TEST(SideBySide, TlmEmulatorAndRtlAgreeOnEveryTickOfDigitsAndOnItsTime) {
  Design& d = design();
  Stimulus stimulus =
      tools::make_stimulus(d.world.config, *d.world.assignment.task, d.world.assignment.program);
  constexpr int ticks = 60;
  const auto timed = [](PlatformIntegers& machine, Platform& platform, const TickStimulus& s) {
    machine.read_register(reg::status);  // the program is loaded by now
    const sc_core::sc_time before = platform.host.now();
    advance(machine, s);
    return platform.host.now() - before;
  };
  for (int t = 0; t < ticks; ++t) {
    const TickStimulus s = stimulus();
    advance(d.emulator, s);
    const sc_core::sc_time loose = timed(d.tlm, d.loose, s), exact = timed(d.core, d.pins_platform, s);
    ASSERT_EQ(state_digest(d.tlm), state_digest(d.emulator)) << "tick " << t;
    ASSERT_EQ(state_digest(d.core), state_digest(d.emulator)) << "tick " << t;
    ASSERT_EQ(d.tlm.read_register(reg::cycles), d.core.read_register(reg::cycles)) << "tick " << t;
    ASSERT_EQ(loose, exact) << "tick " << t;
  }
  std::cout << ticks << " ticks, " << d.core.read_register(reg::cycles) << " cycles of the core\n";
}

// The driver shows a digit, waits for the interrupt, and reads out the class: on both cores what the
// emulator's voltages say.
TEST(SideBySide, TheDriverReadsOutTheClassThroughRegistersAndInterrupt) {
  Design& d = design();
  const auto stream = d.world.assignment.task->test();
  int digits = 0;
  for (model::Sample sample; digits < 5 && stream->next(sample);) {
    const auto& first = d.world.assignment.program->populations.front();
    TickStimulus s;
    s.beta = 0;
    if (sample.changed) s.input = to_raw(sample.input.data(), first.units, first[fixedpoint::Signal::rate]);
    for (IntegerMachine* machine :
         {static_cast<IntegerMachine*>(&d.tlm), static_cast<IntegerMachine*>(&d.core),
          static_cast<IntegerMachine*>(&d.emulator)})
      advance(*machine, s);
    if (!sample.scored) continue;
    ++digits;
    const auto u = d.emulator.read(2, static_cast<int>(fixedpoint::Signal::u));
    const int expected = static_cast<int>(std::max_element(u.begin(), u.end()) - u.begin());
    EXPECT_EQ(d.tlm.classify(), expected);
    EXPECT_EQ(d.core.classify(), expected);
  }
  EXPECT_EQ(digits, 5);
}

}  // namespace
}  // namespace apical::sim
