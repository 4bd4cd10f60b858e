// SPDX-License-Identifier: Apache-2.0
// The yardstick: one tick of the same network in plain float32 loops that the compiler vectorises for the
// processor at hand (this file alone is compiled with -ffast-math, so that sums may be reordered).
#include <benchmark/benchmark.h>

#include <cmath>

#include "tests/bench/network_784.hpp"

namespace {

#define APICAL_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), noinline))

struct FloatLayer {
  int rows, columns;
  std::vector<float> weights, basal, rate, slope, error, apical;
};

APICAL_CLONES void forward(const float* w, const float* x, float* sums, int rows, int columns) {
  for (int i = 0; i < rows; ++i) {
    float sum = 0;
    for (int j = 0; j < columns; ++j) sum += w[i * columns + j] * x[j];
    sums[i] = sum;
  }
}

APICAL_CLONES void backward(const float* w, const float* e, float* sums, int rows, int columns) {
  for (int j = 0; j < columns; ++j) sums[j] = 0;
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) sums[j] += w[i * columns + j] * e[i];
}

APICAL_CLONES void learn(float* w, const float* e, const float* x, float eta, int rows, int columns) {
  for (int i = 0; i < rows; ++i) {
    const float step = eta * e[i];
    for (int j = 0; j < columns; ++j) w[i * columns + j] += step * x[j];
  }
}

APICAL_CLONES void activate(const float* basal, const float* error, float* rate, float* slope, int units) {
  for (int i = 0; i < units; ++i) {
    rate[i] = 1.0f / (1.0f + std::exp(-(basal[i] + error[i])));
    slope[i] = rate[i] * (1.0f - rate[i]);
  }
}

void float_tick(benchmark::State& state) {
  const auto net = apical::bench::network_784();
  std::vector<FloatLayer> layers;
  for (std::size_t k = 1; k < net.layers.size(); ++k) {
    FloatLayer l;
    l.rows = net.layers[k];
    l.columns = net.layers[k - 1] + 1;
    l.weights.assign(net.weights[k - 1].begin(), net.weights[k - 1].end());
    const auto units = static_cast<std::size_t>(l.rows) + 1;
    l.basal.resize(units);
    l.rate.assign(units, 1.0f);  // the last entry is the constant 1 of the bias
    l.slope.resize(units);
    l.error.resize(units);
    l.apical.resize(units);
    layers.push_back(std::move(l));
  }
  const auto pixels = apical::bench::random_values(784, 1);
  std::vector<float> input(pixels.begin(), pixels.end());
  input.push_back(1.0f);
  const auto wanted = apical::bench::random_values(10, 2);
  for (auto _ : state) {
    for (std::size_t k = 0; k < layers.size(); ++k) {
      FloatLayer& l = layers[k];
      forward(l.weights.data(), k == 0 ? input.data() : layers[k - 1].rate.data(), l.basal.data(), l.rows,
              l.columns);
      activate(l.basal.data(), l.error.data(), l.rate.data(), l.slope.data(), l.rows);
    }
    for (std::size_t k = layers.size(); k-- > 0;) {
      FloatLayer& l = layers[k];
      if (k + 1 == layers.size()) {
        for (int i = 0; i < l.rows; ++i) {
          const auto u = static_cast<std::size_t>(i);
          l.error[u] = 0.5f * (static_cast<float>(wanted[u]) - l.basal[u] - l.error[u]);
        }
        continue;
      }
      const FloatLayer& above = layers[k + 1];
      backward(above.weights.data(), above.error.data(), l.apical.data(), above.rows, above.columns);
      for (int i = 0; i < l.rows; ++i)
        l.error[static_cast<std::size_t>(i)] =
            l.slope[static_cast<std::size_t>(i)] * l.apical[static_cast<std::size_t>(i)];
    }
    for (std::size_t k = 0; k < layers.size(); ++k)
      learn(layers[k].weights.data(), layers[k].error.data(),
            k == 0 ? input.data() : layers[k - 1].rate.data(), static_cast<float>(net.eta[k]), layers[k].rows,
            layers[k].columns);
    benchmark::ClobberMemory();
  }
  state.counters["MAC/s"] =
      benchmark::Counter(apical::bench::macs_per_tick, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(float_tick)->Unit(benchmark::kMicrosecond);

}  // namespace
