// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/machines/emulator_machine.hpp"
#include "tools/explore/law_watch.hpp"
#include "tools/explore/profile.hpp"
#include "tools/explore/wide_formats.hpp"

namespace apical::tools {

/// Sum of squares and count.
struct MeanSquare {
  double sum = 0.0;
  std::uint64_t count = 0;
  void add(double value) {
    sum += value * value;
    ++count;
  }
  double root() const { return count == 0 ? 0.0 : std::sqrt(sum / static_cast<double>(count)); }
};

/// The runs of a profile: the training in wide formats, and windows of learning from places of it.
class ProfileRuns {
 public:
  /// Values of a signal, and those that its format clipped.
  using Clipped = std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>;

  ProfileRuns(const Config&, const ProfileOptions&);

  /// Trains until wide formats hold all that the training takes: what they clip is seen by nobody. Fills in
  /// what the profile says of the reference; Profile::trouble where nothing holds it.
  void train_unclipped(Profile&);
  /// The windows in wide formats; fills in the same.
  void run_reference(Profile&);
  /// What the windows do in other formats.
  Noise compare(const fixedpoint::FormatTable&, int index_bits, Clipped* clipped = nullptr) const;

  const fixedpoint::Program& configured() const { return configured_; }
  const fixedpoint::FormatTable& wide() const { return wide_; }
  const std::map<SignalKey, std::pair<double, double>>& ranges() const { return ranges_; }
  /// By the laws of rounding, from the training; with ProfileOptions::tolerance.
  Prediction predicted(const Profile&) const;
  double rms(const SignalKey& key) const;  ///< over the windows; 0 of what they don't have
  int depth() const { return depth_; }

 private:
  using Matrix = std::vector<double>;
  /// Weights at one place of the training.
  struct Place {
    int epoch = 0;
    std::vector<Matrix> weights;  ///< of all projections that hold some
  };
  /// What a window of learning left.
  struct Trace {
    std::vector<double> output;  ///< u_N, tick by tick
    std::vector<Matrix> change;  ///< of the weights, per projection
  };
  using Squares = std::map<SignalKey, MeanSquare>;

  std::shared_ptr<const fixedpoint::Program> program(const fixedpoint::FormatTable&, int index_bits) const;
  void train(Profile&);
  std::vector<Matrix> all_weights(const sim::EmulatorMachine&) const;
  void widen(const model::Sample&);
  void widen(const SignalKey&, double low, double high);
  void look(const sim::EmulatorMachine&);
  Trace window(const fixedpoint::Program&, const Place&, Squares* squares, Clipped* clipped) const;
  void load(fixedpoint::Program&, const std::vector<Matrix>&) const;
  Tested tested(const std::vector<Matrix>& weights) const;
  void watch_signals(const sim::EmulatorMachine&, const model::Sample&, double scale, Squares&) const;

  const Config& config_;
  const ProfileOptions& options_;
  std::unique_ptr<model::Task> task_;
  int depth_;
  std::vector<model::WeightMatrix> weights_;
  fixedpoint::Program configured_;
  fixedpoint::FormatTable wide_;
  std::optional<LawWatch> laws_;
  std::vector<Place> places_;
  std::vector<Trace> reference_;
  std::map<SignalKey, std::pair<double, double>> ranges_;
  std::set<SignalKey> saturated_;
  Squares squares_;
  MeanSquare output_;
};

}  // namespace apical::tools
