// SPDX-License-Identifier: Apache-2.0
// A machine in a process of its own is that machine, and its trouble is told here.
#include "sim/machines/separate_machine.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <random>
#include <thread>

#include "tools/config/config.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/run.hpp"

namespace apical::sim {
namespace {

tools::Config small() {
  return tools::parse_config(
      "[network]\nlayers = [7, 5, 3]\n[task]\nkind = \"teacher\"\nteacher_layers = [7, 5, 3]\n", "small");
}

std::unique_ptr<Machine> made(tools::Machine machine, tools::Circuit circuit = tools::Circuit::plain) {
  tools::Config config = small();
  config.machine = machine;
  config.circuit = circuit;
  return tools::make_machine(config, tools::starting_weights(config));
}

TEST(SeparateMachine, IsTheMachine) {
  const auto here = made(tools::Machine::emulator);
  SeparateMachine there("there", 7, 3, [] {
    return SeparateMachine::Made{made(tools::Machine::emulator), [] {}};
  });
  EXPECT_EQ(there.name(), "there");
  std::mt19937 random(1);  // seed 1
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  std::vector<double> input(7), target(3);
  for (int n = 0; n < 200; ++n) {
    const bool changed = n == 0 || random() % 3 == 0, nudged = random() % 4 != 0;
    if (changed)
      for (auto* values : {&input, &target})
        for (double& x : *values) x = uniform(random);
    if (n == 100)
      for (Machine* m : {here.get(), static_cast<Machine*>(&there)}) m->set_learning_scale(1.0 / 3.0);
    const double nudge = nudged ? 0.7 : 0.0;
    const double* wanted = changed && !nudged ? nullptr : target.data();
    here->tick(input.data(), wanted, nudge, changed);
    there.tick(input.data(), wanted, nudge, changed);
    ASSERT_EQ(here->state_digest(), there.state_digest()) << "tick " << n;
  }
  for (int layer = 1; layer <= 2; ++layer) {
    for (const char* signal : {"u", "rate", "error", "basal"})
      EXPECT_EQ(here->read(signal, layer), there.read(signal, layer)) << signal << layer;
    EXPECT_EQ(here->weights(layer), there.weights(layer));
  }
  EXPECT_GT(there.macs(), 0u);
  EXPECT_EQ(here->macs(), there.macs());
  EXPECT_EQ(here->events(), there.events());
}

// SystemC alone allows one in a process. A microcircuit has matrices that are held with the other sign.
TEST(SeparateMachine, ManyPlatforms) {
  const auto emulator = made(tools::Machine::emulator, tools::Circuit::microcircuit);
  const auto first = made(tools::Machine::tlm, tools::Circuit::microcircuit),
             second = made(tools::Machine::tlm, tools::Circuit::microcircuit);
  std::vector<double> input{0.5, -0.25, 1.0, 0.0, 0.125, 0.75, -1.0}, target{0.5, 0.25, -0.5};
  for (int n = 0; n < 20; ++n) {
    input[static_cast<std::size_t>(n % 7)] += 0.0625;
    for (Machine* m : {emulator.get(), first.get(), second.get()})
      m->tick(input.data(), target.data(), 1.0, true);
  }
  EXPECT_EQ(first->state_digest(), emulator->state_digest());
  EXPECT_EQ(second->state_digest(), emulator->state_digest());
  for (int matrix = 1; matrix <= 5; ++matrix)
    EXPECT_EQ(second->weights(matrix), emulator->weights(matrix)) << matrix;
  const CoreCounts counts = first->core_counts();
  EXPECT_EQ(counts.ticks, 20u);
  EXPECT_GT(counts.clocks, counts.lane_clocks);
  EXPECT_GT(counts.lane_clocks, 0u);
}

// Who made it may end: a thread isn't the process.
TEST(SeparateMachine, OutlivesTheThreadThatMadeIt) {
  std::unique_ptr<Machine> machine;
  std::thread([&] { machine = made(tools::Machine::tlm); }).join();
  const std::vector<double> input(7, 0.5);
  machine->tick(input.data(), nullptr, 0.0, true);
  EXPECT_EQ(machine->core_counts().ticks, 1u);
}

std::string message(const std::function<void()>& what) {
  try {
    what();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(SeparateMachine, TellsTrouble) {
  EXPECT_EQ(message([] {
              SeparateMachine("none", 1, 1, []() -> SeparateMachine::Made {
                throw std::invalid_argument("no such machine");
              });
            }),
            "no such machine");
  SeparateMachine there("there", 7, 3, [] {
    return SeparateMachine::Made{made(tools::Machine::emulator), [] {}};
  });
  EXPECT_NE(message([&] { there.read("colour", 1); }), "");
  EXPECT_EQ(message([&] { there.macs(); }), message([&] { there.read("colour", 1); }));  // once and for all
  const auto ends = []() -> SeparateMachine::Made {
    raise(SIGKILL);
    return {};
  };
  EXPECT_EQ(message([&] { SeparateMachine("core 7", 1, 1, ends); }), "core 7: its process has ended");
}

}  // namespace
}  // namespace apical::sim
