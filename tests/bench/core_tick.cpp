// SPDX-License-Identifier: Apache-2.0
// Training ticks of digits8 on the Verilated core and on the emulator, as `apical run` does them.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "fixedpoint/emulator/emulator.hpp"
#include "sim/core/core_integers.hpp"
#include "sim/core/real_view.hpp"
#include "sim/machines/emulator_machine.hpp"
#include "tools/run/stimulus.hpp"

namespace {

using namespace apical;

struct Digits {
  tools::Config config = tools::read_config(APICAL_SOURCE_DIR "/tools/configs/digits8.toml");
  tools::Assignment assignment = tools::prepare(config);
};

void train(benchmark::State& state, const model::Task& task, sim::Machine& machine) {
  auto stream = task.training(0);
  model::Sample sample;
  for (auto _ : state) {
    if (!stream->next(sample)) {
      stream = task.training(0);
      stream->next(sample);
    }
    machine.tick(sample.input.data(), sample.target.data(), sample.nudge, sample.changed);
  }
  state.counters["ticks/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  if (const sim::CoreCounts counts = machine.core_counts(); counts.lanes > 0) {
    state.counters["Mcycles/s"] =
        benchmark::Counter(static_cast<double>(counts.clocks) * 1e-6, benchmark::Counter::kIsRate);
    state.counters["lanes_busy"] =
        static_cast<double>(counts.lane_clocks) / static_cast<double>(counts.clocks);
  }
}

void digits8_core(benchmark::State& state) {
  const Digits digits;
  const auto& program = digits.assignment.program;
  const sim::CoreParameters parameters = sim::required_parameters(*program, digits.config.lanes);
  auto library = std::make_shared<const sim::CoreLibrary>(
      sim::find_core_sources(), parameters, sim::CoreBuild{},
      [](const std::string& text) { fmt::print(stderr, "apical_bench: {}\n", text); });
  sim::RealView core(std::make_unique<sim::CoreIntegers>("rtl", program, parameters, std::move(library)));
  train(state, *digits.assignment.task, core);
}
BENCHMARK(digits8_core)->Unit(benchmark::kMicrosecond);

void digits8_emulator(benchmark::State& state) {
  const Digits digits;
  sim::EmulatorMachine emulator(digits.assignment.program);
  train(state, *digits.assignment.task, emulator);
}
BENCHMARK(digits8_emulator)->Unit(benchmark::kMicrosecond);

}  // namespace
