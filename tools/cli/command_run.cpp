// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/loading.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  ConfigArguments config;
  std::string machine, schedule, out;
  std::uint32_t seed = 0, ticks = 0;
  int threads = 0;
  bool json = false;
  RunOptions options;
};

Config effective(const Arguments& a, const CLI::App& command) {
  Config config = a.config.read();
  if (command.count("--machine") > 0) set_key(config, fmt::format("run.machine={}", a.machine), "--machine");
  if (command.count("--schedule") > 0)
    set_key(config, fmt::format("run.schedule={}", a.schedule), "--schedule");
  if (command.count("--seed") > 0) set_key(config, fmt::format("run.seed={}", a.seed), "--seed");
  if (command.count("--ticks") > 0) set_key(config, fmt::format("run.ticks={}", a.ticks), "--ticks");
  if (command.count("--threads") > 0) set_key(config, fmt::format("run.threads={}", a.threads), "--threads");
  return config;
}

int execute(const Arguments& a, const CLI::App& command) {
  const Config config = effective(a, command);
  OutputFolder folder(a.out.empty()
                          ? std::filesystem::path("out") / std::filesystem::path(a.config.file).stem()
                          : std::filesystem::path(a.out));
  const RunOutcome outcome = run(config, a.options);
  const std::string json = write_results(config, outcome, folder);
  int status = 0;
  say(outcome.notes);
  for (const RunResult& r : outcome.results) {
    if (!a.json)
      fmt::print("{:<9} {} {}{}{}, {} ticks in {:.1f} s ({:.0f} ticks/s), state {}\n", r.machine,
                 r.classification ? fmt::format("{} accuracy", name_of(config.task.test_on)) : "mse",
                 score_text(r), interval_text(r, r.score),
                 config.test_learning
                     ? " (learning on: " + learning_score_text(r) + interval_text(r, r.score_learning) + ")"
                     : "",
                 r.ticks, r.wall_seconds,
                 r.wall_seconds > 0 ? static_cast<double>(r.ticks) / r.wall_seconds : 0.0, r.state_digest);
    if (!r.trouble.empty()) fmt::print(stderr, "apical: {}: {}\n", r.machine, r.trouble);
    if (r.interrupted) fmt::print(stderr, "apical: {}: {}\n", r.machine, interruption_text(r));
    if (r.failed || r.failed_learning) status = 1;
  }
  if (a.json)
    fmt::print("{}", json);
  else
    fmt::print("report    {}\n", (folder.path() / "report.html").string());
  if (outcome.signal != 0) {  // what it wrote says so; the shell is told as it would have been without that
    std::fflush(stdout);
    std::raise(outcome.signal);
  }
  return status;
}

}  // namespace

void add_run(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  a->options.catch_signals = true;
  CLI::App* command = app.add_subcommand("run", "Train and test the task of a configuration");
  add_config(*command, a->config);
  add_weights(*command, a->config);
  command->add_option("--machine", a->machine, "golden, emulator, both, tlm or rtl (default: run.machine)");
  command->add_option("--schedule", a->schedule,
                      "dense, event or auto (default: run.schedule); the same bits");
  command->add_option("--seed", a->seed, "run.seed");
  command->add_option("--ticks", a->ticks, "run.ticks: stop training after so many ticks");
  command->add_option("--threads", a->threads, "run.threads");
  command->add_option("--trace", a->options.trace,
                      "HDF5 file for u, rate, error and basal of every training tick");
  command->add_option("--timeline", a->options.timeline,
                      "with --machine tlm: operations and stalls as Chrome trace-event JSON, for Perfetto");
  command->add_option("--vcd", a->options.waveform,
                      "with --machine tlm: operations and interrupts as a waveform");
  command->add_option("--out", a->out,
                      "folder for result.json, weights.h5, report.html (default: out/<config>)");
  command->add_flag("--json", a->json, "print result.json instead of the summary");
  command->footer(
      "Examples:\n"
      "  apical run tools/configs/digits8.toml\n"
      "  apical run tools/configs/digits8.toml --machine emulator --set formats.weight.bits=8 --set "
      "formats.weight.frac=5\n"
      "  apical run tools/configs/digits8.toml --weights out/digits8/weights.h5 --ticks 100 --trace "
      "trace.h5\n"
      "Ctrl-C and SIGTERM end the training where it is; what was learned until then is written.");
  command->callback([a, command, &status] { status = execute(*a, *command); });
}

}  // namespace apical::tools
