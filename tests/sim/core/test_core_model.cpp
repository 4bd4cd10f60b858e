// SPDX-License-Identifier: Apache-2.0
// The core model without a kernel: programs through the assembler into its memories and out again by the
// disassembler, and what it says of memories that hold no program. Its clocks are compared with the core's in
// tests/hw.
#include <gtest/gtest.h>

#include <iostream>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/program/random_network.hpp"
#include "sim/core/core_model.hpp"
#include "sim/isa/pass_words.hpp"
#include "sim/isa/requirements.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {
namespace {

using fixedpoint::Program;

struct Loaded {
  Loaded(std::shared_ptr<const Program> compiled, int lanes)
      : program(std::move(compiled)),
        parameters(required_parameters(*program, lanes)),
        model(parameters),
        host(port, program, parameters) {
    host.load();
  }
  std::uint32_t tick() {
    port.write(reg::control, reg::Control::tick_mask);
    port.wait();
    return port.read(reg::errors);
  }
  std::int64_t operation(std::uint32_t number) { return host.read_memory(window::operations, number); }

  std::shared_ptr<const Program> program;
  CoreParameters parameters;
  CoreModel model;
  ModelPort port{model};
  CoreHost host;
};

std::shared_ptr<const Program> random_program(fixedpoint::RandomNetwork& draw,
                                              fixedpoint::NetworkDescription& net) {
  for (;;) try {
      net = draw.below(3) == 0 ? draw.graph() : draw();
      auto program = std::make_shared<const Program>(fixedpoint::compile(net));
      (void)assemble(*program, required_parameters(*program, 4));
      return program;
    } catch (const std::invalid_argument&) {  // no proof of its widths
    }
}

std::shared_ptr<const Program> small() {
  return std::make_shared<const Program>(fixedpoint::compile(fixedpoint::plain_network({7, 6, 3}, 3)));
}

// A program that went through the memories assembles to the same memories, and ticks to the same state.
TEST(CoreModel, RandomProgramsComeBackOutOfTheMemories) {
  constexpr std::uint64_t seed = 20261125;
  constexpr int programs = 150;
  std::cout << "seed " << seed << ", " << programs << " programs\n";
  for (int i = 0; i < programs; ++i) {
    fixedpoint::RandomNetwork draw(seed + static_cast<std::uint64_t>(i));
    fixedpoint::NetworkDescription net;
    const auto program = random_program(draw, net);
    const int lanes = 1 << draw.below(5);
    const CoreParameters parameters = required_parameters(*program, lanes);
    CoreMemories memories(parameters);
    const CoreImage image = assemble(*program, parameters);
    for (const CoreWrite& w : image.memory) {
      const auto put = [&](auto& memory) {
        memory.at(w.address) = static_cast<std::decay_t<decltype(memory[0])>>(w.value);
      };
      if (w.select < memory::count) put(memories.signals[w.select]);
      if (w.select == window::operations) put(memories.operations);
      if (w.select == window::descriptors) put(memories.descriptors);
      if (w.select == window::decay) put(memories.decay);
      if (w.select == window::table_base) put(memories.table_base);
      if (w.select == window::table_delta) put(memories.table_delta);
      if (w.select == window::weights) put(memories.weights);
    }
    for (const auto& [offset, value] : image.registers) {
      const reg::Always always = reg::Always::decode(value);
      if (offset == reg::always)
        memories.always.at(static_cast<std::size_t>(always.population)) =
            static_cast<std::uint32_t>(always.slots);
      if (offset == reg::link)
        memories.links.at(static_cast<std::size_t>(reg::Link::decode(value).projection)) = value;
      if (offset == reg::tick_operation) memories.tick_operation = value;
      if (offset == reg::decay_length) memories.decay_length = value;
      if (offset == reg::seed) memories.seed = value;
    }
    const Disassembly back = disassemble(memories, parameters);
    // Targets have no descriptor: as wide as a signal, they may ask for a wider drive.
    const CoreImage again =
        assemble(*back.program, join(parameters, required_parameters(*back.program, lanes)));
    ASSERT_EQ(again.memory.size(), image.memory.size()) << "program " << i;
    for (std::size_t w = 0; w < image.memory.size(); ++w) {
      ASSERT_EQ(again.memory[w].select, image.memory[w].select) << "program " << i;
      ASSERT_EQ(again.memory[w].address, image.memory[w].address) << "program " << i;
      ASSERT_EQ(again.memory[w].value, image.memory[w].value)
          << "program " << i << " memory " << image.memory[w].select << " word " << image.memory[w].address;
    }
    EXPECT_EQ(again.registers, image.registers) << "program " << i;

    Loaded core(program, lanes);
    fixedpoint::Emulator emulator(program);
    fixedpoint::RandomStimulus world(net, seed);
    for (int t = 0; t < 12; ++t) {
      world.next();
      emulator.write_input(world.input.data());
      emulator.write_target(world.target.data());
      emulator.set_beta(world.beta);
      const auto &first = program->populations.front(), &last = program->output_population();
      core.host.write_input(to_raw(world.input.data(), first.units, first[fixedpoint::Signal::rate]));
      core.host.write_target(to_raw(world.target.data(), last.units, last[fixedpoint::Signal::target]));
      core.host.set_beta(beta_register(*program, world.beta));
      emulator.tick();
      ASSERT_EQ(core.tick(), 0u) << core.model.trouble();
      for (int p = 1; p < static_cast<int>(program->populations.size()); ++p)
        for (const auto signal : {fixedpoint::Signal::u, fixedpoint::Signal::error})
          for (std::size_t unit = 0; unit < emulator.signal(signal, p).size(); ++unit)
            ASSERT_EQ(core.host.read_signal(p, static_cast<int>(signal), static_cast<int>(unit)),
                      static_cast<std::int32_t>(emulator.signal(signal, p)[unit]))
                << "program " << i << " tick " << t;
    }
  }
}

// A bad operation stops the tick where it stands, as in the RTL: the operations before it are done, TICK
// stays.
TEST(CoreModel, ABadOperationStopsTheTick) {
  Loaded core(small(), 2);
  const std::uint32_t first = core.port.read(reg::tick_operation);
  ASSERT_EQ(isa::Operation::decode(static_cast<std::uint32_t>(core.operation(first))).code, isa::op::forward);
  core.host.write_memory(window::operations, first + 1, 7);
  core.port.write(reg::interrupt, reg::Interrupt::enable_done_mask);
  EXPECT_EQ(core.tick(), reg::Errors::bad_operation_mask);
  EXPECT_EQ(core.model.trouble(), "");
  EXPECT_EQ(core.port.read(reg::tick), 0u);
  EXPECT_EQ(core.port.read(reg::interrupt), reg::Interrupt::enable_done_mask | reg::Interrupt::done_mask);
  EXPECT_GT(core.port.read(reg::lane_cycles), 0u);
}

// What a core would run and the emulator can't is refused in words.
TEST(CoreModel, MemoriesThatHoldNoProgramOfTheCompilerAreNamed) {
  const auto refused = [](const auto& spoil) {
    Loaded core(small(), 2);
    EXPECT_EQ(core.tick(), 0u);
    spoil(core);
    EXPECT_EQ(core.tick(), reg::Errors::bad_operation_mask);
    EXPECT_EQ(core.port.read(reg::tick), 1u);
    return core.model.trouble();
  };
  const auto flips = [](int memory, std::uint32_t address, std::int64_t bits) {
    return [=](Loaded& core) {
      core.host.write_memory(memory, address, core.host.read_memory(memory, address) ^ bits);
    };
  };
  EXPECT_NE(refused(flips(window::descriptors, pass_address(1, slot::basal), 1)).find("population 1, slot 0"),
            std::string::npos);
  EXPECT_NE(
      refused(flips(window::descriptors,
                    projection_address(3, 0) + isa::Projection::matrix_word + isa::Matrix::walk_word, 1))
          .find("descriptor of projection 0"),
      std::string::npos);
  EXPECT_NE(refused([](Loaded& core) {
              core.port.write(reg::link, reg::Link::first_forward_mask | reg::Link::first_backward_mask);
            }).find("LINK"),
            std::string::npos);
  EXPECT_NE(refused([](Loaded& core) {
              const std::uint32_t update = core.port.read(reg::tick_operation) + 1;
              core.host.write_memory(window::operations, update, update_word(1, 1u << slot::rate));
            }).find("UPDATE 1 of slots 0x20"),
            std::string::npos);
}

// Their slopes tie the binary points of one layer's drive to those of the next.
TEST(CoreModel, LayersWithFormatsOfTheirOwnMayRespondInAdvance) {
  using fixedpoint::Format;
  using fixedpoint::Signal;
  for (const int gamma : {0, 1}) {
    fixedpoint::NetworkDescription net = fixedpoint::plain_network({4, 5, 4, 3}, 11);
    net.advanced_response = true;
    net.gamma = gamma;
    net.rho = {0.7};
    net.formats.by_layer[{"nudge", 1}] = Format{14, 12};
    net.formats.by_layer[{"nudge", 2}] = Format{16, 18};
    net.formats.by_layer[{"basal", 3}] = Format{20, 16};
    net.formats.by_layer[{"rate", 2}] = Format{12, 9};
    Loaded core(std::make_shared<const Program>(fixedpoint::compile(net)), 2);
    fixedpoint::Emulator emulator(core.program);
    for (int t = 0; t < 12; ++t) {
      const std::vector<double> input{0.1 * t, 0.9, 1.0 - 0.05 * t, 0.3}, target{1.0, 0.0, 0.5};
      emulator.write_input(input.data());
      emulator.write_target(target.data());
      emulator.set_beta(0.5);
      core.host.write_input(to_raw(input.data(), 4, core.program->populations[0][Signal::rate]));
      core.host.write_target(to_raw(target.data(), 3, core.program->output_population()[Signal::target]));
      core.host.set_beta(beta_register(*core.program, 0.5));
      emulator.tick();
      ASSERT_EQ(core.tick(), 0u) << core.model.trouble();
      for (int p = 1; p < 4; ++p)
        for (const Signal s : {Signal::u, Signal::rate, Signal::error, Signal::nudge})
          for (int i = 0; i < core.program->populations[static_cast<std::size_t>(p)].units; ++i)
            ASSERT_EQ(core.host.read_signal(p, static_cast<int>(s), i),
                      emulator.signal(s, p)[static_cast<std::size_t>(i)])
                << "tick " << t << ", layer " << p << ", " << name_of(s);
    }
  }
}

TEST(CoreModel, RandomIsWhatWeightsAndSignalsNeedOfIt) {
  fixedpoint::NetworkDescription net = fixedpoint::plain_network({4, 3, 2}, 3);
  const auto needed = [&] { return required_parameters(fixedpoint::compile(net), 1).random; };
  EXPECT_EQ(needed(), 0);
  net.formats.by_signal["u"].random_bits = 3;  // of no use to another rounding
  EXPECT_EQ(needed(), 0);
  net.formats.by_signal["weight"].random_bits = 15;
  EXPECT_EQ(needed(), 1);
  CoreParameters core = required_parameters(fixedpoint::compile(net), 1);
  core.random = 0;
  EXPECT_THROW(check_fits(fixedpoint::compile(net), core), std::invalid_argument);
  net.formats.by_signal["u"].rounding = fixedpoint::Rounding::stochastic;
  EXPECT_EQ(needed(), 2);
}

// What a core was elaborated without, it would compute in another way, and its model not at all.
TEST(CoreModel, WhatACoreWasElaboratedWithoutIsRefused) {
  fixedpoint::NetworkDescription net = fixedpoint::plain_network({4, 3, 3, 2}, 3);
  net.formats.by_signal["u"].rounding = fixedpoint::Rounding::stochastic;
  net.mismatch = net.advanced_response = true;
  net.rho = {1.0};
  const auto program = std::make_shared<const Program>(fixedpoint::compile(net));
  const CoreParameters whole = required_parameters(*program, 1);
  const auto trouble_with = [&](int CoreParameters::*without, int value) {
    // Loaded as for a core that has it all.
    CoreParameters part = whole;
    part.*without = value;
    CoreModel model(part);
    ModelPort port(model);
    CoreHost host(port, program, whole);
    host.load();
    port.write(reg::control, reg::Control::tick_mask);
    port.wait();
    EXPECT_EQ(port.read(reg::errors), reg::Errors::bad_operation_mask);
    return model.trouble();
  };
  EXPECT_NE(trouble_with(&CoreParameters::advanced, 0).find("ADVANCED"), std::string::npos);
  EXPECT_NE(trouble_with(&CoreParameters::mismatch, 0).find("MISMATCH"), std::string::npos);
  EXPECT_NE(trouble_with(&CoreParameters::random, 1).find("RANDOM"), std::string::npos);
  EXPECT_NE(trouble_with(&CoreParameters::levels, whole.levels - 1).find("LEVELS"), std::string::npos);
  EXPECT_NE(trouble_with(&CoreParameters::align, whole.align - 1).find("ALIGN"), std::string::npos);
}

// A core without ADVANCED shifts membranes by ALPHA_FRAC, one with it by what descriptors say.
TEST(CoreModel, AlphaHasTheFractionBitsOfTheCore) {
  fixedpoint::NetworkDescription net = fixedpoint::plain_network({4, 3, 2}, 3);
  net.dt = 0.0003;
  const auto program = std::make_shared<const Program>(fixedpoint::compile(net));
  ASSERT_GT(program->alpha_frac, fixedpoint::least_alpha_frac);
  CoreParameters core = required_parameters(*program, 1);
  EXPECT_EQ(core.alpha_frac, program->alpha_frac);
  EXPECT_NO_THROW(assemble(*program, core));
  for (const int frac : {fixedpoint::least_alpha_frac, fixedpoint::finest_constant_frac}) {
    CoreParameters other = core;
    other.alpha_frac = frac;
    try {
      assemble(*program, other);
      ADD_FAILURE() << frac;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(error.what(), "the program needs ALPHA_FRAC = " + std::to_string(program->alpha_frac) +
                                  ", the core has " + std::to_string(frac));
    }
    CoreModel model(other);
    ModelPort port(model);
    CoreHost host(port, program, core);
    host.load();
    port.write(reg::control, 1);
    port.wait();
    EXPECT_EQ(port.read(reg::errors), 1u);
    EXPECT_NE(model.trouble().find("needs ALPHA_FRAC"), std::string::npos) << model.trouble();
    other.advanced = 1;
    EXPECT_NO_THROW(assemble(*program, other));
  }
  net.dt = net.tau;
  const CoreParameters usual = required_parameters(fixedpoint::compile(net), 1);
  EXPECT_EQ(usual.advanced, 0);
  EXPECT_EQ(join(usual, usual).advanced, 0);
  EXPECT_NO_THROW(assemble(*program, join(usual, core)));
}

TEST(CoreModel, AccessesOutOfTurnAreRefused) {
  Loaded core(small(), 2);
  core.port.write(reg::control, reg::Control::tick_mask);
  core.port.write(reg::window_data, 1);  // while it runs
  core.port.write(reg::input, 1);
  EXPECT_EQ(core.port.read(reg::status), reg::Status::busy_mask);
  core.port.wait();
  EXPECT_EQ(core.port.read(reg::errors), reg::Errors::access_mask);
  core.port.write(reg::errors, reg::Errors::access_mask);
  core.port.write(reg::input_unit, 7);  // there are 0..6
  core.port.write(reg::input, 1);
  EXPECT_EQ(core.port.read(reg::errors), reg::Errors::bad_unit_mask);
}

}  // namespace
}  // namespace apical::sim
