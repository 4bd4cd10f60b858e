// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "tools/explore/law_watch.hpp"

namespace apical::tools {

/// Stochastic rounding of one weight matrix, by (69) and (70) of model/README.md: in the axes in which its
/// curvature is (nearly) diagonal, the variance that its weights end with and the loss that it adds, per LSB.
class RoundedMatrix {
 public:
  /// `nudge` as LawWatch has it; `index`: of the matrix among points' steps.
  RoundedMatrix(const LawMatrix&, const std::vector<LawPoint>&, double last_scale, double nudge);

  const std::string& name() const { return name_; }
  int layer() const { return layer_; }
  double weights() const { return static_cast<double>(variance_.size()); }
  double mean_change() const { return mean_change_; }  ///< E|Δ|
  double excess_per_lsb() const { return unit_; }      ///< changes far below an LSB
  /// Excess loss where the network's errors are those of the wide one.
  double excess(double log2_lsb) const;
  /// The same with E|Δ| of the n-th of the last places, from the end: how sure E|Δ| is.
  double drift(std::size_t from_end) const;
  /// Of what it learns from at the end, the share in changes of an LSB and more.
  double beyond(double log2_lsb) const { return last_.beyond(log2_lsb); }
  /// Weights plus noise of the variance by which the excess is `excess_loss`; `normals` [weights] are normal.
  void disturb(std::vector<double>& weights, double excess_loss, const std::vector<double>& normals) const;

 private:
  std::string name_;
  int layer_;
  Eigen::MatrixXd rows_, columns_;  ///< axes: eigenvectors of E[JᵀJ] and of E[r rᵀ]
  Eigen::MatrixXd variance_;        ///< in them, per LSB
  double unit_ = 0.0;               ///< excess loss per LSB, changes far below one
  double scale_ = 1.0, mean_change_ = 0.0;
  StepStatistics last_;
  std::vector<double> means_;  ///< E|Δ| over the factor, from place to place
};

/// The excess δ that rounding leaves where errors grow with it: δ = excess √(1 + δ / loss) (70).
double with_grown_errors(double excess, double loss);

/// How far rounding to nearest gets in a training: learning time in that of the wide network (72). `log2_lsb`
/// per matrix of the points; those of 0 count for nothing.
double learned_time(const std::vector<LawPoint>&, const std::vector<double>& eta_dt,
                    const std::vector<double>& log2_lsb);

/// (73), (74): RMS of what a membrane is off, in its LSB, at α = dt/τ.
double membrane_noise_stochastic();
double membrane_stop_nearest(double alpha);

}  // namespace apical::tools
