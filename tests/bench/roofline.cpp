// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most: 16-bit multiply-accumulates from the first-level cache, and moving
// weights from and to where 784-300-100-10 keeps them, and from memory.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

namespace {

#define APICAL_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), noinline))

APICAL_CLONES std::int32_t dot(const std::int16_t* a, const std::int16_t* b, int count) {
  std::int32_t sum = 0;
  for (int i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

APICAL_CLONES void increment(std::int16_t* a, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) a[i] = static_cast<std::int16_t>(a[i] + 1);
}

void int16_peak(benchmark::State& state) {
  constexpr int count = 4096;
  const std::vector<std::int16_t> a(count, 3), b(count, 5);
  for (auto _ : state) benchmark::DoNotOptimize(dot(a.data(), b.data(), count));
  state.counters["MAC/s"] = benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(int16_peak)->Unit(benchmark::kMicrosecond);

// Reads and writes every word once. Argument: kilobytes.
void bandwidth(benchmark::State& state) {
  std::vector<std::int16_t> words(static_cast<std::size_t>(state.range(0)) * 512);
  for (auto _ : state) {
    increment(words.data(), words.size());
    benchmark::ClobberMemory();
  }
  state.counters["bytes/s"] = benchmark::Counter(4.0 * static_cast<double>(words.size()),
                                                 benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(bandwidth)->ArgName("kB")->Arg(532)->Arg(262144)->Unit(benchmark::kMicrosecond);

}  // namespace
