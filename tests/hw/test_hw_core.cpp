// SPDX-License-Identifier: Apache-2.0
// The whole core in lockstep with the emulator on random small programs: all architectural state, every tick.
#include <algorithm>
#include <iostream>

#include "VCore1.h"
#include "VCore16.h"
#include "VCore4.h"
#include "fixedpoint/program/compiler.hpp"
#include "lockstep.hpp"
#include "random_program.hpp"
#include "sim/machines/integer_machine.hpp"
#include "tests/fixedpoint/random_network.hpp"

using namespace apical;
using namespace apical::fixedpoint;
using apical::test::plain_network;

namespace {

sim::CoreParameters generous(int lanes) {
  sim::CoreParameters c = sim::named_core(APICAL_CORES, "generous");
  c.lanes = lanes;
  return c;
}

bool sends_starting_errors(const Program& program) {
  for (const auto* operations : {&program.start, &program.operations})
    for (const Operation& op : *operations)
      if (op.code == OpCode::update && (op.parts & part::start_error) != 0 &&
          program.populations[static_cast<std::size_t>(op.index)].theta_error > 0)
        return true;
  return false;
}

template <class Model>
void random_programs(int lanes, int programs, std::uint64_t seed) {
  std::cout << "seed " << seed << ", " << programs << " programs\n";
  int thresholds = 0, starting = 0, graphs = 0, circuits = 0, feedback = 0, decays = 0;
  for (int i = 0; i < programs; ++i) {
    std::mt19937_64 random(seed + static_cast<std::uint64_t>(i));
    const auto program = test::random_small_program(random, generous(lanes));
    thresholds += std::any_of(program->populations.begin(), program->populations.end(),
                              [](const Population& p) { return p.theta_rate > 0 || p.theta_error > 0; });
    starting += sends_starting_errors(*program);
    const bool circuit = program->populations[1].relayed >= 0;
    circuits += circuit;
    graphs += !circuit && !is_chain(*program);
    const auto& all = program->projections;
    feedback += std::any_of(all.begin(), all.end(), [](const auto& p) { return p.shares >= 0; });
    decays +=
        program->learning && std::any_of(all.begin(), all.end(), [](const auto& p) { return p.decay >= 0; });
    sim::run_lockstep<Model>(program, generous(lanes), 24, random());
    if (testing::Test::HasFailure()) {
      std::cout << "program " << i << " of seed " << seed << ": " << program->populations.size()
                << " populations, gamma " << program->gamma << " advanced " << program->advanced_response
                << " mismatch " << !program->decay.empty() << " learning " << program->learning << "\n";
      return;
    }
  }
  std::cout << thresholds << " with thresholds, " << starting << " of them in the errors of the start; "
            << graphs << " graphs, " << circuits << " microcircuits, B learns in " << feedback
            << ", weights decay in " << decays << "\n";
  EXPECT_GT(graphs, programs / 10);
  EXPECT_GT(circuits, programs / 20);
  EXPECT_GT(feedback, programs / 40);
  EXPECT_GT(decays, programs / 40);
  EXPECT_GT(thresholds, programs / 4);
  EXPECT_GT(starting, programs / 10);
}

}  // namespace

TEST(HwCore, ASmallNetworkLearnsInLockstep) {
  const auto program = std::make_shared<const Program>(compile(plain_network({7, 6, 5, 3}, 3)));
  sim::run_lockstep<VCore4>(program, generous(4), 40, 1);
}

TEST(HwCore, RandomProgramsOnOneLane) {
  random_programs<VCore1>(1, 60, 1000);
}
TEST(HwCore, RandomProgramsOnFourLanes) {
  random_programs<VCore4>(4, 160, 2000);
}
TEST(HwCore, RandomProgramsOnSixteenLanes) {
  random_programs<VCore16>(16, 80, 3000);
}

// What a host may do between ticks beyond inputs and targets: a core and its model stay equal in state and
// clocks.
TEST(HwCore, AHostThatChangesStateMeetsTheSameCoreInItsModel) {
  constexpr std::uint64_t seed = 5000;
  constexpr int programs = 40, ticks = 16;
  std::cout << "seed " << seed << ", " << programs << " programs\n";
  for (int i = 0; i < programs; ++i) {
    std::mt19937_64 random(seed + static_cast<std::uint64_t>(i));
    const auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    const auto program = test::random_small_program(random, generous(4));
    sim::CoreDriver<VCore4> core(program, generous(4));
    sim::ModelDriver model(program, generous(4));
    const auto within = [&](const Format& f) {
      return f.minimum_raw() + below(f.maximum_raw() - f.minimum_raw() + 1);
    };
    const auto write = [&](int offset, std::uint32_t value) {
      core.write(offset, value);
      model.port.write(offset, value);
    };
    const auto write_memory = [&](int memory, std::uint32_t address, std::int64_t value) {
      core.write_memory(memory, address, value);
      model.host.write_memory(memory, address, value);
    };
    for (int t = 0; t < ticks; ++t) {
      for (int act = 0; act < 2; ++act) {
        const int p = 1 + static_cast<int>(below(static_cast<std::int64_t>(program->populations.size()) - 1));
        const Population& population = program->populations[static_cast<std::size_t>(p)];
        const auto unit = core.image().first_unit[static_cast<std::size_t>(p)] +
                          static_cast<std::uint32_t>(below(population.units));
        const Projection& matrix = program->projections[static_cast<std::size_t>(p - 1)];
        switch (below(9)) {
          case 0: {
            const int field = static_cast<int>(below(sim::state_fields));
            if (program->decay.empty() && (field == sim::memory::mismatch || field == 10)) break;
            write_memory(field, unit, within(sim::field_format(*program, p, field)));
            break;
          }
          case 1:
            write_memory(
                sim::window::weights,
                sim::weight_address(core.image(), *program, 4, p - 1, static_cast<int>(below(matrix.rows)),
                                    static_cast<int>(below(matrix.columns))),
                within(matrix.weight));
            break;
          case 2:
            write(sim::reg::tick, static_cast<std::uint32_t>(below(3) * below(50)));
            break;
          case 3:
            write(sim::reg::seed, static_cast<std::uint32_t>(random()));
            model.host.set_eta(p - 1, 1000);
            core.write_memory(sim::window::descriptors,
                              core.image().eta_word[static_cast<std::size_t>(p - 1)], 1000);
            break;
          case 4:  // not while an input is on its way: the core counts its event when it leaves the pipeline
            (void)core.read_memory(sim::memory::u, unit);
            (void)model.host.read_memory(sim::memory::u, unit);
            write(sim::reg::control, sim::reg::Control::clear_counters_mask);
            break;
          case 5:  // goes on where the last input was
            write(sim::reg::input, static_cast<std::uint32_t>(random()));
            break;
          case 6:
            write(sim::reg::input_unit, static_cast<std::uint32_t>(below(program->populations[0].units)));
            write(sim::reg::input, static_cast<std::uint32_t>(random()));
            break;
          case 7:
            write(sim::reg::beta, static_cast<std::uint32_t>(below(1 << 15)));
            break;
          default:
            write_memory(sim::memory::target, core.image().first_unit.back(),
                         within(program->output_population()[Signal::target]));
            break;
        }
      }
      core.tick();
      model.tick();
      sim::expect_equal_counters(core, model, static_cast<std::uint32_t>(t));
      if (!HasFatalFailure()) sim::expect_equal_model(core, model, *program);
      if (HasFatalFailure()) {
        std::cout << "program " << i << " tick " << t << "\n";
        return;
      }
    }
  }
}
