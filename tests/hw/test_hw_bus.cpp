// SPDX-License-Identifier: Apache-2.0
// The top with its buses: a program loaded and run over AXI4-Lite, answers taken late, in lockstep with the
// emulator; inputs, targets and observations by streams.
#include "VApical.h"
#include "fixedpoint/program/compiler.hpp"
#include "lockstep.hpp"
#include "over_axi.hpp"
#include "tests/fixedpoint/random_network.hpp"

using namespace apical;
using namespace apical::fixedpoint;

namespace {

std::shared_ptr<const Program> small_program() {
  NetworkDescription net = test::plain_network({5, 4, 3}, 3);
  net.table_index_bits = 5;
  return std::make_shared<const Program>(compile(net));
}

sim::CoreParameters parameters() {
  return sim::named_core(APICAL_CORES, "two-lanes");
}

/// A core whose host brings inputs and targets by streams and reads observations there.
struct HwStreams : testing::Test {
  using Axi = sim::OverAxi<VApical>;
  static constexpr int plenty = 100'000;  // clocks, far more than anything here takes

  Axi& axi() { return core.model(); }
  std::vector<std::int64_t> drawn(const Format& f, int units) {
    std::uniform_int_distribution<std::int64_t> any(f.minimum_raw(), f.maximum_raw());
    std::vector<std::int64_t> raw;
    for (int i = 0; i < units; ++i) raw.push_back(any(random));
    return raw;
  }
  std::vector<std::int64_t> an_input() { return drawn(program->populations.front()[Signal::rate], 5); }
  void frame(const std::vector<std::int64_t>& raw) {
    for (std::size_t i = 0; i < raw.size(); ++i)
      axi().targets.push_back({static_cast<std::int32_t>(raw[i]), i + 1 == raw.size()});
  }
  void expect_sent() {
    for (int i = 0; i < plenty && !(axi().targets.empty() && axi().inputs.empty()); ++i) core.clock();
    ASSERT_TRUE(axi().targets.empty() && axi().inputs.empty());
  }
  void expect_observed(std::size_t count) {
    for (int i = 0; i < plenty && axi().observed.size() < count; ++i) core.clock();
    for (int i = 0; i < 50; ++i) core.clock();  // nothing comes beyond
    ASSERT_EQ(axi().observed.size(), count);
  }
  std::uint32_t place(int layer, int units) const {
    return sim::isa::Place{units,
                           static_cast<int>(core.image().first_unit[static_cast<std::size_t>(layer)]) / 2}
        .encode();
  }
  void observe(int layer, int memory, int units) {
    core.write(sim::reg::observed, place(layer, units));
    core.write(sim::reg::observed_memory, static_cast<std::uint32_t>(memory));
  }
  std::vector<sim::StreamBeat> expected(int layer, int memory) {
    std::vector<sim::StreamBeat> beats;
    const int units = program->populations[static_cast<std::size_t>(layer)].units;
    for (int i = 0; i < units; ++i)
      beats.push_back({static_cast<std::int32_t>(core.signal(memory, layer, i)), i + 1 == units});
    return beats;
  }

  std::shared_ptr<const Program> program = small_program();
  sim::CoreDriver<Axi> core{program, parameters()};
  std::mt19937_64 random{11};
};

}  // namespace

TEST(HwBus, LockstepOverAxi) {
  sim::run_lockstep<sim::OverAxi<VApical>>(small_program(), parameters(), 12, 2, {false});
}

// Everything by streams, readers and writers at random times: the bits of the emulator, in state and in
// frames.
TEST_F(HwStreams, BringTheSameBitsAsRegisters) {
  const std::uint64_t seed = 11;
  SCOPED_TRACE("seed " + std::to_string(seed));
  random.seed(seed);
  Emulator emulator(program, {1, false, 0});
  emulator.set_beta(0.5);
  core.set_beta(1 << 13);
  const int last = program->output;
  core.write(sim::reg::targets, place(last, 3));
  std::size_t beats = 0;
  for (int t = 0; t < 60; ++t) {
    const std::vector<std::int64_t> input = an_input();
    const std::vector<std::int64_t> target = drawn(program->output_population()[Signal::target], 3);
    emulator.write_inputs(0, input.data(), 5);
    for (int i = 0; i < 3; ++i) emulator.write_target(i, target[static_cast<std::size_t>(i)]);
    axi().reader = 1u << random() % 5;
    const int layer = static_cast<int>(random() % 3);
    const int memory = layer == 0 ? (random() % 2 != 0 ? sim::memory::rate : sim::memory::sent_rate)
                                  : static_cast<int>(random() % (sim::memory::target + 1));
    core.write(sim::reg::input_unit, 0);
    for (const std::int64_t value : input) axi().inputs.push_back({static_cast<std::int32_t>(value), false});
    frame(target);
    expect_sent();
    observe(layer, memory, program->populations[static_cast<std::size_t>(layer)].units);
    core.tick();
    emulator.tick();
    beats += static_cast<std::size_t>(program->populations[static_cast<std::size_t>(layer)].units);
    if (random() % 2 != 0) expect_observed(beats);  // else while the next inputs come and the next tick waits
    sim::expect_equal_state(core, emulator);
    if (HasFatalFailure()) return;
    const std::vector<sim::StreamBeat> all = expected(layer, memory);
    if (axi().observed.size() == beats) {
      EXPECT_EQ(std::vector<sim::StreamBeat>(axi().observed.end() - static_cast<long>(all.size()),
                                             axi().observed.end()),
                all)
          << "tick " << t << " layer " << layer << " memory " << memory;
    }
  }
  expect_observed(beats);
  EXPECT_EQ(core.read(sim::reg::errors), 0u);
}

// A reader that doesn't come holds up the next tick and nothing else, and nothing is lost.
TEST_F(HwStreams, ASlowReaderHoldsUpTheTickOnly) {
  observe(2, sim::memory::u, 3);
  axi().reader = 0;
  core.write_input(an_input().data(), 5);
  core.tick();
  const std::vector<sim::StreamBeat> first = expected(2, sim::memory::u);
  const std::uint64_t before = core.clocks();
  EXPECT_EQ(core.window_signal(sim::memory::u, 2, 1), first[1].data);
  EXPECT_LT(core.clocks() - before, 200u);
  core.write_input(an_input().data(), 5);
  core.write(sim::reg::control, sim::reg::Control::tick_mask);
  for (int i = 0; i < 1000; ++i) core.clock();
  EXPECT_EQ(core.read(sim::reg::status), sim::reg::Status::busy_mask);
  EXPECT_EQ(core.read(sim::reg::tick), 1u);
  EXPECT_TRUE(axi().observed.empty());
  core.write_memory(sim::memory::target, 0, 1);  // while a tick is asked for as while one runs
  EXPECT_EQ(core.read(sim::reg::errors), sim::reg::Errors::access_mask);
  axi().reader = 3;
  expect_observed(6);
  EXPECT_EQ(core.read(sim::reg::tick), 2u);
  std::vector<sim::StreamBeat> both = first;
  for (const sim::StreamBeat& beat : expected(2, sim::memory::u)) both.push_back(beat);
  EXPECT_NE(both[0].data, both[3].data);
  EXPECT_EQ(axi().observed, both);
}

// What doesn't fit its frame or the memories is dropped and reported; the next frame is whole.
TEST_F(HwStreams, FramesOfAnotherLengthAreReported) {
  const auto targets = [&] {
    std::vector<std::int64_t> found;
    for (int i = 0; i < 3; ++i) found.push_back(core.signal(sim::memory::target, 2, i));
    return found;
  };
  core.write(sim::reg::targets, place(2, 3));
  frame({1, 2, 3});
  expect_sent();
  EXPECT_EQ(targets(), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(core.read(sim::reg::errors), 0u);
  frame({4, 5});
  expect_sent();
  EXPECT_EQ(targets(), (std::vector<std::int64_t>{4, 5, 3}));
  EXPECT_EQ(core.read(sim::reg::errors), sim::reg::Errors::bad_frame_mask);
  core.write(sim::reg::errors, sim::reg::Errors::bad_frame_mask);
  frame({6, 7, 8, 9, 10});
  frame({11, 12, 13});
  expect_sent();
  EXPECT_EQ(targets(), (std::vector<std::int64_t>{11, 12, 13}));
  EXPECT_EQ(core.read(sim::reg::errors), sim::reg::Errors::bad_frame_mask);
  core.write(sim::reg::errors, sim::reg::Errors::bad_frame_mask);
  core.write(sim::reg::targets, sim::reg::Targets{3, 31}.encode());  // units 62 to 64 of 64
  frame({20, 21, 22});
  expect_sent();
  EXPECT_EQ(core.read_memory(sim::memory::target, 62), 20);
  EXPECT_EQ(core.read_memory(sim::memory::target, 63), 21);
  EXPECT_EQ(targets(), (std::vector<std::int64_t>{11, 12, 13}));
  EXPECT_EQ(core.read(sim::reg::errors), sim::reg::Errors::bad_unit_mask);
}

// What hw/README.md says.
TEST_F(HwStreams, TakeTheirClocks) {
  const auto clocks_until = [&](const auto& holds) {
    const std::uint64_t before = core.clocks();
    while (!holds() && core.clocks() < before + plenty) core.clock();
    return core.clocks() - before;
  };
  axi().eager = true;
  core.write(sim::reg::targets, place(2, 3));
  frame({1, 2, 3});
  clocks_until([&] { return axi().targets.size() == 2; });
  EXPECT_EQ(clocks_until([&] { return axi().targets.empty(); }), 2 * 2u);
  observe(2, sim::memory::target, 3);
  core.write(sim::reg::control, sim::reg::Control::tick_mask);
  clocks_until([&] { return axi().observed.size() == 1; });
  EXPECT_EQ(clocks_until([&] { return axi().observed.size() == 3; }), 2 * 7u);
}
