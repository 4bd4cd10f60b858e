// Runs the benchmarks and closes with the ratios that the project promises, all measured in this one run.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <map>

// SystemC's library has a main of its own, which looks for this; ours comes first.
extern "C" int sc_main(int, char**) {
  return 0;
}

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
  }

 private:
  using Table = std::map<std::string, double>;

  static void ratio(const char* what, const Table& table, const std::string& above,
                    const std::string& below) {
    const auto a = table.find(above), b = table.find(below);
    if (a != table.end() && b != table.end())
      fmt::print("ratio: {:<68} {:.3g}\n", what, a->second / b->second);
  }
  void time_ratio(const char* what, const std::string& above, const std::string& below) const {
    ratio(what, seconds_, above, below);
  }

  Table seconds_, rates_;
};

}  // namespace

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
