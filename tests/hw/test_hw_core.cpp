// The whole core in lockstep with the emulator on random small programs: all architectural state, every tick.
#include <iostream>

#include "VCore1.h"
#include "VCore16.h"
#include "VCore4.h"
#include "fixedpoint/compiler.hpp"
#include "lockstep.hpp"
#include "sim/integer_machine.hpp"
#include "tests/fixedpoint/random_network.hpp"

using namespace apical;
using namespace apical::fixedpoint;
using apical::test::plain_network;

namespace {

// As tests/hw/CMakeLists.txt elaborates the three cores.
sim::CoreParameters generous(int lanes) {
  sim::CoreParameters c;
  c.lanes = lanes;
  c.sw = 24;
  c.ww = 16;
  c.aw = 60;
  c.dw = 62;
  c.ew = 64;
  c.lw = 62;
  c.units = 256;
  c.depth = 4096;
  c.pops = 5;
  c.projs = 4;
  c.ops = 64;
  c.table = 8192;
  c.base = 40;
  c.delta = 40;
  c.decay = 256;
  c.advanced = c.mismatch = c.random = c.left = 1;
  c.levels = 7;
  c.align = 6;
  return c;
}

// A network in which everything that may vary does.
NetworkDescription random_network(std::mt19937_64& random) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  NetworkDescription net;
  const int count = 2 + below(3);
  for (int k = 0; k < count; ++k) net.layers.push_back(1 + below(k == 0 ? 20 : 14));
  static constexpr Function functions[] = {Function::logistic, Function::tanh, Function::hard_sigmoid,
                                           Function::softplus, Function::relu, Function::linear};
  net.activation = functions[below(6)];
  net.bias = below(4) != 0;
  net.gamma = below(2);
  net.advanced_response = below(2);
  net.parallel_order = below(2);
  net.mismatch = below(2);
  net.learning = below(4) != 0;
  net.seed = static_cast<std::uint32_t>(random());
  net.beta = 0.5;
  net.eta = {0.02 * (1 + below(20))};
  net.tau = 10.0;
  net.dt = 1.0 + below(4);
  std::size_t units = 0;
  for (int k = 1; k < count; ++k) units += static_cast<std::size_t>(net.layers[static_cast<std::size_t>(k)]);
  net.rho.clear();
  for (std::size_t i = 0; i < units; ++i) {
    net.rho.push_back(below(3) ? 1.0 : 0.1 * below(20));
    net.alpha.push_back(0.05 * (1 + below(20)));
  }
  net.formats.by_signal = default_formats();
  for (auto& [name, format] : net.formats.by_signal) {
    if (below(3) != 0) {
      const int cut = below(7) - 1;
      format.bits -= cut;
      if (format.frac != automatic_frac) format.frac -= cut + below(3) - 1;
    }
    if (below(3) != 0) format.rounding = static_cast<Rounding>(below(8));
    if (below(3) != 0) format.overflow = static_cast<Overflow>(below(4));
    if (name != "weight" && name != "step" && below(6) == 0) {
      format.is_signed = false;
    }
    if (name == "weight") format.bits = std::min(format.bits, 16);
  }
  net.table_index_bits = 4 + below(5);
  net.table_full_bits = 8 + below(4);
  std::normal_distribution<double> normal(0.0, 0.7);
  for (std::size_t k = 1; k < net.layers.size(); ++k) {
    net.weights.emplace_back(
        static_cast<std::size_t>(net.layers[k] * (net.layers[k - 1] + (net.bias ? 1 : 0))));
    for (double& w : net.weights.back()) w = normal(random);
  }
  return net;
}

std::shared_ptr<const Program> random_program(std::mt19937_64& random, int lanes) {
  for (;;) {
    const NetworkDescription net = random_network(random);
    try {
      auto program = std::make_shared<const Program>(compile(net));
      (void)sim::assemble(*program, generous(lanes));
      return program;
    } catch (const std::invalid_argument&) {  // no proof of its widths, or beyond this core: draw again
    }
  }
}

template <class Model>
void random_programs(int lanes, int programs, std::uint64_t seed) {
  std::cout << "seed " << seed << ", " << programs << " programs\n";
  for (int i = 0; i < programs; ++i) {
    std::mt19937_64 random(seed + static_cast<std::uint64_t>(i));
    const std::shared_ptr<const Program> program = random_program(random, lanes);
    sim::run_lockstep<Model>(program, generous(lanes), 24, random());
    if (testing::Test::HasFailure()) {
      std::cout << "program " << i << " of seed " << seed << ": " << program->populations.size()
                << " populations, gamma " << program->gamma << " advanced " << program->advanced_response
                << " mismatch " << !program->decay.empty() << " learning " << program->learning << "\n";
      return;
    }
  }
}

}  // namespace

TEST(HwCore, ASmallNetworkLearnsInLockstep) {
  const auto program = std::make_shared<const Program>(compile(plain_network({7, 6, 5, 3}, 3)));
  sim::run_lockstep<VCore4>(program, generous(4), 40, 1);
}

TEST(HwCore, RandomProgramsOnOneLane) {
  random_programs<VCore1>(1, 40, 1000);
}
TEST(HwCore, RandomProgramsOnFourLanes) {
  random_programs<VCore4>(4, 120, 2000);
}
TEST(HwCore, RandomProgramsOnSixteenLanes) {
  random_programs<VCore16>(16, 60, 3000);
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
    const auto program = random_program(random, 4);
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
            write(sim::reg::control, 4);
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
                         within(program->populations.back()[Signal::target]));
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
