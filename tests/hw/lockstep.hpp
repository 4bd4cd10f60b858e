// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/numeric/load.hpp"
#include "sim/core/core_driver.hpp"
#include "sim/core/core_model.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {

/// Compares all architectural state of a core with the emulator's.
template <class Driver>
void expect_equal_state(Driver& core, const fixedpoint::Emulator& emulator) {
  using fixedpoint::Signal;
  const fixedpoint::Program& program = emulator.program();
  ASSERT_EQ(core.read(reg::tick), emulator.ticks());
  for (int p = 0; p < static_cast<int>(program.populations.size()); ++p)
    for (int m = 0; m < memory::scratch; ++m) {
      const bool of_input = m == static_cast<int>(Signal::rate) || m == memory::sent_rate;
      if ((p == 0 && !of_input) || (m == memory::first_mismatch && program.decay.empty())) continue;
      const auto& expected = m == memory::first_mismatch ? emulator.first_mismatch(p)
                             : m == memory::sent_rate    ? emulator.sent_rate(p)
                             : m == memory::sent_error   ? emulator.sent_error(p)
                                                         : emulator.signal(static_cast<Signal>(m), p);
      for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(core.signal(m, p, static_cast<int>(i)), expected[i])
            << "tick " << emulator.ticks() - 1 << " " << program.populations[static_cast<std::size_t>(p)].name
            << " memory " << m << "[" << i << "]";
    }
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k) {
    const auto& p = program.projections[static_cast<std::size_t>(k)];
    for (int row = 0; row < p.rows; ++row)
      for (int column = 0; column < p.columns; ++column)
        ASSERT_EQ(core.weight(k, row, column), emulator.weights(k).at(row, column))
            << "tick " << emulator.ticks() - 1 << " W" << k + 1 << "[" << row << "][" << column << "]";
  }
}

/// A core model under a host of its own, played the same accesses as the core.
struct ModelDriver {
  ModelDriver(const std::shared_ptr<const fixedpoint::Program>& program, const CoreParameters& parameters,
              int queue = 4)
      : model(parameters, {}, queue), host(port, program, parameters) {
    host.load();
    port.read(reg::errors);
  }
  void tick() {
    port.read(reg::cycles);
    port.write(reg::control, reg::Control::tick_mask);
    port.wait();
    port.read(reg::status);
    port.read(reg::cycles);
  }
  CoreModel model;
  ModelPort port{model};
  CoreHost host;
};

/// How a core is built, and reached.
struct CoreKind {
  bool same_port = true;  ///< its register port itself
  bool counters = true;   ///< COUNTERS
  int queue = 4;          ///< QUEUE
};

/// Every counter of the core, and of its model; without those of clocks if the core's port is slower, since a
/// tick waits for inputs that are on their way.
template <class Driver>
void expect_equal_counters(Driver& core, ModelDriver& model, std::uint32_t tick, const CoreKind& kind = {}) {
  ASSERT_EQ(model.model.trouble(), "");
  for (const int counter :
       {reg::cycles, reg::stalls, reg::lane_cycles, reg::macs, reg::events, reg::tick, reg::errors}) {
    if (!kind.counters && counter >= reg::cycles) continue;
    if (!kind.same_port && (counter == reg::cycles || counter == reg::stalls)) continue;
    ASSERT_EQ(model.port.read(counter), core.read(counter))
        << "register " << counter << " after tick " << tick;
  }
}

/// All architectural state of the core, and what the window shows of its model's.
template <class Driver>
void expect_equal_model(Driver& core, ModelDriver& model, const fixedpoint::Program& program) {
  for (int p = 0; p < static_cast<int>(program.populations.size()); ++p)
    for (int m = 0; m < memory::scratch; ++m)
      for (int i = 0; i < program.populations[static_cast<std::size_t>(p)].units; ++i)
        ASSERT_EQ(model.host.read_signal(p, m, i), core.signal(m, p, i)) << "memory " << m << " unit " << i;
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k)
    for (int row = 0; row < program.projections[static_cast<std::size_t>(k)].rows; ++row)
      for (int column = 0; column < program.projections[static_cast<std::size_t>(k)].columns; ++column)
        ASSERT_EQ(model.host.read_weight(k, row, column), core.weight(k, row, column));
}

/// Ticks a core, the emulator and the core's model side by side on random inputs, targets and nudges.
template <class Model>
void run_lockstep(std::shared_ptr<const fixedpoint::Program> program, const CoreParameters& parameters,
                  int ticks, std::uint64_t seed, const CoreKind& kind = {}) {
  using fixedpoint::Signal;
  fixedpoint::Emulator emulator(program, {1, false, 0});
  CoreDriver<Model> core(program, parameters);
  ModelDriver model(program, parameters, kind.queue);
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(-0.2, 1.2);
  const auto& first = program->populations.front();
  const auto& last = program->output_population();
  std::vector<double> input(static_cast<std::size_t>(first.units)),
      target(static_cast<std::size_t>(last.units));
  std::vector<std::int64_t> raw;
  const auto load = [&](const std::vector<double>& values, const fixedpoint::Format& format) {
    raw.clear();
    for (const double value : values) raw.push_back(fixedpoint::load(value, format).raw);
    return raw.data();
  };
  for (int t = 0; t < ticks; ++t) {
    // More than once between two ticks, now and then: more events than a list has room for.
    for (int writes = t == 0 ? 1 : static_cast<int>(random() % 9) - 5; writes > 0; --writes) {
      for (double& x : input)
        if (t == 0 || random() % 2) x = uniform(random);
      emulator.write_input(input.data());
      core.write_input(load(input, first[Signal::rate]), input.size());
      model.host.write_input(raw);
    }
    if (t == 0 || random() % 4 == 0) {
      for (double& x : target) x = uniform(random);
      emulator.write_target(target.data());
      core.write_target(load(target, last[Signal::target]), target.size());
      model.host.write_target(raw);
      const double beta = random() % 3 ? 0.5 : random() % 2 ? 0.0 : std::ldexp(random() % 8192, -14);
      emulator.set_beta(beta);
      core.set_beta(static_cast<std::uint32_t>(beta_register(*program, beta)));
      model.host.set_beta(beta_register(*program, beta));
    }
    if (random() % 16 == 0) {
      const double scale = static_cast<double>(random() % 5) * 0.5;
      emulator.set_learning_scale(scale);
      core.set_learning_scale(scale);
      model.host.set_learning_scale(scale);
    }
    emulator.tick();
    const std::uint64_t core_clocks = core.clocks(), model_clocks = model.port.clock();
    core.tick();
    model.tick();
    if (kind.same_port) {
      ASSERT_EQ(model.port.clock() - model_clocks, core.clocks() - core_clocks)
          << "tick " << emulator.ticks() - 1;
    }
    expect_equal_state(core, emulator);
    if (testing::Test::HasFatalFailure()) return;
    expect_equal_counters(core, model, emulator.ticks() - 1, kind);
    if (testing::Test::HasFatalFailure()) return;
  }
  ASSERT_EQ(core.read(reg::errors), 0u);
  expect_equal_model(core, model, *program);
  // What a host reads through the window is what lies in the memories.
  for (int p = 1; p < static_cast<int>(program->populations.size()); ++p)
    for (int m = 0; m < memory::scratch; ++m)
      ASSERT_EQ(core.window_signal(m, p, 0), core.signal(m, p, 0)) << "memory " << m;
  for (int row = 0; row < program->projections[0].rows; ++row)
    ASSERT_EQ(core.window_weight(0, row, 0), core.weight(0, row, 0)) << "row " << row;
}

}  // namespace apical::sim
