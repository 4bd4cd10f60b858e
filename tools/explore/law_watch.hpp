// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "model/network.hpp"
#include "sim/machines/emulator_machine.hpp"
#include "tools/config/config.hpp"
#include "tools/explore/step_statistics.hpp"

namespace apical::tools {

/// One place of a training in wide formats.
struct LawPoint {
  std::uint64_t tick = 0;
  double time = 0.0;  ///< learning so far: sum over ticks of the schedule's factor on the learning rates
  std::vector<std::vector<double>> weights;  ///< per layer, row-major
  std::vector<StepStatistics> steps;         ///< per layer, of changes from here to the next place
};

/// One weight matrix that learns, at the end of the training. [rows × columns] with the bias column.
struct LawMatrix {
  std::string name;
  int layer = 0;
  double eta_dt = 0.0;          ///< learning rate per tick, the schedule's factor left out
  Eigen::MatrixXd step;         ///< E|Δ| of every weight, the factor left out
  Eigen::MatrixXd sources;      ///< E[r rᵀ] of what it reads, the constant 1 last
  Eigen::MatrixXd sensitivity;  ///< E[JᵀJ], J = ∂u_N/∂u of the layer it leads into
};

/// Looks at a training in wide formats and measures what the laws of rounding need, (68) to (74) of
/// model/README.md. Chains of layers alone.
class LawWatch {
 public:
  /// Throws SettingsError for networks that the laws don't cover.
  explicit LawWatch(const Config&);

  /// A training of so many ticks begins; what was measured before is forgotten.
  void begin(const sim::EmulatorMachine&, std::uint64_t ticks);
  /// After tick number `done` of it; `scale`: the schedule's factor on the learning rates.
  void ticked(const sim::EmulatorMachine&, const model::Sample&, double scale, std::uint64_t done);

  const std::vector<LawPoint>& points() const { return points_; }
  /// Means over the last part of the training.
  std::vector<LawMatrix> matrices() const;
  /// The schedule's factor at the end.
  double last_scale() const { return last_scale_; }
  /// By how much the machine's errors are those of the loss ½ ‖target − u_N‖² of what it says without a
  /// nudge: the component of err_N along target − u_N, over the latter. β, but for what the nudge itself
  /// moves.
  double nudge() const { return squares_ > 0.0 ? along_ / squares_ : 0.0; }
  /// Mean of that loss over the last part of the training.
  double training_loss() const { return 0.5 * squares_ / std::max(1.0, looks_); }

 private:
  bool is_looked_at(std::uint64_t tick) const;
  void look(const sim::EmulatorMachine&, const model::Sample&, double scale, bool late);
  void count_changes();
  void curvature(const sim::EmulatorMachine&, const model::Sample&);
  void keep(const sim::EmulatorMachine&, std::uint64_t tick);

  const Config& config_;
  model::Network<double> net_;
  std::uint64_t ticks_ = 0, every_ = 1;
  double time_ = 0.0, last_scale_ = 1.0;
  /// What LEARN multiplied at one tick, per layer: η dt err and r.
  struct Factors {
    std::vector<Eigen::VectorXd> step, rate;
  };
  std::vector<Factors> seen_;  ///< since the last place
  std::vector<LawPoint> points_;
  std::vector<LawMatrix> sums_;
  double looks_ = 0.0, along_ = 0.0, squares_ = 0.0;
};

}  // namespace apical::tools
