// SPDX-License-Identifier: Apache-2.0
// What the C interface adds to a tick of 784-300-100-10: both in turn, so that the ratio doesn't go by what
// else the machine does.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <stdexcept>

#include "fixedpoint/emulator/emulator.hpp"
#include "tests/bench/network_784.hpp"
#include "tools/c/apical.h"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* configuration = R"([network]
layers = [784, 300, 100, 10]
[dynamics]
beta = 0.5
[learning]
eta = [0.05, 0.05, 0.05]
)";

void ok(apical_status status) {
  if (status != APICAL_OK) throw std::runtime_error(apical_last_error(nullptr));
}

void c_interface(benchmark::State& state) {
  const auto config = apical::tools::parse_config(configuration, "benchmark");
  apical::fixedpoint::EmulatorOptions how;
  how.statistics = false;  // as the C interface has it
  apical::fixedpoint::Emulator emulator(
      apical::tools::compiled(config, apical::tools::starting_weights(config)), how);
  apical_emulator* handle = nullptr;
  ok(apical_open_text(configuration, nullptr, nullptr, 0, &handle));
  std::array<std::vector<double>, 16> inputs;
  for (unsigned i = 0; i < inputs.size(); ++i) inputs[i] = apical::bench::random_values(784, i);
  const std::vector<double> target = apical::bench::random_values(10, 99);
  emulator.set_beta(config.network.beta);
  ok(apical_set_nudge(handle, 1.0));
  Clock::duration direct{}, by_c{};
  const auto once = [&](const std::vector<double>& input, bool counts) {
    const auto start = Clock::now();
    emulator.write_input(input.data());
    emulator.write_target(target.data());
    emulator.tick();
    const auto middle = Clock::now();
    ok(apical_set_input(handle, input.data(), input.size()));
    ok(apical_set_target(handle, target.data(), target.size()));
    ok(apical_tick(handle));
    if (!counts) return;
    direct += middle - start;
    by_c += Clock::now() - middle;
  };
  for (const auto& input : inputs) once(input, false);
  std::size_t tick = 0;
  for (auto _ : state) once(inputs[tick++ % inputs.size()], true);
  std::array<char, APICAL_DIGEST_SIZE> digest{};
  ok(apical_digest(handle, digest.data(), digest.size()));
  if (emulator.digest() != digest.data()) state.SkipWithError("another digest");
  state.counters["of_emulator"] = static_cast<double>(by_c.count()) / static_cast<double>(direct.count());
  ok(apical_close(handle));
}
BENCHMARK(c_interface)->Unit(benchmark::kMicrosecond);

}  // namespace
