// SPDX-License-Identifier: Apache-2.0
// A tick of 784-300-100-10 on the emulator, on the virtual platform (driver, DMA, interrupt, loosely timed)
// and on the Verilated core: every input new, every weight learning, or as many inputs active as a digit has.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>
#include <random>

#include "fixedpoint/program/compiler.hpp"
#include "sim/core/core_integers.hpp"
#include "sim/machines/emulator_integers.hpp"
#include "sim/platform/platform_integers.hpp"
#include "tests/bench/network_784.hpp"

namespace {

using namespace apical;
using sim::IntegerMachine;

constexpr int lanes = 16;

const std::shared_ptr<const fixedpoint::Program>& program() {
  static const auto compiled =
      std::make_shared<const fixedpoint::Program>(fixedpoint::compile(bench::network_784()));
  return compiled;
}
const sim::CoreParameters& parameters() {
  static const sim::CoreParameters required = sim::required_parameters(*program(), lanes);
  return required;
}
fixedpoint::EmulatorOptions options() {
  fixedpoint::EmulatorOptions how;
  how.statistics = false;
  return how;
}

// Inputs of which a share in percent is not 0, other ones every tick, and targets that contradict each other.
void show(IntegerMachine& machine, int percent) {
  static std::vector<std::int64_t> inputs[101][16], targets[2];
  auto& mine = inputs[percent];
  if (mine[0].empty()) {
    std::mt19937_64 random(11);
    const auto below = [&](int limit) {
      return static_cast<int>(random() % static_cast<std::uint64_t>(limit));
    };
    for (auto& input : mine)
      for (int i = 0; i < program()->populations.front().units; ++i)
        input.push_back(below(100) < percent ? below(1 << 14) : 0);
    for (int t = 0; t < 2; ++t)
      targets[t].assign(static_cast<std::size_t>(program()->populations.back().units), t == 0 ? 6000 : -6000);
  }
  machine.write_input(mine[machine.ticks() % 16]);
  machine.write_target(targets[machine.ticks() % 2]);
}

void run(benchmark::State& state, IntegerMachine& machine, int warm) {
  const int percent = static_cast<int>(state.range(0));
  machine.set_beta(sim::beta_register(*program(), program()->beta));
  for (int i = 0; i < warm; ++i) {
    show(machine, percent);
    machine.tick();
  }
  for (auto _ : state) {
    show(machine, percent);
    machine.tick();
  }
  state.counters["ticks/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void emulator_machine(benchmark::State& state) {
  sim::EmulatorIntegers machine("emulator", program(), options());
  run(state, machine, 20);
}
BENCHMARK(emulator_machine)->ArgName("percent")->Arg(100)->Arg(20)->Unit(benchmark::kMicrosecond);

// One platform for all runs: a process has one kernel.
void platform_tick(benchmark::State& state) {
  static sim::TlmIntegers machine("tlm", program(), parameters(), options());
  run(state, machine, 20);
}
BENCHMARK(platform_tick)->ArgName("percent")->Arg(100)->Arg(20)->Unit(benchmark::kMicrosecond);

void verilated_core(benchmark::State& state) {
  const auto library = std::make_shared<const sim::CoreLibrary>(
      sim::find_core_sources(), parameters(), sim::CoreBuild{},
      [](const std::string& text) { fmt::print(stderr, "{}\n", text); });
  sim::CoreIntegers machine("rtl", program(), parameters(), library);
  run(state, machine, 2);
}
BENCHMARK(verilated_core)->ArgName("percent")->Arg(100)->Arg(20)->Unit(benchmark::kMicrosecond);

}  // namespace
