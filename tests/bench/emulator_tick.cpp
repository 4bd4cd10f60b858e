// SPDX-License-Identifier: Apache-2.0
// Ticks of 784-300-100-10 under each schedule, over activity, size, threads and on real digits.
#include <benchmark/benchmark.h>

#include <cmath>

#include "fixedpoint/emulator/batch.hpp"
#include "fixedpoint/emulator/emulator.hpp"
#include "model/task.hpp"
#include "tests/bench/network_784.hpp"

namespace {

using namespace apical::fixedpoint;
using apical::bench::random_values;

std::shared_ptr<const Program> compiled(const NetworkDescription& net) {
  return std::make_shared<const Program>(compile(net));
}

// Inputs of which a share in percent is not 0, other ones every tick; and targets that contradict each other
// from tick to tick, so that there is always an error and every row learns.
class World {
 public:
  World(std::size_t inputs, std::size_t outputs, double percent) {
    std::mt19937_64 random(11);
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    for (auto& input : inputs_) {
      input.assign(inputs, 0.0);
      for (double& x : input)
        if (uniform(random) * 100.0 < percent) x = uniform(random);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      targets_[i] = random_values(outputs, static_cast<unsigned>(i));
      for (double& v : targets_[i]) v = i == 0 ? 1.0 + v : -1.0 - v;
    }
  }
  void show(Emulator& emulator) {
    emulator.write_input(inputs_[emulator.ticks() % 16].data());
    emulator.write_target(targets_[emulator.ticks() % 2].data());
  }

 private:
  std::vector<double> inputs_[16], targets_[2];
};

void count(benchmark::State& state, const Emulator& emulator, std::uint64_t before) {
  std::uint64_t all = 0;
  for (std::size_t k = 1; k < emulator.program().populations.size(); ++k)
    all += emulator.activity(static_cast<int>(k)).dense_macs;
  const auto done = static_cast<double>(emulator.observers().macs() - before);
  state.counters["of_all_MACs"] =
      static_cast<double>(emulator.observers().macs()) / static_cast<double>(std::max<std::uint64_t>(all, 1));
  state.counters["MAC/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  state.counters["ticks/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void run(benchmark::State& state, const NetworkDescription& net, EmulatorOptions options, double percent) {
  Emulator emulator(compiled(net), options);
  World world(static_cast<std::size_t>(net.layers.front()), static_cast<std::size_t>(net.layers.back()),
              percent);
  emulator.set_beta(net.beta);
  for (int i = 0; i < 20; ++i) {
    world.show(emulator);
    emulator.tick();
  }
  const std::uint64_t before = emulator.observers().macs();
  for (auto _ : state) {
    world.show(emulator);
    emulator.tick();
  }
  count(state, emulator, before);
}

void emulator_tick(benchmark::State& state) {
  auto net = apical::bench::network_784();
  Format& weight = net.formats.by_signal["weight"];
  weight.bits = static_cast<int>(state.range(0));
  weight.frac = weight.bits - 4;
  EmulatorOptions options;
  options.schedule = Schedule::dense;
  options.statistics = state.range(1) != 0;
  run(state, net, options, 100.0);
}
BENCHMARK(emulator_tick)
    ->ArgNames({"weight_bits", "statistics"})
    ->Args({16, 0})
    ->Args({16, 1})
    ->Args({8, 0})
    ->Args({8, 1})
    ->Unit(benchmark::kMicrosecond);

// Arguments: network (0: 64-64-10, 1: 784-300-100-10), schedule, share of inputs that are active in percent.
void activity(benchmark::State& state) {
  auto net = apical::bench::network_784();
  if (state.range(0) == 0) net = apical::bench::network({64, 64, 10});
  EmulatorOptions options;
  options.statistics = false;
  options.schedule = static_cast<Schedule>(state.range(1));
  run(state, net, options, static_cast<double>(state.range(2)));
}
BENCHMARK(activity)
    ->ArgNames({"mnist", "schedule", "percent"})
    ->ArgsProduct({{0, 1}, {0, 1, 2}, {1, 2, 5, 10, 20, 50, 100}})
    ->Unit(benchmark::kMicrosecond);

// The same share in every layer: rectified units, most of which a negative bias keeps silent.
void sparse_everywhere(benchmark::State& state) {
  auto net = apical::bench::network_784();
  net.activation = Function::relu;
  std::mt19937_64 random(3);
  const double share = static_cast<double>(state.range(1)) / 100.0;
  for (std::size_t k = 0; k + 2 < net.layers.size(); ++k) {
    const auto columns = static_cast<std::size_t>(net.layers[k] + 1);
    for (std::size_t row = 0; row < static_cast<std::size_t>(net.layers[k + 1]); ++row)
      net.weights[k][row * columns + columns - 1] =
          std::uniform_real_distribution<double>(0.0, 1.0)(random) < share ? 1.0 : -6.0;
  }
  EmulatorOptions options;
  options.statistics = false;
  options.schedule = static_cast<Schedule>(state.range(0));
  run(state, net, options, static_cast<double>(state.range(1)));
}
BENCHMARK(sparse_everywhere)
    ->ArgNames({"schedule", "percent"})
    ->ArgsProduct({{0, 1, 2}, {1, 5, 20}})
    ->Unit(benchmark::kMicrosecond);

// Equilibrium without a nudge: nothing moves.
void silent_tick(benchmark::State& state) {
  const auto net = apical::bench::network_784();
  EmulatorOptions options;
  options.statistics = false;
  options.schedule = Schedule::event;
  Emulator emulator(compiled(net), options);
  emulator.write_input(random_values(784, 1).data());
  for (int i = 0; i < 500; ++i) emulator.tick();
  for (auto _ : state) emulator.tick();
}
BENCHMARK(silent_tick)->Unit(benchmark::kMicrosecond);

// MNIST as it is trained: 8 ticks a digit, abrupt transitions, learning on. Argument: schedule.
void real_digits(benchmark::State& state) {
  apical::model::TaskSettings settings;
  settings.kind = apical::model::TaskKind::mnist;
  settings.train_limit = 500;
  std::unique_ptr<apical::model::Task> task;
  try {
    task = apical::model::make_task(settings);
  } catch (const std::exception& error) {
    state.SkipWithError("no MNIST here: tools/fetch-mnist brings it");
    return;
  }
  std::vector<apical::model::Sample> samples;
  const auto stream = task->training(0);
  for (apical::model::Sample sample; stream->next(sample);) samples.push_back(sample);
  auto net = apical::bench::network_784();
  net.eta = {0.2, 0.04, 0.02};
  EmulatorOptions options;
  options.statistics = false;
  options.schedule = static_cast<Schedule>(state.range(0));
  Emulator emulator(compiled(net), options);
  emulator.set_beta(net.beta);
  std::size_t at = 0;
  const auto step = [&] {
    const auto& sample = samples[at++ % samples.size()];
    if (sample.changed) {
      emulator.write_input(sample.input.data());
      emulator.write_target(sample.target.data());
    }
    emulator.tick();
  };
  for (int i = 0; i < 2000; ++i) step();
  const std::uint64_t before = emulator.observers().macs();
  for (auto _ : state) step();
  count(state, emulator, before);
}
BENCHMARK(real_digits)->ArgName("schedule")->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);

// Two layers of n units: n · n weights between them. Arguments: log10 of the weights, threads.
void size(benchmark::State& state) {
  const int n = static_cast<int>(std::lround(std::pow(10.0, static_cast<double>(state.range(0)) / 2)));
  const auto net = apical::bench::network({n, n});
  EmulatorOptions options;
  options.statistics = false;
  options.threads = static_cast<int>(state.range(1));
  options.schedule = Schedule::dense;
  run(state, net, options, 100.0);
}
BENCHMARK(size)
    ->ArgNames({"log_weights", "threads"})
    ->ArgsProduct({{3, 4, 5, 6, 7, 8}, {1}})
    ->Args({7, 2})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

// 1e6 weights of which 5% meet an active source. Argument: schedule.
void wide_sparse(benchmark::State& state) {
  EmulatorOptions options;
  options.statistics = false;
  options.schedule = static_cast<Schedule>(state.range(0));
  run(state, apical::bench::network({1000, 1000}), options, 5.0);
}
BENCHMARK(wide_sparse)->ArgName("schedule")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

// Many small networks of a sweep side by side. Arguments: networks, threads.
void batch(benchmark::State& state) {
  const auto program = compiled(apical::bench::network({64, 64, 10}));
  std::vector<Emulator> networks;
  EmulatorOptions options;
  options.statistics = false;
  for (std::int64_t i = 0; i < state.range(0); ++i) networks.emplace_back(program, options);
  World world(64, 10, 100.0);
  Batch together(std::move(networks), static_cast<int>(state.range(1)));
  for (auto _ : state)
    together.run([&](Emulator& emulator, std::size_t) {
      for (int t = 0; t < 16; ++t) {
        world.show(emulator);
        emulator.tick();
      }
    });
  state.counters["ticks/s"] = benchmark::Counter(
      16.0 * static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate);
}
BENCHMARK(batch)
    ->ArgNames({"networks", "threads"})
    ->Args({16, 1})
    ->Args({16, 2})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
