// SPDX-License-Identifier: Apache-2.0
// The same forward, backward and learning arithmetic written with IEEE 1666 fixed-point types.
#define SC_INCLUDE_FX
#include <benchmark/benchmark.h>
#include <systemc>

#include "tests/bench/network_784.hpp"

namespace {

using Weight = sc_dt::sc_fixed<16, 4, sc_dt::SC_RND_CONV, sc_dt::SC_SAT>;
using Rate = sc_dt::sc_fixed<16, 2, sc_dt::SC_RND_CONV, sc_dt::SC_SAT>;
using Error = sc_dt::sc_fixed<16, 1, sc_dt::SC_RND_CONV, sc_dt::SC_SAT>;
using Sum = sc_dt::sc_fixed<48, 20>;

// Argument: rows of the 785-column matrix; the whole 300 would take seconds a tick.
void sc_fixed_tick(benchmark::State& state) {
  const int rows = static_cast<int>(state.range(0));
  const int columns = 785;
  std::vector<Weight> weights(static_cast<std::size_t>(rows * columns), Weight(0.05));
  std::vector<Rate> rates(static_cast<std::size_t>(columns), Rate(0.5));
  std::vector<Error> errors(static_cast<std::size_t>(rows), Error(0.01));
  std::vector<Sum> basal(static_cast<std::size_t>(rows));
  std::vector<Sum> apical(static_cast<std::size_t>(columns));
  for (auto _ : state) {
    for (int i = 0; i < rows; ++i) {
      Sum sum = 0;
      for (int j = 0; j < columns; ++j)
        sum += weights[static_cast<std::size_t>(i * columns + j)] * rates[static_cast<std::size_t>(j)];
      basal[static_cast<std::size_t>(i)] = sum;
    }
    for (int j = 0; j < columns; ++j) apical[static_cast<std::size_t>(j)] = 0;
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j)
        apical[static_cast<std::size_t>(j)] +=
            weights[static_cast<std::size_t>(i * columns + j)] * errors[static_cast<std::size_t>(i)];
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j)
        weights[static_cast<std::size_t>(i * columns + j)] +=
            errors[static_cast<std::size_t>(i)] * rates[static_cast<std::size_t>(j)];
    benchmark::ClobberMemory();
  }
  state.counters["MAC/s"] =
      benchmark::Counter(3.0 * rows * columns, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(sc_fixed_tick)->ArgName("rows")->Arg(30)->Unit(benchmark::kMicrosecond);

}  // namespace
