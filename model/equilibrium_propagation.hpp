// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <random>
#include <vector>

#include "model/golden.hpp"

namespace apical::model {

/// What Scellier & Bengio (2017) leave open per network; defaults are theirs for one hidden layer.
struct EquilibriumPropagationSettings {
  Activation activation = Activation::hard_sigmoid;  ///< states stay in 0..1 with this one, as published
  double beta = 1.0;                                 ///< its sign is drawn at every presentation
  double step = 0.5;                                 ///< of the relaxation
  int free_steps = 20, nudged_steps = 4;
  std::vector<double> eta{0.1, 0.05};  ///< one per layer
  std::uint64_t seed = 1;              ///< of the signs
};

/// Equilibrium propagation: one network with symmetric weights relaxes freely, then nudged, and learns from
/// the difference (model/README.md (33)–(35)). W_k is [n_k × (n_{k−1} + 1)], the bias last. Inputs are
/// [n_0 × batch], targets and outputs [n_N × batch]: examples that relax side by side, one per column.
class EquilibriumPropagation {
 public:
  /// Throws std::invalid_argument for a number of rates that doesn't fit, beta 0 or a step outside 0..1.
  EquilibriumPropagation(EquilibriumPropagationSettings, const std::vector<WeightMatrix>& weights);

  /// Relaxes freely from rest; the output's states.
  Eigen::MatrixXd predict(const Eigen::MatrixXd& inputs);
  /// One presentation: free phase, nudged phase, update by the mean over the batch.
  void learn(const Eigen::MatrixXd& inputs, const Eigen::MatrixXd& targets);
  /// What the two phases say of −∂/∂W of the free output's loss, layer by layer, with nudging beta; the mean
  /// over the batch.
  std::vector<Eigen::MatrixXd> direction(const Eigen::MatrixXd& inputs, const Eigen::MatrixXd& targets,
                                         double beta);
  const std::vector<Eigen::MatrixXd>& weights() const { return net_.weights; }
  std::vector<Eigen::MatrixXd>& weights() { return net_.weights; }

 private:
  using States = std::vector<Eigen::MatrixXd>;  ///< [n_k × batch], k = 0..N

  void relax(int steps, double beta, const Eigen::MatrixXd* targets);
  States rates() const;
  void add_direction(const Eigen::MatrixXd& inputs, const Eigen::MatrixXd& targets, double beta,
                     const std::vector<double>& eta, std::vector<Eigen::MatrixXd>& to);

  EquilibriumPropagationSettings settings_;
  Network<double> net_;
  States state_;
  Eigen::MatrixXd current_;  ///< W_1 ρ(s_0) + b_1: no relaxation changes it
  std::mt19937_64 signs_;
};

}  // namespace apical::model
