// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tools/explore/optimise.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {

/// One training of the emulator.
struct Training {
  double accuracy = 0.0;
  std::uint64_t tested = 0;  ///< digits
  bool complete = false;     ///< false: given up on the way, or the formats have no proof
  Work work;
  std::vector<CurvePoint> curve;
};

/// A point on the common seeds.
struct Trial {
  CostedPoint point;
  Work work;           ///< of the first seed
  bool holds = false;  ///< the budget
};

/// Trainings of variants of one configuration, each done once. Thread-safe.
class Trials {
 public:
  /// Seeds of the search are the configuration's and those after it; fresh ones come after these.
  Trials(const Config&, const OptimiseOptions&);

  /// Golden with one of all_seeds() on validation data; to be called once for each before anything else.
  void train_golden(std::uint64_t seed);
  /// Accuracy of golden on test data as the user's configuration trains it; not a number where it diverges.
  double golden_on_test(std::uint64_t seed);
  /// A point as the user trains it: with all the training data that the user's configuration has, on test
  /// data.
  Config as_asked(Config) const;
  /// The i-th seed that nothing was chosen by.
  std::uint64_t confirming(std::size_t i) const;
  std::vector<std::uint64_t> all_seeds() const;
  const std::vector<std::uint64_t>& fresh() const { return fresh_; }
  double golden_mean(const std::vector<std::uint64_t>& seeds) const;
  double golden_of_search() const { return golden_mean(seeds_); }

  /// The configuration as the emulator trains it, alone, for the search: tested on data that are held back
  /// from training, a quarter of it where the user holds back none.
  const Config& base() const { return base_; }
  Costs costs(const Config& c, const Work& w) const { return costs_of(c, shape_, w); }

  Training train(Config, std::uint64_t seed);
  Trial on_common_seeds(const Config&);
  bool within_budget(double accuracy, double golden) const;

  /// From now on trainings that fall far behind this learning curve are given up; empty: none.
  void expect(std::vector<CurvePoint> curve) { expected_ = std::move(curve); }
  int count() const { return count_; }

 private:
  bool beyond_reach(const RunResult&) const;
  double golden_score(Config, std::uint64_t seed) const;

  const OptimiseOptions& options_;
  Config base_;
  model::TaskSettings asked_;  ///< the user's
  std::vector<model::WeightMatrix> shape_;
  std::vector<std::uint64_t> seeds_, fresh_;
  std::mutex mutex_;
  std::map<std::uint64_t, double> golden_;
  std::map<std::pair<std::string, std::uint64_t>, Training> trained_;
  std::vector<CurvePoint> expected_;
  int count_ = 0;
};

double mean_of(const std::vector<double>&);

}  // namespace apical::tools
