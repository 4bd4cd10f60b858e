// SPDX-License-Identifier: Apache-2.0
#include "tools/run/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <optional>
#include <system_error>
#include <thread>

#include "model/hdf5_file.hpp"
#include "model/schedule.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/report/progress.hpp"

namespace apical::tools {
namespace {

constexpr std::uint64_t check_every = 512;     // ticks between looks at divergence and progress
constexpr std::size_t voltages_kept = 200000;  // per layer, for the histogram

enum class Teacher { present, absent };

// The training loop over one machine.
class Runner {
 public:
  Runner(const Config& config, const RunOptions& options, const model::Task& task, const MachineRun& of,
         Progress& progress, std::size_t index, const std::atomic<bool>& stop)
      : config_(config),
        options_(options),
        task_(task),
        machine_(*of.machine),
        tests_learn_(of.tests_learn),
        progress_(progress),
        index_(index),
        stop_(stop),
        depth_(static_cast<int>(config.network.layers.size()) - 1) {
    if (!of.trace.empty()) trace_.emplace(of.trace);
    result_.machine = machine_.name();
    result_.classification = task.classification();
    result_.voltages.resize(static_cast<std::size_t>(depth_));
  }

  RunResult run() {
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t per_epoch = task_.training(0)->ticks();
    limit_ = config_.ticks > 0 ? config_.ticks : per_epoch * static_cast<std::uint64_t>(config_.epochs);
    result_.ticks_asked = limit_ + config_.retention;
    epochs_ = (limit_ + per_epoch - 1) / per_epoch;
    for (int epoch = 0; result_.ticks < limit_ && !result_.failed && !stopped(); ++epoch) {
      scale_ = model::learning_scale(config_.decay, epoch);
      machine_.set_learning_scale(scale_);
      const auto before = machine_.activity();
      present(epoch, limit_, Teacher::present);
      const auto after = machine_.activity();
      result_.activity.resize(after.size());
      for (std::size_t k = 0; k < after.size(); ++k) result_.activity[k].add(before[k], after[k]);
      if (!result_.failed && !result_.interrupted) test();
      if (options_.give_up && options_.give_up(result_)) break;
    }
    if (limit_ == 0) test();
    // What learning does to what was learned where nobody teaches: after its end as far as it was kept.
    for (int epoch = static_cast<int>(epochs_); result_.ticks >= limit_ && going_on(); ++epoch)
      present(epoch, result_.ticks_asked, Teacher::absent);
    if (config_.retention > 0 && result_.ticks == result_.ticks_asked && !result_.failed) test();
    if (stopped() && result_.ticks < result_.ticks_asked) result_.interrupted = true;
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

  bool going_on() const { return result_.ticks < result_.ticks_asked && !result_.failed && !stopped(); }

  // An epoch of the training data, as far as `limit`; learning is on, with a teacher or without.
  void present(int epoch, std::uint64_t limit, Teacher teacher) {
    const auto stream = task_.training(epoch);
    for (model::Sample sample; result_.ticks < limit && stream->next(sample);) {
      const double time = static_cast<double>(result_.ticks) * config_.network.dt;
      const double nudge = sample.nudge * model::nudge_scale(time, config_.beta_ramp);
      machine_.tick(sample.input.data(), sample.target.data(), teacher == Teacher::present ? nudge : 0.0,
                    sample.changed);
      ++result_.ticks;
      if (trace_) record(sample);
      if (stopped() && result_.ticks < result_.ticks_asked) {
        result_.interrupted = true;
        break;
      }
      if (result_.ticks % check_every != 0) continue;
      result_.failed = machine_.failed();
      if (result_.failed) return;
      progress_.update(index_, result_.ticks, result_.ticks_asked,
                       fmt::format("epoch {}/{}, tick {}{}", epoch + 1, epochs_, result_.ticks,
                                   result_.curve.empty() ? "" : ", " + score_text(result_)));
    }
    result_.failed = machine_.failed();
  }

  // On frozen weights: every learning rate is 0 meanwhile. Neurons go on from where the training left them.
  void test() {
    model::Score score(model::measure_of(result_.classification));
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
      for (int k = 1; k <= depth_ && options_.details; ++k) {
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
    result_.tested = score.count();
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

}  // namespace

std::vector<RunResult> side_by_side(const Config& config, const model::Task& task,
                                    const std::vector<MachineRun>& machines, const RunOptions& options) {
  std::vector<std::string> names;
  names.reserve(machines.size());
  for (const MachineRun& machine : machines) names.push_back(machine.name);
  Progress progress(names, options.quiet ? Progress::Verbosity::quiet : Progress::Verbosity::normal);
  std::vector<RunResult> results(machines.size());
  std::vector<std::exception_ptr> errors(machines.size());
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < machines.size(); i = next++) try {
        results[i] = Runner(config, options, task, machines[i], progress, i, stop).run();
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

}  // namespace apical::tools
