// SPDX-License-Identifier: Apache-2.0
// A network split over a mesh of cores computes the same bits as on one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>
#include <random>

#include "fixedpoint/program/random_network.hpp"
#include "sim/core/core_model.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/machines/emulator_integers.hpp"
#include "sim/mesh/mesh_integers.hpp"
#include "sim/mesh/mesh_memory.hpp"

namespace apical::sim {
namespace {

using fixedpoint::NetworkDescription;
using fixedpoint::Program;

std::vector<std::int64_t> raw(const std::vector<double>& real, const fixedpoint::Format& format) {
  return to_raw(real.data(), static_cast<int>(real.size()), format);
}

// The tick after which digests differ, or -1; learning is off in a quarter of the ticks.
int first_difference(const NetworkDescription& net, const std::shared_ptr<const Program>& program,
                     MeshIntegers& mesh, int ticks, std::uint64_t seed) {
  fixedpoint::EmulatorOptions options;
  options.statistics = false;
  EmulatorIntegers one("one core", program, options);
  fixedpoint::RandomStimulus stimulus(net, seed);
  std::vector<std::vector<std::int64_t>> frozen;
  for (int t = 0; t < ticks; ++t) {
    stimulus.next();
    for (std::size_t k = 0; k < program->projections.size(); ++k) {
      if (t == ticks / 4) frozen.push_back(mesh.weights(static_cast<int>(k)));
      if (t == ticks / 2 && mesh.weights(static_cast<int>(k)) != frozen.at(k)) return t;
    }
    for (IntegerMachine* machine :
         {static_cast<IntegerMachine*>(&one), static_cast<IntegerMachine*>(&mesh)}) {
      machine->write_input(raw(stimulus.input, program->populations.front()[fixedpoint::Signal::rate]));
      machine->write_target(raw(stimulus.target, program->populations.back()[fixedpoint::Signal::target]));
      machine->set_beta(beta_register(*program, stimulus.beta));
      if (t == ticks / 4) machine->set_learning_scale(0.0);
      if (t == ticks / 2) machine->set_learning_scale(0.5);
      machine->tick();
    }
    if (state_digest(one) != state_digest(mesh)) return t;
  }
  return -1;
}

TEST(Mesh, TwoCoresAgreeWithOne) {
  const NetworkDescription net = fixedpoint::plain_network({12, 40, 6}, 3);
  const auto program = std::make_shared<const Program>(fixedpoint::compile(net));
  MeshIntegers mesh(program, place(*program, 2, {}), {});
  EXPECT_EQ(first_difference(net, program, mesh, 50, 7), -1);
}

// Any network that compiles, with thresholds, cut anywhere, with any delays of packets.
struct Case {
  NetworkDescription net;
  std::shared_ptr<const Program> program;
  Placement placement;
  MeshSettings settings;
  std::uint64_t seed;

  explicit Case(std::uint64_t number) : seed(number) {
    fixedpoint::RandomNetwork draw(number);
    while (!program) try {
        net = draw();
        if (draw.below(3) == 0) net.theta_rate = {draw.below(40)};
        if (draw.below(3) == 0) net.theta_error = {draw.below(40)};
        program = std::make_shared<const Program>(fixedpoint::compile(net));
      } catch (const std::invalid_argument&) {  // no proof of its widths: the next one
      }
    std::mt19937_64 random(number);
    placement = random_placement(*program, 2 + static_cast<int>(random() % 63), random);
    settings.buffer = 1 + static_cast<int>(random() % 4);
    settings.stall = random() % 2 == 0 ? 0.0 : 0.3 * static_cast<double>(random() % 3);
    settings.late = random() % 3 == 0 ? 0 : random() % 200;
    settings.lanes = 1 << random() % 5;
    settings.seed = number;
  }
};

// A mesh of one core takes the clocks of the core model, but for 9 that start and end a tick, and for a clock
// or four here and there: who sends last, and whose header is at hand.
TEST(Mesh, OneCoreTakesTheClocksOfTheCoreModel) {
  const NetworkDescription net = fixedpoint::plain_network({30, 60, 10}, 3);
  const auto program = std::make_shared<const Program>(fixedpoint::compile(net));
  const CoreParameters parameters = required_parameters(*program, 4);
  CoreModel model(parameters);
  ModelPort port(model);
  CoreHost host(port, program, parameters);
  host.load();
  CoreBudget budget;
  budget.memory_bits = 1 << 23;
  MeshIntegers mesh(program, place(*program, 1, budget), {});
  fixedpoint::RandomStimulus stimulus(net, 11);
  std::uint64_t of_model = 0;
  constexpr int ticks = 60;
  for (int t = 0; t < ticks; ++t) {
    stimulus.next();
    const auto input = raw(stimulus.input, program->populations.front()[fixedpoint::Signal::rate]);
    const auto target = raw(stimulus.target, program->populations.back()[fixedpoint::Signal::target]);
    host.write_input(input);
    host.write_target(target);
    host.set_beta(beta_register(*program, stimulus.beta));
    mesh.write_input(input);
    mesh.write_target(target);
    mesh.set_beta(beta_register(*program, stimulus.beta));
    const std::uint32_t before = port.read(reg::cycles);
    port.write(reg::control, reg::Control::tick_mask);
    port.wait();
    of_model += port.read(reg::cycles) - before;
    mesh.tick();
  }
  EXPECT_GT(of_model, 60u * 500u);
  EXPECT_NEAR(static_cast<double>(mesh.clocks()), static_cast<double>(of_model), 20.0 * ticks);
}

constexpr std::uint64_t cases = 240;

TEST(Mesh, AnySplitWithAnyDelaysAgreesWithOneCore) {
  std::uint64_t packets = 0;
  for (std::uint64_t number = 1; number <= cases; ++number) {
    SCOPED_TRACE("case " + std::to_string(number));
    Case c(number);
    MeshIntegers mesh(c.program, c.placement, c.settings);
    ASSERT_EQ(first_difference(c.net, c.program, mesh, 12, number), -1);
    EXPECT_EQ(mesh.network().sent(), mesh.network().arrived());
    packets += mesh.network().sent();
  }
  std::printf("%d cases, %llu packets\n", static_cast<int>(cases), static_cast<unsigned long long>(packets));
}

TEST(Mesh, CoresThatDoNotWaitForEventsDiffer) {
  int differ = 0;
  for (std::uint64_t number = 1; number <= 20; ++number) {
    Case c(number);
    c.settings.wait_for_counts = false;
    MeshIntegers mesh(c.program, c.placement, c.settings);
    differ += first_difference(c.net, c.program, mesh, 12, number) >= 0;
  }
  EXPECT_GE(differ, 10);
}

// Traffic without a program: every core sends to everybody at random, to one core, or across the diagonal.
enum class Pattern { uniform, hot, transpose };

struct Flood {
  std::vector<int> missing;  ///< per packet: 1 until it has arrived
  std::uint64_t wrong = 0, twice = 0;

  Flood(const MeshOptions& options, Pattern pattern, int per_core, std::uint64_t seed) {
    MeshNetwork network(options, [&](int core, const Packet& packet) {
      wrong += core != packet.destination;
      int& open = missing[static_cast<std::size_t>(packet.value)];
      twice += open == 0;
      open = 0;
    });
    std::mt19937_64 random(seed);
    const int cores = network.cores();
    for (int i = 0; i < per_core; ++i)
      for (int core = 0; core < cores; ++core) {
        Packet packet;
        const int x = core % options.columns, y = core / options.columns;
        packet.destination = pattern == Pattern::uniform
                                 ? static_cast<int>(random() % static_cast<std::uint64_t>(cores))
                             : pattern == Pattern::hot ? cores / 2
                                                       : x * options.columns + y;
        if (packet.destination == core) continue;
        packet.value = static_cast<std::int64_t>(missing.size());
        missing.push_back(1);
        network.send(core, packet);
      }
    while (!network.empty()) network.step();
  }
  bool all_once() const {
    return wrong == 0 && twice == 0 && std::count(missing.begin(), missing.end(), 1) == 0;
  }
};

TEST(MeshNetwork, NeitherLosesNorLocksUnderFullLoad) {
  for (const int buffer : {1, 2, 4})
    for (const Pattern pattern : {Pattern::uniform, Pattern::hot, Pattern::transpose})
      for (const double stall : {0.0, 0.5})
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
          SCOPED_TRACE("buffer " + std::to_string(buffer) + ", seed " + std::to_string(seed));
          const MeshOptions options{8, 8, buffer, stall, seed};
          const Flood flood(options, pattern, 40, seed);
          EXPECT_GT(flood.missing.size(), 64u * 30u);
          EXPECT_TRUE(flood.all_once());
        }
}

// The same load with turns that close a ring: what the routing forbids does happen.
TEST(MeshNetwork, LocksWhereTurnsCloseARing) {
  for (const int buffer : {1, 2}) {
    const MeshOptions options{8, 8, buffer, 0.0, 1, Routing::mixed};
    EXPECT_THROW(Flood(options, Pattern::uniform, 200, 1), std::logic_error);
  }
}

TEST(MeshNetwork, ALonePacketTakesTwoClocksAHop) {
  std::uint64_t arrived = 0;
  MeshNetwork* self = nullptr;
  MeshNetwork network({5, 4, 4}, [&](int, const Packet&) { arrived = self->clock(); });
  self = &network;
  Packet packet;
  packet.destination = 19;
  network.send(0, packet);
  while (!network.empty()) network.step();
  EXPECT_EQ(network.distance(0, 19), 7);
  EXPECT_EQ(network.hops(), 7u);
  EXPECT_EQ(arrived, 7 * hop_clocks + 2);  // and one to enter, one to leave
  EXPECT_EQ(network.traffic(0, direction::east), 1u);
  EXPECT_EQ(network.traffic(4, direction::south), 1u);
  EXPECT_EQ(network.traffic(15, direction::east), 0u);
}

TEST(MeshMap, FillsMemoryAndFanInUpToTheirLimits) {
  const NetworkDescription net = fixedpoint::plain_network({300, 200, 10}, 1);
  const Program program = fixedpoint::compile(net);
  for (const int cores : {1, 2, 7, 16, 64}) {
    CoreBudget budget;
    budget.memory_bits = 1 << 23;
    const Placement loose = place(program, cores, budget);
    const std::vector<std::uint64_t> memory = memory_of(program, loose);
    budget.memory_bits = *std::max_element(memory.begin(), memory.end());
    const std::vector<std::uint64_t> tight = memory_of(program, place(program, cores, budget));
    EXPECT_LE(*std::max_element(tight.begin(), tight.end()), budget.memory_bits);
    budget.memory_bits =
        std::accumulate(tight.begin(), tight.end(), std::uint64_t{0}) / static_cast<std::uint64_t>(cores) / 2;
    EXPECT_THROW(place(program, cores, budget), std::invalid_argument);
  }
  CoreBudget narrow;
  narrow.fan_in = 100;
  const Placement fanned = place(program, 16, narrow);
  for (const Slice& slice : fanned.slices[0]) EXPECT_LE(slice.units.count, 100);
  narrow.fan_in = 1;
  EXPECT_THROW(place(program, 4, narrow), std::invalid_argument);
}

// Every weight and every unit is somewhere, once.
TEST(MeshMap, CoversTheNetwork) {
  const NetworkDescription net = fixedpoint::plain_network({64, 32, 10}, 1);
  const Program program = fixedpoint::compile(net);
  for (const int cores : {1, 3, 16, 64}) {
    const Placement p = place(program, cores, {});
    for (std::size_t k = 0; k < p.slices.size(); ++k) {
      int next = 0;
      for (const Slice& s : p.slices[k]) {
        EXPECT_EQ(s.units.first, next);
        EXPECT_GT(s.units.count, 0);
        EXPECT_LT(s.core, cores);
        next = s.units.last();
      }
      EXPECT_EQ(next, program.populations[k].units);
      if (k == 0) continue;
      EXPECT_EQ(p.tiles[k - 1].size(), p.slices[k].size() * p.slices[k - 1].size());
    }
  }
}

// Packets travel less far than where cores are drawn at random for the same cuts.
TEST(MeshMap, TalksToNeighbours) {
  const NetworkDescription net = fixedpoint::plain_network({300, 200, 100, 10}, 1);
  const auto program = std::make_shared<const Program>(fixedpoint::compile(net));
  const Placement mapped = place(*program, 64, {});
  Placement scattered = mapped;
  std::mt19937_64 random(5);
  std::vector<int> cores(64);
  std::iota(cores.begin(), cores.end(), 0);
  std::shuffle(cores.begin(), cores.end(), random);
  for (auto& slices : scattered.slices)
    for (Slice& s : slices) s.core = cores[static_cast<std::size_t>(s.core)];
  for (auto& tiles : scattered.tiles)
    for (int& core : tiles) core = cores[static_cast<std::size_t>(core)];
  std::printf("slices:");
  for (const auto& slices : mapped.slices) std::printf(" %zu", slices.size());
  std::printf("\n");
  MeshIntegers near(program, mapped, {}), far(program, scattered, {});
  ASSERT_EQ(first_difference(net, program, near, 5, 1), -1);
  ASSERT_EQ(first_difference(net, program, far, 5, 1), -1);
  std::printf("%llu hops, scattered %llu\n", static_cast<unsigned long long>(near.network().hops()),
              static_cast<unsigned long long>(far.network().hops()));
  EXPECT_LT(2 * near.network().hops(), far.network().hops());
  EXPECT_LT(near.clocks(), far.clocks());
}

}  // namespace
}  // namespace apical::sim
