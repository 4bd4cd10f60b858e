// SPDX-License-Identifier: Apache-2.0
#include "tools/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include "model/output_file.hpp"
#include "model/settings/settings_error.hpp"
#include "sim/core/core_integers.hpp"
#include "sim/core/real_view.hpp"
#include "sim/machines/separate_machine.hpp"
#include "tools/config/imperfections.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/report/progress.hpp"
#include "tools/run/interrupts.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"
#include "tools/run/training.hpp"
#include "tools/statistics/interval.hpp"

namespace apical::tools {
namespace {

std::string beside(const std::string& path, const std::string& prefix) {
  const std::filesystem::path p(path);
  return (p.parent_path() / (prefix + p.filename().string())).string();
}

int in_lsb(int theta, double threshold) {
  if (threshold <= std::numeric_limits<int>::max()) return static_cast<int>(threshold);
  throw SettingsError("events.compare", fmt::format("{} is {:.3g} LSB of another signal", theta, threshold),
                      "thresholds below 2^31 LSB of all");
}

// The scores of the same training whose tests learn.
void add_learning(RunResult& r, const RunResult& learning) {
  r.failed_learning = learning.failed;
  if (!learning.failed) r.score_learning = learning.score;
  for (std::size_t i = 0; i < std::min(r.curve.size(), learning.curve.size()); ++i)
    r.curve[i].score_learning = learning.curve[i].score;
  if (!learning.trouble.empty() && learning.trouble != r.trouble)
    r.trouble +=
        fmt::format("{}with learning on in tests: {}", r.trouble.empty() ? "" : "; ", learning.trouble);
}

// The same training at each threshold of events.compare; errors are sent from beta times the rate's
// threshold.
std::vector<ThresholdResult> compare_thresholds(const Config& config, const model::Task& task,
                                                const std::vector<model::WeightMatrix>& initial,
                                                const RunOptions& how) {
  std::vector<MachineRun> machines;
  for (const int theta : config.compare_thetas) {
    Config variant = config;
    const auto value = [&](const char* signal, int layer) { return config.formats.at(signal, layer).lsb(); };
    variant.theta_rate.clear();
    variant.theta_error.clear();
    for (int layer = 0; layer < static_cast<int>(config.network.layers.size()); ++layer) {
      const double rate =
          theta * value("rate", std::max(layer, 1));  // the same step of activity in every layer
      variant.theta_rate.push_back(
          in_lsb(theta, rate / value(layer == 0 ? "input" : "rate", std::max(layer, 1))));
      if (layer > 0)
        variant.theta_error.push_back(in_lsb(theta, config.network.beta * rate / value("error", layer)));
    }
    machines.push_back({make_emulator(config, compiled(variant, initial)), Machine::emulator,
                        fmt::format("theta {}", theta)});
  }
  std::vector<ThresholdResult> all;
  RunOptions options;
  options.quiet = how.quiet;
  options.interrupted = how.interrupted;
  const auto results = side_by_side(config, task, machines, options);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const RunResult& r = results[i];
    if (r.interrupted) return {};
    ThresholdResult t{config.compare_thetas[i], r.score, r.ticks, 0, 0.0};
    std::uint64_t macs = 0, dense = 0;
    for (const fixedpoint::Activity& a : r.activity) {
      t.events += a.rate_events + a.error_events;
      macs += a.macs();
      dense += a.dense_macs;
    }
    t.macs_of_dense = static_cast<double>(macs) / static_cast<double>(std::max<std::uint64_t>(dense, 1));
    all.push_back(t);
  }
  return all;
}

RunOutcome run_checked(const Config& config, const RunOptions& options) {
  check(config);
  const auto task = configured_task(config);
  RunOutcome outcome;
  outcome.image = task->image();
  outcome.initial = options.initial.empty() ? starting_weights(config) : options.initial;

  if (const auto chip = drawn_chip(config)) outcome.notes.push_back(chip->summary());

  std::vector<MachineRun> machines;
  const auto enter = [&](Machine kind, std::unique_ptr<sim::Machine> machine) {
    machines.push_back({std::move(machine), kind, name_of(kind)});
  };
  if (config.machine == Machine::golden || config.machine == Machine::both)
    enter(Machine::golden, make_golden(config, outcome.initial));
  std::shared_ptr<const fixedpoint::Program> program;
  sim::SeparateMachine* platform = nullptr;
  if (config.machine != Machine::tlm && !(options.timeline + options.waveform).empty())
    throw InputError(
        fmt::format("--timeline, --vcd: run.machine is \"{}\"; accepted: \"tlm\"", name_of(config.machine)));
  for (const std::string& output : {options.timeline, options.waveform, options.trace})
    if (!output.empty()) model::prepare_output(output);
  if (config.machine != Machine::golden) {
    outcome.program = program = compiled(config, outcome.initial);
    for (std::string& note : loading_notes(config, *program)) outcome.notes.push_back(std::move(note));
  }
  if (config.machine == Machine::rtl) {
    enter(Machine::rtl, make_core(config, program));
  } else if (config.machine == Machine::tlm) {
    auto made = make_tlm(config, program, options.timeline, options.waveform);
    platform = made.get();
    enter(Machine::tlm, std::move(made));
  } else if (config.machine != Machine::golden) {
    fixedpoint::EmulatorOptions how = emulator_options(config);
    how.only_clipped = !options.details;
    enter(Machine::emulator, emulator_with(how, config, program));
  }
  for (MachineRun& e : machines)
    e.trace =
        options.trace.empty() || &e == &machines.back() ? options.trace : beside(options.trace, "golden-");
  // Their tests learn, and so they are machines of their own: nothing of it comes back to the others.
  const std::size_t asked = machines.size();
  for (std::size_t i = 0; config.test_learning && i < asked; ++i) {
    Config one = config;
    one.machine = machines[i].kind;
    machines.push_back(
        {make_machine(one, outcome.initial), one.machine, machines[i].name + ", learning", "", true});
  }

  std::optional<Interrupts> interrupts;
  RunOptions how = options;
  if (options.catch_signals) how.interrupted = &interrupts.emplace().flag();
  outcome.results = side_by_side(config, *task, machines, how);
  if (platform != nullptr) platform->finish();
  for (std::size_t i = 0; i + asked < machines.size(); ++i)
    add_learning(outcome.results[i], outcome.results[i + asked]);
  outcome.results.resize(asked);
  for (RunResult& r : outcome.results)
    for (std::size_t k = 0; k < r.activity.size(); ++k)
      r.energy.push_back(sim::estimate(*program, static_cast<int>(k), r.activity[k], config.energy));
  const bool complete = std::none_of(outcome.results.begin(), outcome.results.end(),
                                     [](const RunResult& r) { return r.interrupted; });
  if (program != nullptr && !config.compare_thetas.empty() && complete) {
    outcome.thresholds = compare_thresholds(config, *task, outcome.initial, how);
    if (outcome.thresholds.empty()) outcome.notes.emplace_back("events.compare: interrupted, left out");
  }
  if (interrupts) outcome.signal = interrupts->signal();
  return outcome;
}

}  // namespace

double lanes_busy(const sim::CoreCounts& c) {
  return static_cast<double>(c.lane_clocks) / static_cast<double>(std::max<std::uint64_t>(c.clocks, 1));
}

static std::string in_words(bool failed, double score, const RunResult& r) {
  if (failed) return "diverged";
  if (r.curve.empty()) return "not tested";
  return r.classification ? fmt::format("{:.2f}%", 100.0 * score) : fmt::format("{:.4g}", score);
}

std::string score_text(const RunResult& r) {
  return in_words(r.failed, r.score, r);
}

std::string learning_score_text(const RunResult& r) {
  return in_words(r.failed_learning, r.score_learning, r);
}

std::string interval_text(const RunResult& r, double accuracy) {
  if (!r.classification || r.tested == 0 || !std::isfinite(accuracy)) return "";
  const Interval i = wilson(accuracy, r.tested);
  return fmt::format(" ({:.2f}..{:.2f}, n {})", 100.0 * i.low, 100.0 * i.high, r.tested);
}

std::string interruption_text(const RunResult& r) {
  if (!r.interrupted) return "";
  return fmt::format(
      "interrupted after {} of {} ticks; {}", r.ticks, r.ticks_asked,
      r.curve.empty() ? "not tested" : fmt::format("the last test was after {}", r.curve.back().ticks));
}

RunOutcome run(const Config& config, const RunOptions& options) {
  try {
    return run_checked(config, options);
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
}

}  // namespace apical::tools
