#include "tools/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>

#include "model/hdf5_file.hpp"
#include "model/output_file.hpp"
#include "model/schedule.hpp"
#include "sim/core/core_machine.hpp"
#include "sim/core/core_runner.hpp"
#include "sim/machines/separate_machine.hpp"
#include "tools/config/imperfections.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/report/progress.hpp"
#include "tools/run/interrupts.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

constexpr std::uint64_t check_every = 512;     // ticks between looks at divergence and progress
constexpr std::size_t voltages_kept = 200000;  // per layer, for the histogram

// The training loop over one machine.
class Runner {
 public:
  Runner(const Config& config, const RunOptions& options, const model::Task& task, sim::Machine& machine,
         const std::string& trace, bool tests_learn, Progress& progress, std::size_t index,
         const std::atomic<bool>& stop)
      : config_(config),
        options_(options),
        task_(task),
        machine_(machine),
        tests_learn_(tests_learn),
        progress_(progress),
        index_(index),
        stop_(stop),
        depth_(static_cast<int>(config.network.layers.size()) - 1) {
    if (!trace.empty()) trace_.emplace(trace);
    result_.machine = machine.name();
    result_.classification = task.classification();
    result_.voltages.resize(static_cast<std::size_t>(depth_));
  }

  RunResult run() {
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t per_epoch = task_.training(0)->ticks();
    limit_ = config_.ticks > 0 ? config_.ticks : per_epoch * static_cast<std::uint64_t>(config_.epochs);
    result_.ticks_asked = limit_;
    epochs_ = (limit_ + per_epoch - 1) / per_epoch;
    for (int epoch = 0; result_.ticks < limit_ && !result_.failed && !stopped(); ++epoch) {
      scale_ = model::learning_scale(config_.decay, epoch);
      machine_.set_learning_scale(scale_);
      const auto before = machine_.activity();
      train(epoch);
      const auto after = machine_.activity();
      result_.activity.resize(after.size());
      for (std::size_t k = 0; k < after.size(); ++k) result_.activity[k].add(before[k], after[k]);
      if (!result_.failed && !result_.interrupted) test();
      if (options_.hopeless && options_.hopeless(result_)) break;
    }
    if (limit_ == 0) test();
    if (stopped() && result_.ticks < limit_) result_.interrupted = true;
    result_.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result_.trouble = machine_.trouble();
    result_.failed = machine_.failed();
    if (!result_.failed && !result_.curve.empty() && !std::isfinite(result_.score)) {
      result_.failed = true;
      result_.trouble +=
          fmt::format("{}the score of its test is {}", result_.trouble.empty() ? "" : "; ", result_.score);
    }
    result_.state_digest = machine_.state_digest();
    result_.macs = machine_.macs();
    result_.events = machine_.events();
    result_.core = machine_.core_counts();
    result_.signals = machine_.statistics();
    for (std::size_t k = 1; k <= weight_names(config_).size(); ++k)
      result_.weights.push_back(machine_.weights(static_cast<int>(k)));
    if (trace_ && !stop_) trace_->commit();  // of a run that another's error stopped nothing is kept
    return std::move(result_);
  }

 private:
  bool interrupted() const { return options_.interrupted != nullptr && *options_.interrupted; }
  bool stopped() const { return stop_ || interrupted(); }

  void train(int epoch) {
    const auto stream = task_.training(epoch);
    for (model::Sample sample; result_.ticks < limit_ && stream->next(sample);) {
      const double time = static_cast<double>(result_.ticks) * config_.network.dt;
      machine_.tick(sample.input.data(), sample.target.data(),
                    sample.nudge * model::nudge_scale(time, config_.beta_ramp), sample.changed);
      ++result_.ticks;
      if (trace_) record(sample);
      if (stopped() && result_.ticks < limit_) {
        result_.interrupted = true;
        break;
      }
      if (result_.ticks % check_every != 0) continue;
      result_.failed = machine_.failed();
      if (result_.failed) return;
      progress_.update(index_, result_.ticks, limit_,
                       fmt::format("epoch {}/{}, tick {}{}", epoch + 1, epochs_, result_.ticks,
                                   result_.curve.empty() ? "" : ", " + score_text(result_)));
    }
    result_.failed = machine_.failed();
  }

  // On frozen weights: every learning rate is 0 meanwhile. Neurons go on from where the training left them.
  void test() {
    model::Score score(result_.classification);
    for (auto& sample : result_.voltages) sample.clear();
    const auto stream = task_.test();
    if (!tests_learn_) {
      machine_.set_testing(true);
      machine_.set_learning_scale(0.0);
    }
    for (model::Sample sample; stream->next(sample);) {
      if (stopped()) {  // a score of some of the digits is none
        result_.interrupted = true;
        break;
      }
      machine_.tick(sample.input.data(), sample.target.data(), sample.nudge, sample.changed);
      if (!sample.scored) continue;
      score.add(sample, machine_.read("u", depth_));
      for (int k = 1; k <= depth_; ++k) {
        auto& kept = result_.voltages[static_cast<std::size_t>(k - 1)];
        if (kept.size() >= voltages_kept) continue;
        const std::vector<double> u = machine_.read("u", k);
        kept.insert(kept.end(), u.begin(), u.end());
      }
    }
    if (!tests_learn_) {
      machine_.set_learning_scale(scale_);
      machine_.set_testing(false);
    }
    if (result_.interrupted) return;
    result_.score = score.value();
    result_.curve.push_back({result_.ticks, result_.score});
  }

  void record(const model::Sample& sample) {
    trace_->append("/trace/layer0/rate", sample.input);
    trace_->append("/trace/target", sample.target);
    for (int k = 1; k <= depth_; ++k)
      for (const char* signal : {"u", "rate", "error", "basal"})
        trace_->append(fmt::format("/trace/layer{}/{}", k, signal), machine_.read(signal, k));
    // Events and multiply-accumulates of this tick.
    const auto now = machine_.activity();
    last_activity_.resize(now.size());
    for (std::size_t k = 0; k < now.size(); ++k) {
      fixedpoint::Activity tick;
      tick.add(last_activity_[k], now[k]);
      trace_->append(fmt::format("/trace/layer{}/events", k),
                     {static_cast<double>(tick.rate_events), static_cast<double>(tick.error_events)});
      if (k > 0) trace_->append(fmt::format("/trace/layer{}/macs", k), {static_cast<double>(tick.macs())});
    }
    last_activity_ = now;
  }

  const Config& config_;
  const RunOptions& options_;
  const model::Task& task_;
  sim::Machine& machine_;
  bool tests_learn_;
  double scale_ = 1.0;  ///< of the learning rates, outside of tests
  Progress& progress_;
  std::size_t index_;
  const std::atomic<bool>& stop_;  ///< the other machine's run failed: the results are not wanted any more
  int depth_;
  std::uint64_t epochs_ = 0;
  std::uint64_t limit_ = 0;
  std::optional<model::Hdf5Writer> trace_;
  std::vector<fixedpoint::Activity> last_activity_;
  RunResult result_;
};

std::string beside(const std::string& path, const std::string& prefix) {
  const std::filesystem::path p(path);
  return (p.parent_path() / (prefix + p.filename().string())).string();
}

struct Entrant {
  std::unique_ptr<sim::Machine> machine;
  Machine kind;
  std::string name;
  std::string trace{};  ///< file, or ""
  bool tests_learn = false;
};

// Runs each machine on a thread of its own, as many at a time as there are processors (golden and emulator
// always together).
std::vector<RunResult> side_by_side(const Config& config, const model::Task& task,
                                    const std::vector<Entrant>& machines, const RunOptions& options) {
  std::vector<std::string> names;
  names.reserve(machines.size());
  for (const Entrant& entrant : machines) names.push_back(entrant.name);
  Progress progress(names, options.quiet);
  std::vector<RunResult> results(machines.size());
  std::vector<std::exception_ptr> errors(machines.size());
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < machines.size(); i = next++) try {
        const Entrant& e = machines[i];
        results[i] =
            Runner(config, options, task, *e.machine, e.trace, e.tests_learn, progress, i, stop).run();
      } catch (...) {
        errors[i] = std::current_exception();
        stop = true;
      }
  };
  const std::size_t count = std::max<std::size_t>(2, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  try {
    for (std::size_t i = 0; i < std::min(count, machines.size()); ++i) threads.emplace_back(work);
  } catch (const std::system_error&) {  // a limit of processes: one after the other then
    if (threads.empty()) work();
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return results;
}

int in_lsb(int theta, double threshold) {
  if (threshold <= std::numeric_limits<int>::max()) return static_cast<int>(threshold);
  throw std::invalid_argument(fmt::format(
      "events.compare: {} is {:.3g} LSB of another signal; accepted: thresholds below 2^31 LSB of all", theta,
      threshold));
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
  std::vector<Entrant> machines;
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
  outcome.initial = options.initial.empty() ? starting_weights(config, options.weights) : options.initial;

  if (const auto chip = drawn_chip(config)) outcome.notes.push_back(chip->summary());

  std::vector<Entrant> machines;
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
    enter(Machine::emulator, make_emulator(config, program));
  }
  for (Entrant& e : machines)
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
    throw InputError(located(config, error.what()));
  }
}

}  // namespace apical::tools
