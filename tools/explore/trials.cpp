// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/trials.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/explore/held_back.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace apical::tools {
namespace {

// Of one seed below the budget: the other seeds won't mend it.
constexpr double beyond_hope = 0.02;

}  // namespace

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(values.size(), 1));
}

Trials::Trials(const Config& config, const OptimiseOptions& options)
    : options_(options), base_(on_validation(config)), asked_(config.task), shape_(starting_weights(config)) {
  asked_.test_on = model::TestOn::test;
  base_.machine = Machine::emulator;
  base_.threads = 1;
  base_.compare_thetas.clear();
  base_.test_learning = false;
  for (int i = 0; i < options.seeds; ++i) seeds_.push_back(config.seed + static_cast<std::uint64_t>(i));
  for (int i = 0; i < options.fresh; ++i)
    fresh_.push_back(config.seed + static_cast<std::uint64_t>(options.seeds) + static_cast<std::uint64_t>(i));
}

std::vector<std::uint64_t> Trials::all_seeds() const {
  std::vector<std::uint64_t> all = seeds_;
  all.insert(all.end(), fresh_.begin(), fresh_.end());
  return all;
}

double Trials::golden_score(Config c, std::uint64_t seed) const {
  c.machine = Machine::golden;
  c.seed = seed;
  RunOptions how;
  how.quiet = true;
  const RunResult result = run(c, how).results[0];
  return result.failed ? std::numeric_limits<double>::quiet_NaN() : result.score;
}

Config Trials::as_asked(Config c) const {
  c.task = asked_;
  return c;
}

double Trials::golden_on_test(std::uint64_t seed) {
  return golden_score(as_asked(base_), seed);
}

std::uint64_t Trials::confirming(std::size_t i) const {
  return base_.seed + seeds_.size() + fresh_.size() + i;
}

void Trials::train_golden(std::uint64_t seed) {
  const double score = golden_score(base_, seed);
  const std::lock_guard<std::mutex> lock(mutex_);
  golden_[seed] = score;
}

double Trials::golden_mean(const std::vector<std::uint64_t>& seeds) const {
  std::vector<double> values;
  values.reserve(seeds.size());
  for (const std::uint64_t seed : seeds) values.push_back(golden_.at(seed));
  return mean_of(values);
}

bool Trials::within_budget(double accuracy, double golden) const {
  return accuracy >= golden - options_.budget / 100.0 - 1e-9;
}

// Far below what was expected by then; less far as the training goes on.
bool Trials::beyond_reach(const RunResult& r) const {
  if (r.curve.empty() || r.curve.size() >= expected_.size()) return false;
  const double part = static_cast<double>(r.curve.size()) / static_cast<double>(expected_.size());
  const double expected = expected_[r.curve.size() - 1].score;
  return part > 0.15 && r.score < expected - options_.budget / 100.0 - (part < 0.5 ? 0.15 : 0.04);
}

Training Trials::train(Config config, std::uint64_t seed) {
  const auto key = std::make_pair(canonical(config), seed);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = trained_.find(key);
    if (known != trained_.end()) return known->second;
    ++count_;
  }
  config.seed = seed;
  config.allow_lossy_loading = true;  // what that costs is in the accuracy
  RunOptions how;
  how.quiet = true;
  how.give_up = [this](const RunResult& r) { return beyond_reach(r); };
  Training t;
  try {
    const RunOutcome outcome = run(config, how);
    const RunResult& r = outcome.results[0];
    t.accuracy = r.score;
    t.tested = r.tested;
    t.curve = r.curve;
    t.complete = !r.failed && (expected_.empty() || r.curve.size() == expected_.size());
    t.work = {r.activity, r.ticks};
  } catch (const InputError&) {  // no proof of its widths
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  return trained_[key] = t;
}

Trial Trials::on_common_seeds(const Config& config) {
  Trial trial;
  trial.point.config = config;
  std::vector<double> accuracy;
  for (const std::uint64_t seed : seeds_) {
    const Training t = train(config, seed);
    accuracy.push_back(t.accuracy);
    trial.point.mean = mean_of(accuracy);
    if (accuracy.size() == 1) {
      trial.point.accuracy = t.accuracy;
      trial.work = t.work;
      if (t.complete) trial.point.costs = costs(config, t.work);
    }
    if (!t.complete || !within_budget(t.accuracy + beyond_hope, golden_.at(seed))) return trial;
  }
  trial.holds = within_budget(trial.point.mean, golden_of_search());
  return trial;
}

}  // namespace apical::tools
