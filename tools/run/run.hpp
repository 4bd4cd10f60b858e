// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "sim/machines/machine.hpp"
#include "tools/config/config.hpp"
#include "tools/report/output_folder.hpp"

namespace apical::tools {

/// One point of a learning curve.
struct CurvePoint {
  std::uint64_t ticks = 0;  ///< of training so far
  double score = 0.0;       ///< accuracy 0..1, or mean squared error, on the test stream, weights frozen
  /// Of the same training where tests learn, too (run.test_learning); else not a number.
  double score_learning = std::numeric_limits<double>::quiet_NaN();
};

/// What one machine did.
struct RunResult {
  std::string machine, state_digest, trouble;
  bool failed = false, classification = true;
  bool failed_learning = false;  ///< the one whose tests learn
  bool interrupted = false;      ///< training or a test ended before its end
  std::uint64_t ticks = 0, macs = 0, events = 0;
  std::uint64_t ticks_asked = 0;                            ///< of training
  double score = std::numeric_limits<double>::quiet_NaN();  ///< of the last test; not a number without one
  double score_learning = std::numeric_limits<double>::quiet_NaN();  ///< CurvePoint::score_learning
  std::uint64_t tested = 0;  ///< digits, or ticks, that the last test scored
  double wall_seconds = 0.0;
  std::vector<CurvePoint> curve;
  std::vector<fixedpoint::Activity> activity;  ///< of the training, per population 0..N; empty: not counted
  std::vector<sim::Energy> energy;             ///< likewise
  sim::CoreCounts core;                        ///< of all ticks, the tests' among them
  std::vector<sim::SignalStatistics> signals;
  std::vector<std::vector<double>> weights;   ///< row-major, per projection of weight_names()
  std::vector<std::vector<double>> voltages;  ///< a sample of u, per layer, from the last test
};

/// What a run wants beside its configuration.
struct RunOptions {
  std::vector<model::WeightMatrix> initial;  ///< to start from instead, as starting_weights() has them
  std::string trace;                         ///< HDF5 file to write a trace of the training to, or ""
  std::string timeline,
      waveform;  ///< files for what the virtual platform does over time, or "" (sim/platform/timeline.hpp)
  const std::atomic<bool>* interrupted = nullptr;  ///< becomes true: training and testing end where they are
  bool catch_signals = false;                      ///< so they do at SIGINT and SIGTERM; RunOutcome::signal
  bool quiet = false;                              ///< one of several runs: no progress of its own
  bool details = true;  ///< voltages, and of signals ranges, zeros and bits, are wanted; else what is clipped
  std::function<bool(const RunResult&)> give_up;  ///< asked after every test; true ends the training there
};

/// The emulator once more, sending only what moved by more than theta.
struct ThresholdResult {
  int theta = 0;  ///< LSB of a rate
  double score = 0.0;
  std::uint64_t ticks = 0, events = 0;  ///< of the training
  double macs_of_dense = 0.0;           ///< share
};

/// Everything that a run produced, ready to be written.
struct RunOutcome {
  std::vector<RunResult> results;           ///< golden first when both ran
  std::vector<ThresholdResult> thresholds;  ///< of events.compare
  std::vector<model::WeightMatrix> initial;
  std::vector<std::string> notes;                      ///< what loading lost, in plain words
  std::shared_ptr<const fixedpoint::Program> program;  ///< of the integer machine, if one ran
  std::pair<int, int> image{0, 0};
  int signal = 0;  ///< that interrupted it
};

/// Trains and tests the task of the configuration on its machine (or both, side by side in two threads),
/// showing progress. Throws InputError for what the configuration or the files get wrong.
RunOutcome run(const Config&, const RunOptions&);

/// Writes result.json, weights.h5 (and golden-weights.h5 when both ran) and report.html, all or none of them.
/// Returns the text of result.json.
std::string write_results(const Config&, const RunOutcome&, OutputFolder&);

/// Share of the clocks of a core's ticks in which its lanes worked.
double lanes_busy(const sim::CoreCounts&);

/// The score in words: "97.50%", an error, "diverged" or "not tested"; and that of the tests that learn.
std::string score_text(const RunResult&);
std::string learning_score_text(const RunResult&);
/// "" or " (95.7..98.9, n 360)": 95 % interval (Wilson) of an accuracy, 0..1, of the last test or the one
/// that learned.
std::string interval_text(const RunResult&, double accuracy);
/// "" or how far an interrupted run came.
std::string interruption_text(const RunResult&);

}  // namespace apical::tools
