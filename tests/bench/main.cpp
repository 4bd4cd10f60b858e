// SPDX-License-Identifier: Apache-2.0
// Runs the benchmarks and closes with the ratios that the project promises, all measured in this one run.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/network_784.hpp"

namespace {

class Reporter : public benchmark::ConsoleReporter {
 public:
  Reporter() : ConsoleReporter(isatty(STDOUT_FILENO) != 0 ? OO_ColorTabular : OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.error_occurred) continue;
      seconds_[run.benchmark_name()] = run.real_accumulated_time / static_cast<double>(run.iterations);
      const auto rate = run.counters.find("MAC/s");
      if (rate != run.counters.end()) rates_[run.benchmark_name()] = rate->second;
      const auto bytes = run.counters.find("bytes/s");
      if (bytes != run.counters.end()) bandwidths_[run.benchmark_name()] = bytes->second;
    }
  }

  void Finalize() override {
    ConsoleReporter::Finalize();
    fmt::print("\n");
    const std::string tick = "emulator_tick/weight_bits:16/statistics:0";
    time_ratio("emulator tick, 16-bit weights, over float32 tick (at most 2.5)", tick, "float_tick");
    time_ratio("emulator tick, 8-bit weights, over float32 tick", "emulator_tick/weight_bits:8/statistics:0",
               "float_tick");
    time_ratio("emulator tick with statistics over without (at most 1.1)",
               "emulator_tick/weight_bits:16/statistics:1", tick);
    ratio("MAC/s of the emulator over sc_fixed (at least 500)", rates_, tick, "sc_fixed_tick/rows:30");
    time_ratio("dense Cholesky step over layered exact step (at least 50)", "dense_cholesky_step",
               "golden_exact_step");
    roof("dense tick: share of min(int16 peak, memory bandwidth) (at least 0.6)", tick,
         "bandwidth/kB:262144");
    roof("the same against the bandwidth of the cache that holds the weights", tick, "bandwidth/kB:532");
    for (const char* percent : {"1", "5", "20"}) {
      const auto name = [&](const char* what, int schedule) {
        return fmt::format("{}schedule:{}/percent:{}", what, schedule, percent);
      };
      time_ratio(fmt::format("dense over event, {}% of the inputs active", percent),
                 name("activity/mnist:1/", 0), name("activity/mnist:1/", 1));
      time_ratio(fmt::format("dense over auto, {}% of the inputs active", percent),
                 name("activity/mnist:1/", 0), name("activity/mnist:1/", 2));
      time_ratio(fmt::format("dense over event, {}% of every layer active{}", percent,
                             percent == std::string("5") ? " (at least 6)" : ""),
                 name("sparse_everywhere/", 0), name("sparse_everywhere/", 1));
    }
    time_ratio("dense over event, 5% of the inputs active, 1000-1000", "wide_sparse/schedule:0",
               "wide_sparse/schedule:1");
    time_ratio("silent tick over dense tick (below 0.01)", "silent_tick", tick);
    cited("PyTorch latent-equilibrium step (cited) over dense, real digits (at least 25)",
          "real_digits/schedule:0");
    cited("PyTorch latent-equilibrium step (cited) over auto, real digits (at least 50)",
          "real_digits/schedule:2");
    for (const char* percent : {"100", "20"}) {
      const auto name = [&](const char* what) { return fmt::format("{}/percent:{}", what, percent); };
      time_ratio(
          fmt::format("Verilated core over loosely timed platform, {}% active (at least 200)", percent),
          name("verilated_core"), name("platform_tick"));
      time_ratio(fmt::format("loosely timed platform over emulator, {}% active (at most 1.5)", percent),
                 name("platform_tick"), name("emulator_machine"));
    }
    time_ratio("digits8: tick of the Verilated core over the emulator's", "digits8_core", "digits8_emulator");
    time_ratio("one thread over two, 1e7 weights (at least 1.8)", "size/log_weights:7/threads:1/real_time",
               "size/log_weights:7/threads:2/real_time");
    time_ratio("one thread over two, 16 networks side by side", "batch/networks:16/threads:1/real_time",
               "batch/networks:16/threads:2/real_time");
  }

  /// Ticks per second over activity, every schedule, as an SVG. False where gnuplot failed or nothing ran.
  bool plot(const std::string& file) const {
    std::string data;
    for (int schedule = 0; schedule < 3; ++schedule) {
      data += fmt::format("$s{} << EOD\n", schedule);
      std::size_t points = 0;
      for (const int percent : {1, 2, 5, 10, 20, 50, 100}) {
        const auto found =
            seconds_.find(fmt::format("activity/mnist:1/schedule:{}/percent:{}", schedule, percent));
        if (found == seconds_.end()) continue;
        data += fmt::format("{} {}\n", percent, 1.0 / found->second);
        ++points;
      }
      if (points == 0) return false;
      data += "EOD\n";
    }
    std::FILE* const gnuplot = popen("gnuplot", "w");
    if (gnuplot == nullptr) return false;
    fmt::print(
        gnuplot,
        "{}set terminal svg size 720,400\nset output '{}'\nset logscale xy\nset grid\nset key left bottom\n"
        "set xlabel 'active inputs, %'\nset ylabel 'ticks per second, 784-300-100-10 with learning'\n"
        "plot $s0 with linespoints title 'dense', $s1 with linespoints title 'event', "
        "$s2 with linespoints title 'auto'\n",
        data, file);
    return pclose(gnuplot) == 0;
  }

 private:
  using Table = std::map<std::string, double>;

  static void ratio(const std::string& what, const Table& table, const std::string& above,
                    const std::string& below) {
    const auto a = table.find(above), b = table.find(below);
    if (a != table.end() && b != table.end()) print(what, a->second / b->second);
  }
  static void print(const std::string& what, double value) {
    fmt::print("ratio: {:<75} {:.3g}\n", what, value);
  }
  void time_ratio(const std::string& what, const std::string& above, const std::string& below) const {
    ratio(what, seconds_, above, below);
  }
  // The least time that arithmetic and memory leave to a tick, over the time that it takes.
  void roof(const char* what, const std::string& tick, const std::string& memory) const {
    const auto time = seconds_.find(tick), moved = seconds_.find(memory);
    const auto peak = rates_.find("int16_peak");
    const auto bytes = bandwidths_.find(memory);
    if (time == seconds_.end() || moved == seconds_.end() || peak == rates_.end() ||
        bytes == bandwidths_.end())
      return;
    const double arithmetic = apical::bench::macs_per_tick / peak->second;
    const double memory_time = apical::bench::bytes_per_tick / bytes->second;
    print(what, std::max(arithmetic, memory_time) / time->second);
  }
  // 0.56..0.8 ms a tick at 784-300-100-10, batch 1, on one thread of such a machine; not measured here.
  void cited(const char* what, const std::string& below) const {
    const auto found = seconds_.find(below);
    if (found != seconds_.end())
      fmt::print("ratio: {:<75} {:.3g} .. {:.3g}\n", what, 0.56e-3 / found->second, 0.8e-3 / found->second);
  }

  Table seconds_, rates_, bandwidths_;
};

}  // namespace

int main(int count, char** arguments) {
  // --plot=FILE.svg is ours, the rest is the library's.
  std::string plot;
  std::vector<char*> rest;
  for (int i = 0; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument.rfind("--plot=", 0) == 0)
      plot = argument.substr(7);
    else
      rest.push_back(arguments[i]);
  }
  count = static_cast<int>(rest.size());
  benchmark::Initialize(&count, rest.data());
  if (benchmark::ReportUnrecognizedArguments(count, rest.data())) return 2;
  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  if (!plot.empty() && !reporter.plot(plot)) {
    fmt::print(stderr,
               "apical_bench: --plot: gnuplot failed, or no benchmark \"activity/mnist:1\" was run\n");
    return 1;
  }
  return 0;
}
