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
/// the difference (model/README.md (33)–(35)). W_k is [n_k × (n_{k−1} + 1)], the bias last.
class EquilibriumPropagation {
 public:
  /// Throws std::invalid_argument for a number of rates that doesn't fit, beta 0 or a step outside 0..1.
  EquilibriumPropagation(EquilibriumPropagationSettings, const std::vector<WeightMatrix>& weights);

  /// Relaxes freely from rest; the output's state.
  Eigen::VectorXd predict(const Eigen::VectorXd& input);
  /// One presentation: free phase, nudged phase, update.
  void learn(const Eigen::VectorXd& input, const Eigen::VectorXd& target);
  /// What the two phases say of −∂/∂W of the free output's loss, layer by layer, with nudging beta.
  std::vector<Eigen::MatrixXd> direction(const Eigen::VectorXd& input, const Eigen::VectorXd& target,
                                         double beta);
  const std::vector<Eigen::MatrixXd>& weights() const { return weights_; }
  std::vector<Eigen::MatrixXd>& weights() { return weights_; }

 private:
  void relax(int steps, double beta, const Eigen::VectorXd* target);
  std::vector<Eigen::MatrixXd> correlations() const;

  EquilibriumPropagationSettings settings_;
  std::vector<Eigen::MatrixXd> weights_;
  Layers<double> state_;
  std::mt19937_64 signs_;
};

}  // namespace apical::model
