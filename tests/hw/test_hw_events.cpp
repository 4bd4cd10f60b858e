// SPDX-License-Identifier: Apache-2.0
// Event-driven or anew: with thresholds above 0 a core that follows events holds the state of one that
// recomputes every sum and every signal in every tick.
#include <iostream>

#include "VCoreEvents.h"
#include "fixedpoint/program/compiler.hpp"
#include "lockstep.hpp"
#include "sim/isa/pass_words.hpp"

using namespace apical;
using namespace apical::fixedpoint;

namespace {

NetworkDescription network(std::mt19937_64& random) {
  NetworkDescription net;
  net.layers = {9, 8, 7, 3};
  net.beta = 0.5;
  net.eta = {0.1};
  net.rho = {0.8};
  net.parallel_order = random() & 1;
  net.gamma = static_cast<int>(random() & 1);
  net.mismatch = random() & 1;
  net.learning = random() % 3 != 0;
  net.formats.by_signal = default_formats();
  std::normal_distribution<double> normal(0.0, 0.5);
  for (std::size_t k = 1; k < net.layers.size(); ++k) {
    net.weights.emplace_back(static_cast<std::size_t>(net.layers[k] * (net.layers[k - 1] + 1)));
    for (double& w : net.weights.back()) w = normal(random);
  }
  return net;
}

sim::CoreParameters parameters() {
  return sim::named_core(APICAL_CORES, "small");
}

}  // namespace

TEST(HwEvents, FollowingEventsEqualsStartingAnew) {
  constexpr std::uint64_t seed = 4000;
  std::cout << "seed " << seed << "\n";
  std::uint64_t sent = 0, sent_always = 0;
  for (std::uint64_t i = 0; i < 12; ++i) {
    std::mt19937_64 random(seed + i);
    const auto program = std::make_shared<const Program>(compile(network(random)));
    const auto thrifty = std::make_shared<Program>(*program);
    for (Population& p : thrifty->populations) {
      p.theta_rate = static_cast<std::int64_t>(random() % 400);
      p.theta_error = static_cast<std::int64_t>(random() % 100);
    }
    sim::CoreDriver<VCoreEvents> events(thrifty, parameters()), anew(thrifty, parameters()),
        always(program, parameters());
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    std::vector<std::int64_t> input(9), target(3);
    for (int t = 0; t < 30; ++t) {
      const bool changes = t % 5 == 0;
      for (auto& x : input)
        if (changes) x = static_cast<std::int64_t>(uniform(random) * 16384);
      for (auto& x : target)
        if (changes) x = static_cast<std::int64_t>(uniform(random) * 4096);
      for (auto* core : {&events, &anew, &always}) {
        if (changes) {
          core->write_input(input.data(), input.size());
          core->write_target(target.data(), target.size());
          core->set_beta(t % 15 == 0 ? 0 : 1 << 13);
        }
        if (core == &anew) core->write(sim::reg::seed, program->seed);  // marks everything as changed
        core->tick();
      }
      for (int p = 0; p < 4; ++p) {
        const auto theta_rate = thrifty->populations[static_cast<std::size_t>(p)].theta_rate;
        const auto theta_error = thrifty->populations[static_cast<std::size_t>(p)].theta_error;
        for (int unit = 0; unit < program->populations[static_cast<std::size_t>(p)].units; ++unit) {
          for (int m = 0; m <= sim::memory::sent_error; ++m)
            ASSERT_EQ(events.signal(m, p, unit), anew.signal(m, p, unit))
                << "program " << i << " tick " << t << " population " << p << " memory " << m << " unit "
                << unit;
          ASSERT_LE(std::abs(events.signal(sim::memory::rate, p, unit) -
                             events.signal(sim::memory::sent_rate, p, unit)),
                    theta_rate);
          ASSERT_LE(std::abs(events.signal(sim::memory::error, p, unit) -
                             events.signal(sim::memory::sent_error, p, unit)),
                    theta_error);
          ASSERT_EQ(always.signal(sim::memory::rate, p, unit),
                    always.signal(sim::memory::sent_rate, p, unit));
          ASSERT_EQ(always.signal(sim::memory::error, p, unit),
                    always.signal(sim::memory::sent_error, p, unit));
        }
      }
      for (int k = 0; k < 3; ++k)
        for (int row = 0; row < program->projections[static_cast<std::size_t>(k)].rows; ++row)
          for (int column = 0; column < program->projections[static_cast<std::size_t>(k)].columns; ++column)
            ASSERT_EQ(events.weight(k, row, column), anew.weight(k, row, column))
                << "program " << i << " tick " << t;
    }
    sent += events.read(sim::reg::events);
    sent_always += always.read(sim::reg::events);
  }
  std::cout << sent << " events with thresholds, " << sent_always << " without\n";
  EXPECT_LT(sent, sent_always);
}

TEST(HwEvents, ErrorsAreReportedAndCostNothingElse) {
  std::mt19937_64 random(1);
  const auto program = std::make_shared<const Program>(compile(network(random)));
  sim::CoreDriver<VCoreEvents> core(program, parameters());
  core.write(sim::reg::input_unit, 9);  // population 0 has nine units
  core.write(sim::reg::input, 5);
  EXPECT_EQ(core.read(sim::reg::errors), sim::reg::Errors::bad_unit_mask);
  core.write(sim::reg::errors, sim::reg::Errors::bad_unit_mask);
  EXPECT_EQ(core.read(sim::reg::errors), 0u);
  core.read_memory(sim::memory::u, 64);  // beyond UNITS
  EXPECT_EQ(core.read(sim::reg::errors), sim::reg::Errors::access_mask);
  core.write(sim::reg::errors, sim::reg::Errors::access_mask);
  const std::uint32_t last = core.read(sim::reg::tick_operation);
  core.write_memory(sim::window::operations, 0, 7);  // no such operation, where the first tick begins
  core.write_memory(sim::window::operations, last, 7);
  core.tick();
  EXPECT_EQ(core.read(sim::reg::errors), sim::reg::Errors::bad_operation_mask);
  EXPECT_EQ(core.read(sim::reg::tick), 0u);
}

// Every memory ends where the core was built to end, whatever the address; a core and its model say so alike.
TEST(HwEvents, AccessesOutsideAnyMemoryAreRefused) {
  std::mt19937_64 random(2);
  const auto program = std::make_shared<const Program>(compile(network(random)));
  const sim::CoreParameters c = parameters();
  sim::CoreDriver<VCoreEvents> core(program, c);
  sim::ModelDriver model(program, c);
  const auto write = [&](int offset, std::uint32_t value) {
    core.write(offset, value);
    model.port.write(offset, value);
  };
  const auto read = [&](int offset) {
    const std::uint32_t value = core.read(offset);
    EXPECT_EQ(model.port.read(offset), value) << "register " << offset;
    return value;
  };
  // Writes a word and reads it back; what ERRORS says of both.
  const auto errors = [&](int memory, std::uint32_t address, std::uint32_t value) {
    write(sim::reg::window_select, static_cast<std::uint32_t>(memory));
    write(sim::reg::window_address, address);
    write(sim::reg::window_data, value);
    const std::uint32_t of_write = read(sim::reg::errors);
    write(sim::reg::errors, sim::reg::Errors::access_mask);
    write(sim::reg::window_address, address);
    const std::uint32_t word = core.read(sim::reg::window_data),
                        word_of_model = model.port.read(sim::reg::window_data);
    const std::uint32_t of_read = read(sim::reg::errors);
    write(sim::reg::errors, sim::reg::Errors::access_mask);
    EXPECT_EQ(of_write, of_read);
    if (of_read == 0 && memory != sim::memory::step) {  // which only the lanes' scan reads
      EXPECT_EQ(word, value) << "memory " << memory << " address " << address;
      EXPECT_EQ(word_of_model, value) << "memory " << memory << " address " << address;
    }
    return of_read;
  };
  const auto size = [&](int memory) {
    switch (memory) {
      case sim::window::operations:
        return c.ops;
      case sim::window::descriptors:
        return static_cast<int>(sim::projection_address(c.pops, c.projs));
      case sim::window::decay:
        return c.decay;
      case sim::window::table_base:
      case sim::window::table_delta:
        return c.table;
      case sim::window::weights:
        return c.depth * c.lanes;
      default:
        return memory < sim::memory::count ? c.units : 0;
    }
  };
  for (int memory = 0; memory < 64; ++memory) {
    const auto end = static_cast<std::uint32_t>(size(memory));
    if (end > 0) {
      EXPECT_EQ(errors(memory, end - 1, 77), 0u) << "memory " << memory;
      EXPECT_EQ(errors(memory, 0, 0), 0u) << "memory " << memory;
    }
    for (const std::uint32_t beyond : {end, 4095u, 65536u, 65536u + end / 2, 1u << 31, ~0u}) {
      EXPECT_EQ(errors(memory, beyond, 78), 4u) << "memory " << memory << " address " << beyond;
      read(sim::reg::window_address);
    }
  }
}

// A write to CONTROL with both clears and does not tick; a clear that follows an input forgets it, too.
TEST(HwEvents, AClearHasPrecedenceOverATickAndComesAfterAnInput) {
  std::mt19937_64 random(3);
  const auto program = std::make_shared<const Program>(compile(network(random)));
  sim::CoreDriver<VCoreEvents> core(program, parameters());
  sim::ModelDriver model(program, parameters());
  for (sim::RegisterPort* port :
       {static_cast<sim::RegisterPort*>(&core), static_cast<sim::RegisterPort*>(&model.port)}) {
    port->write(sim::reg::input_unit, 0);
    for (int unit = 0; unit < 9; ++unit) port->write(sim::reg::input, 1000);
    port->write(sim::reg::control, sim::reg::Control::tick_mask | sim::reg::Control::clear_mask);
    EXPECT_EQ(port->read(sim::reg::status), sim::reg::Status::clearing_mask);
    while (port->read(sim::reg::status) != 0) {
    }
    EXPECT_EQ(port->read(sim::reg::tick), 0u);
    EXPECT_EQ(port->read(sim::reg::errors), 0u);
    EXPECT_EQ(port->read(sim::reg::cycles), 0u);
    port->write(sim::reg::window_select, sim::memory::sent_rate);
    port->write(sim::reg::window_address, 0);
    for (int unit = 0; unit < 9; ++unit) EXPECT_EQ(port->read(sim::reg::window_data), 0u) << "unit " << unit;
  }
  sim::expect_equal_counters(core, model, 0);
}

// Descriptors and programs that the assembler never writes: the core ends the tick, or says that it read what
// isn't there, and leaves every signal and weight as it was.
TEST(HwEvents, MalformedProgramsRaiseErrorsAndWriteNothingOutside) {
  std::mt19937_64 random(6);
  const auto program = std::make_shared<const Program>(compile(network(random)));
  const sim::CoreParameters c = parameters();
  const auto matrix = [&](int projection) {
    return sim::projection_address(c.pops, projection) + sim::isa::Projection::matrix_word;
  };
  const auto place = [](int units, int group) {
    return std::int64_t{sim::isa::Place{units, group}.encode()};
  };
  // Spoils one word of the program; returns ERRORS of the next tick.
  const auto spoil = [&](int memory, std::uint32_t address, std::int64_t word) {
    sim::CoreDriver<VCoreEvents> core(program, c);
    core.tick();
    EXPECT_EQ(core.read(sim::reg::errors), 0u);
    core.write_memory(memory, address, word);
    core.tick();
    const std::uint32_t errors = core.read(sim::reg::errors);
    EXPECT_EQ(core.read(sim::reg::tick), sim::reg::Errors::decode(errors).bad_operation ? 1u : 2u);
    return errors;
  };
  sim::CoreDriver<VCoreEvents> core(program, c);
  const auto word = [&](std::uint32_t address) {
    return core.read_memory(sim::window::descriptors, address);
  };
  // Units from the last group of the memories on, and one too many.
  EXPECT_EQ(
      spoil(sim::window::descriptors, sim::header_address(1), place(c.lanes + 1, c.units / c.lanes - 1)),
      sim::reg::Errors::bad_operation_mask);
  EXPECT_EQ(spoil(sim::window::descriptors, sim::header_address(1), place(0xffff, 0)),
            sim::reg::Errors::bad_operation_mask);
  EXPECT_EQ(
      spoil(sim::window::descriptors, matrix(0) + sim::isa::Matrix::source_word, place(1, c.units / c.lanes)),
      sim::reg::Errors::bad_operation_mask);
  EXPECT_EQ(spoil(sim::window::descriptors, matrix(1) + sim::isa::Matrix::target_word, place(1, 0x7fff)),
            sim::reg::Errors::bad_operation_mask);
  // The same where they still fit is no error.
  EXPECT_EQ(spoil(sim::window::descriptors, sim::header_address(1), word(sim::header_address(1))), 0u);
  // A table that begins at the last entry, or beyond all of them.
  const std::uint32_t rate = sim::pass_address(1, sim::slot::rate) + sim::isa::Pass::lookup_word;
  const auto begins = [&](int entry) {
    sim::isa::PassLookup lookup = sim::isa::PassLookup::decode(static_cast<std::uint32_t>(word(rate)));
    lookup.first_entry = entry;
    return spoil(sim::window::descriptors, rate, lookup.encode());
  };
  EXPECT_TRUE(sim::reg::Errors::decode(begins(c.table - 1)).bad_address);
  EXPECT_EQ(begins(0xffff), sim::reg::Errors::bad_address_mask);
  // Without END: the last word may not be anything else.
  core.write(sim::reg::tick, 1);
  for (int n = 0; n < c.ops; ++n)
    core.write_memory(sim::window::operations, static_cast<std::uint32_t>(n), sim::update_word(1, 0));
  core.tick();
  EXPECT_EQ(core.read(sim::reg::errors), sim::reg::Errors::bad_operation_mask);
  EXPECT_EQ(core.read(sim::reg::tick), 1u);
  // An input for a population that lies outside is dropped.
  core.write(sim::reg::errors, ~0u);
  core.write_memory(sim::window::descriptors, sim::header_address(0), place(9, c.units / c.lanes - 1));
  core.write(sim::reg::input_unit, 8);
  core.write(sim::reg::input, 1);
  EXPECT_EQ(core.read(sim::reg::errors), sim::reg::Errors::bad_unit_mask);
}
