#include "tools/run.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "fixedpoint/compiler.hpp"
#include "model/hdf5_file.hpp"
#include "model/schedule.hpp"
#include "sim/core_machine.hpp"
#include "sim/core_runner.hpp"
#include "sim/separate_machine.hpp"
#include "tools/imperfections.hpp"
#include "tools/machines.hpp"
#include "tools/progress.hpp"
#include "tools/stimulus.hpp"

namespace apical::tools {
namespace {

constexpr std::uint64_t check_every = 512;     // ticks between looks at divergence and progress
constexpr std::size_t voltages_kept = 200000;  // per layer, for the histogram

// The training loop over one machine.
class Runner {
 public:
  Runner(const Config& config, const RunOptions& options, const model::Task& task, sim::Machine& machine,
         const std::string& trace, Progress& progress, std::size_t index, const std::atomic<bool>& stop)
      : config_(config),
        options_(options),
        task_(task),
        machine_(machine),
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
    epochs_ = (limit_ + per_epoch - 1) / per_epoch;
    for (int epoch = 0; result_.ticks < limit_ && !result_.failed && !stopped(); ++epoch) {
      machine_.set_learning_scale(model::learning_scale(config_.decay, epoch));
      const auto before = machine_.activity();
      train(epoch);
      const auto after = machine_.activity();
      result_.activity.resize(after.size());
      for (std::size_t k = 0; k < after.size(); ++k) result_.activity[k].add(before[k], after[k]);
      if (!result_.failed) test();
      if (options_.hopeless && options_.hopeless(result_)) break;
    }
    if (limit_ == 0) test();
    result_.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result_.trouble = machine_.trouble();
    result_.failed = machine_.failed();
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
      if (result_.ticks % check_every != 0) continue;
      result_.failed = machine_.failed();
      if (result_.failed || stopped()) return;
      progress_.update(index_, result_.ticks, limit_,
                       fmt::format("epoch {}/{}, tick {}{}", epoch + 1, epochs_, result_.ticks,
                                   result_.curve.empty() ? "" : ", " + score_text(result_)));
    }
    result_.failed = machine_.failed();
  }

  void test() {
    model::Score score(result_.classification);
    for (auto& sample : result_.voltages) sample.clear();
    const auto stream = task_.test();
    machine_.set_testing(true);
    for (model::Sample sample; stream->next(sample) && !interrupted();) {
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
    machine_.set_testing(false);
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

// Runs each machine on a thread of its own, as many at a time as there are processors (golden and emulator
// always together).
std::vector<RunResult> side_by_side(const Config& config, const model::Task& task,
                                    const std::vector<std::unique_ptr<sim::Machine>>& machines,
                                    const std::vector<std::string>& names, const RunOptions& options) {
  const std::string& trace = options.trace;
  Progress progress(names, options.quiet);
  std::vector<RunResult> results(machines.size());
  std::vector<std::exception_ptr> errors(machines.size());
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < machines.size(); i = next++) try {
        const bool other = machines.size() > 1 && machines[i]->name() == "golden";
        results[i] = Runner(config, options, task, *machines[i],
                            trace.empty() || !other ? trace : beside(trace, "golden-"), progress, i, stop)
                         .run();
      } catch (...) {
        errors[i] = std::current_exception();
        stop = true;
      }
  };
  const std::size_t count = std::max<std::size_t>(2, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(count, machines.size()); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return results;
}

// The same training at each threshold of events.compare; errors are sent from beta times the rate's
// threshold.
std::vector<ThresholdResult> compare_thresholds(const Config& config, const model::Task& task,
                                                const std::vector<model::WeightMatrix>& initial, bool quiet) {
  std::vector<std::unique_ptr<sim::Machine>> machines;
  std::vector<std::string> names;
  for (const int theta : config.compare_thetas) {
    Config variant = config;
    const auto value = [&](const char* signal, int layer) { return config.formats.at(signal, layer).lsb(); };
    variant.theta_rate.clear();
    variant.theta_error.clear();
    for (int layer = 0; layer < static_cast<int>(config.network.layers.size()); ++layer) {
      const double rate =
          theta * value("rate", std::max(layer, 1));  // the same step of activity in every layer
      variant.theta_rate.push_back(
          static_cast<int>(rate / value(layer == 0 ? "input" : "rate", std::max(layer, 1))));
      if (layer > 0)
        variant.theta_error.push_back(static_cast<int>(config.network.beta * rate / value("error", layer)));
    }
    auto program =
        std::make_shared<const fixedpoint::Program>(fixedpoint::compile(describe(variant, initial)));
    machines.push_back(make_emulator(config, std::move(program)));
    names.push_back(fmt::format("theta {}", theta));
  }
  std::vector<ThresholdResult> all;
  RunOptions options;
  options.quiet = quiet;
  const auto results = side_by_side(config, task, machines, names, options);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const RunResult& r = results[i];
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

  std::vector<std::unique_ptr<sim::Machine>> machines;
  if (config.machine == "golden" || config.machine == "both")
    machines.push_back(make_golden(config, outcome.initial));
  std::shared_ptr<const fixedpoint::Program> program;
  sim::SeparateMachine* platform = nullptr;
  if (config.machine != "tlm" && !(options.timeline + options.waveform).empty())
    throw InputError(
        fmt::format("--timeline, --vcd: run.machine is \"{}\"; accepted: \"tlm\"", config.machine));
  if (config.machine != "golden") {
    program =
        std::make_shared<const fixedpoint::Program>(fixedpoint::compile(describe(config, outcome.initial)));
    for (const fixedpoint::LoadReport& load : program->loads)
      if (load.became_zero + load.saturated > 0)
        outcome.notes.push_back(fmt::format("{}: of {} weights, {} became 0 and {} saturated on loading",
                                            load.name, load.values, load.became_zero, load.saturated));
    if (config.machine == "rtl") {
      machines.push_back(make_core(config, program));
    } else if (config.machine == "tlm") {
      auto made = make_tlm(config, program, options.timeline, options.waveform);
      platform = made.get();
      machines.push_back(std::move(made));
    } else {
      machines.push_back(make_emulator(config, program));
    }
  }
  std::vector<std::string> names;
  names.reserve(machines.size());
  for (const auto& machine : machines) names.push_back(machine->name());
  outcome.results = side_by_side(config, *task, machines, names, options);
  if (platform != nullptr) platform->finish();
  for (RunResult& r : outcome.results)
    for (std::size_t k = 0; k < r.activity.size(); ++k)
      r.energy.push_back(sim::estimate(*program, static_cast<int>(k), r.activity[k], config.energy));
  if (program != nullptr && !config.compare_thetas.empty())
    outcome.thresholds = compare_thresholds(config, *task, outcome.initial, options.quiet);
  return outcome;
}

}  // namespace

std::vector<model::WeightMatrix> starting_weights(const Config& config, const std::string& file) {
  const model::GoldenSettings& s = config.network;
  std::vector<model::WeightMatrix> weights =
      model::initial_weights(s.layers, s.bias, config.gain, config.seed, s.connections);
  if (config.circuit == "microcircuit")
    weights = model::in_order(
        model::initial_circuit(weights, {config.feedback_init, config.lateral, config.gain, config.seed}));
  if (file.empty()) return weights;
  const std::vector<std::string> names = weight_names(config);
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const std::string name = "/weights/" + names[k];
    model::WeightMatrix read = model::read_matrix(file, name);
    if (read.rows() != weights[k].rows() || read.cols() != weights[k].cols())
      throw InputError(fmt::format("{}: {} is {} x {}; accepted: {} x {}", file, name, read.rows(),
                                   read.cols(), weights[k].rows(), weights[k].cols()));
    weights[k] = std::move(read);
  }
  return weights;
}

double lanes_busy(const sim::CoreCounts& c) {
  return static_cast<double>(c.lane_clocks) / static_cast<double>(std::max<std::uint64_t>(c.clocks, 1));
}

std::string score_text(const RunResult& r) {
  if (r.failed) return "diverged";
  if (r.curve.empty()) return "not tested";
  return r.classification ? fmt::format("{:.2f}%", 100.0 * r.score) : fmt::format("{:.4g}", r.score);
}

RunOutcome run(const Config& config, const RunOptions& options) {
  try {
    return run_checked(config, options);
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error.what()));
  }
}

}  // namespace apical::tools
