// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "tools/explore/costs.hpp"
#include "tools/explore/profile.hpp"
#include "tools/statistics/decision.hpp"

namespace apical::tools {

struct OptimiseOptions {
  double budget = 0.5;        ///< percentage points of accuracy below golden
  std::string cost = "bits";  ///< one of cost_names
  int threads = 1;
  int seeds = 2;        ///< common to all points of the search: run.seed and those after it
  int fresh = 3;        ///< that points are checked with again: those after the search's
  int most = 60;        ///< more seeds, of the verdicts on test data
  double error = 0.05;  ///< that any verdict is wrong
  ProfileOptions profile;
};

/// Reads "accuracy=-0.5pt" (percentage points). Throws InputError naming what is accepted.
double parse_budget(const std::string& text);

/// One configuration that was tried. Accuracies 0..1.
struct CostedPoint {
  Config config;
  Costs costs;
  double accuracy = 0.0;      ///< on validation data, with the configuration's own seed
  double mean = 0.0;          ///< over the seeds of the search
  std::vector<double> fresh;  ///< with fresh seeds, in their order; empty: not checked
  double fresh_mean() const;
  std::vector<double> tested;  ///< on test data, with the seeds from first_tested on
  std::uint64_t first_tested = 0;
  Decision decision;  ///< of "it loses less than the budget against golden", in points, on test data
};

/// What `apical optimise` found.
struct Optimum {
  std::vector<CostedPoint> front;  ///< dearest and best first: each cheaper and worse than the one before
  CostedPoint uniform;             ///< the default formats, 16 bits each
  double golden = 0.0;             ///< mean over the seeds of the search
  double golden_fresh = 0.0;
  std::vector<double> golden_tested;  ///< on test data, with the seeds of the verdicts
  std::size_t looks_at_test = 0;      ///< trainings that were tested on test data
  int trainings = 0;                  ///< of the emulator
  double seconds = 0.0, processor_seconds = 0.0;
  std::vector<std::string> notes;
  std::string trouble;  ///< why nothing was searched, or ""
};

/// Searches formats per signal, rounding of the weights and segments of the tables for the Pareto front of
/// accuracy against cost within the budget. Steepest descent from what profile() proposes: each round tries
/// every move alone, on the common seeds; takes all that kept the budget together, or as many of the best as
/// keep it; a move that didn't is tried with half its bits, then left. Points near the front are then trained
/// with fresh seeds, and stay if the budget holds on their mean. All that looks at validation data alone. Of
/// what is left test data decide by decide(), seed by seed: "no" leaves. An empty front: none is left. Throws
/// InputError.
Optimum optimise(const Config&, const OptimiseOptions&);

/// Name of the configuration of front point `index`, "point-1.toml" the dearest.
std::string point_name(std::size_t index);
std::string optimise_text(const Optimum&, const OptimiseOptions&);
std::string optimise_json(const Config&, const Optimum&, const OptimiseOptions&);
std::string pareto_csv(const Optimum&);
Figure pareto_figure(const Optimum&, const OptimiseOptions&);
/// The point's configuration, which loads and repeats `tested`'s first: trained as `config` asks.
std::string point_toml(const Config& config, const CostedPoint&, const Optimum&, const OptimiseOptions&);

}  // namespace apical::tools
