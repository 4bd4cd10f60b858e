// SPDX-License-Identifier: Apache-2.0
// The golden reference at 784-300-100-10: one solve of the exact flow, and a tick of each flow.
#include "model/golden.hpp"

#include <benchmark/benchmark.h>

#include <random>

#include "model/flow.hpp"

namespace {

using namespace apical::model;

const std::vector<int> layers = {784, 300, 100, 10};

// Like a digit of MNIST: 19% of the pixels are not zero.
Eigen::VectorXd digit(unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  Eigen::VectorXd pixels = Eigen::VectorXd::Zero(layers.front());
  for (double& pixel : pixels)
    if (uniform(random) < 0.19) pixel = uniform(random);
  return pixels;
}

// H du/dt = −F/τ − ∂F/∂t once: evaluate the network, build the blocks of H, solve. Everything moves, no pixel
// is zero.
void golden_exact_step(benchmark::State& state) {
  Network<double> net;
  for (const WeightMatrix& w : initial_weights(layers, Bias::with, {1.0}, 3)) net.weights.push_back(w);
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(0.0, 1.0);
  const auto draw = [&](Eigen::Index size) {
    Eigen::VectorXd v(size);
    for (double& x : v) x = normal(random);
    return v;
  };
  const Drive<double> drive{draw(784), draw(784), draw(10), draw(10), 0.1};
  const Layers<double> u = {draw(784), draw(300), draw(100), draw(10)};
  for (auto _ : state) benchmark::DoNotOptimize(exact_flow(net, u, drive, 10.0));
}
BENCHMARK(golden_exact_step)->Unit(benchmark::kMicrosecond);

// The yardstick: what published code of this theory does in a step, a dense Cholesky factorisation and solve
// over all 1194 neurons, input included.
void dense_cholesky_step(benchmark::State& state) {
  const Eigen::Index n = 784 + 300 + 100 + 10;
  std::srand(5);
  const Eigen::MatrixXd a = Eigen::MatrixXd::Random(n, n) / std::sqrt(static_cast<double>(n));
  const Eigen::MatrixXd h = Eigen::MatrixXd::Identity(n, n) + a * a.transpose();
  const Eigen::VectorXd right = Eigen::VectorXd::Random(n);
  for (auto _ : state) benchmark::DoNotOptimize(Eigen::VectorXd(h.llt().solve(right)));
}
BENCHMARK(dense_cholesky_step)->Unit(benchmark::kMicrosecond);

void golden_tick(benchmark::State& state, Flow flow, Scheme scheme) {
  GoldenSettings settings;
  settings.layers = layers;
  settings.flow = flow;
  settings.scheme = scheme;
  settings.eta = {1e-3};
  Golden golden(settings, initial_weights(layers, Bias::with, {1.0}, 3));
  const Eigen::VectorXd inputs[2] = {digit(1), digit(2)};
  const Eigen::VectorXd targets[2] = {Eigen::VectorXd::Unit(10, 3), Eigen::VectorXd::Unit(10, 7)};
  std::uint64_t tick = 0;
  for (auto _ : state) {
    const std::uint64_t shown = tick++ / 8 % 2;
    golden.tick(inputs[shown].data(), targets[shown].data(), 1.0);
  }
  state.counters["MAC/s"] =
      benchmark::Counter(static_cast<double>(golden.macs()), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(golden_tick, latent_equilibrium, Flow::latent_equilibrium, Scheme::integrated)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(golden_tick, integrated, Flow::lagrangian, Scheme::integrated)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(golden_tick, direct, Flow::lagrangian, Scheme::direct)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(golden_tick, exact, Flow::lagrangian, Scheme::exact)->Unit(benchmark::kMicrosecond);

}  // namespace
