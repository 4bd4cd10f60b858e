#include <benchmark/benchmark.h>

#include "fixedpoint/emulator.hpp"
#include "tests/bench/network_784.hpp"

namespace {

using apical::fixedpoint::Format;

// Arguments: weight bits, statistics on or off.
void emulator_tick(benchmark::State& state) {
  auto net = apical::bench::network_784();
  Format& weight = net.formats.by_signal["weight"];
  weight.bits = static_cast<int>(state.range(0));
  weight.frac = weight.bits - 4;
  apical::fixedpoint::EmulatorOptions options;
  options.statistics = state.range(1) != 0;
  apical::fixedpoint::Emulator emulator(
      std::make_shared<const apical::fixedpoint::Program>(apical::fixedpoint::compile(net)), options);
  emulator.write_input(apical::bench::random_values(784, 1).data());
  // Targets that contradict each other from tick to tick: there is always an error, so every row learns
  // (of_all_MACs says so: 1).
  std::vector<double> wanted[2] = {apical::bench::random_values(10, 2), apical::bench::random_values(10, 3)};
  for (double& v : wanted[0]) v = 1.0 + v;
  for (double& v : wanted[1]) v = -1.0 - v;
  emulator.set_beta(net.beta);
  const std::uint64_t before = emulator.macs();
  for (auto _ : state) {
    emulator.write_target(wanted[emulator.ticks() % 2].data());
    emulator.tick();
  }
  state.counters["of_all_MACs"] = static_cast<double>(emulator.macs() - before) /
                                  (static_cast<double>(state.iterations()) * apical::bench::macs_per_tick());
  state.counters["MAC/s"] =
      benchmark::Counter(static_cast<double>(emulator.macs() - before), benchmark::Counter::kIsRate);
}
BENCHMARK(emulator_tick)
    ->ArgNames({"weight_bits", "statistics"})
    ->Args({16, 0})
    ->Args({16, 1})
    ->Args({8, 0})
    ->Args({8, 1})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
