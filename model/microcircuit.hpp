// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "model/golden.hpp"

namespace apical::model {

/// Every projection of the dendritic microcircuit is a matrix of its own; nothing is transposed but where
/// feedback is tied. Index k = 1..N; B_{k+1}, W^PI_k and W^IP_k exist for k < N.
struct MicrocircuitWeights {
  std::vector<Eigen::MatrixXd> forward;       ///< [k-1]: W_k, n_k × (n_{k−1} + 1), bias last
  std::vector<Eigen::MatrixXd> feedback;      ///< [k-1]: B_{k+1}, n_k × n_{k+1}
  std::vector<Eigen::MatrixXd> pyramidal;     ///< [k-1]: W^PI_k, from interneurons, n_k × n_{k+1}
  std::vector<Eigen::MatrixXd> interneurons;  ///< [k-1]: W^IP_k, n_{k+1} × (n_k + 1), bias last
};

/// What B is, with the learning: W transposed, as it started, or learned (32).
enum class Feedback { tied, fixed, learned };
constexpr auto choices(Feedback) {
  return std::array{"tied", "fixed", "learned"};
}

struct MicrocircuitSettings {
  std::vector<int> layers;  ///< n_0 .. n_N
  Activation activation = Activation::logistic;
  double dt = 1.0, beta = 0.1;
  double lambda = 0.1;  ///< how strongly interneurons are nudged by the somata above them, 0..1; (28)
  std::vector<double> eta{0.1};  ///< per ms, of W_k: one, or one per layer 1..N; 0 keeps a matrix
  std::vector<double> eta_pi{0.0}, eta_ip{0.0};  ///< likewise of W^PI_k and W^IP_k: one, or one per k < N
  Feedback feedback = Feedback::fixed;
  double decay = 0.0;    ///< per ms, of W and of learned B where they learn; (32)
  bool learning = true;  ///< false: all matrices stay
};

/// Pyramidal cells with basal, apical and somatic compartments and the interneurons that predict the layer
/// above, one tick at a time in the sweep order, all of them prospective with ρ = 1 (model/README.md
/// (27)–(32)).
class Microcircuit {
 public:
  /// Throws std::invalid_argument for settings out of range or matrices whose shape doesn't match.
  Microcircuit(MicrocircuitSettings, MicrocircuitWeights);

  /// As Golden::tick().
  void tick(const double* input, const double* target, double nudge);
  /// All rates, though not the decay, become `factor` times those of the settings.
  void set_learning_scale(double factor) { learning_scale_ = factor; }

  const MicrocircuitSettings& settings() const { return settings_; }
  int depth() const { return static_cast<int>(settings_.layers.size()) - 1; }
  const MicrocircuitWeights& weights() const { return weights_; }
  /// Replaces all matrices by others of the same shapes.
  void set_weights(MicrocircuitWeights);
  /// Signals of layer k = 1..N after the tick. u is the soma of (27)–(30), W r and the error of this tick; in
  /// layer 1, which no dendrite hears, what it fired on, with the error of the tick before.
  const Eigen::VectorXd& u(int k) const { return u_[index(k)]; }
  const Eigen::VectorXd& basal(int k) const { return basal_[index(k)]; }  ///< W_k r_{k−1}
  const Eigen::VectorXd& apical(int k) const { return apical_[index(k)]; }
  const Eigen::VectorXd& interneuron(int k) const { return inter_[index(k)]; }
  const Eigen::VectorXd& error(int k) const { return nudge_[index(k)]; }  ///< soma − basal
  const Eigen::VectorXd& rate(int k) const { return rate_[index(k)]; }    ///< k = 0: the input
  const Eigen::VectorXd& slope(int k) const { return slope_[index(k)]; }
  std::uint64_t macs() const { return macs_; }  ///< multiply-accumulates of dense matrices so far
  bool finite() const;                          ///< every voltage is a number

 private:
  static std::size_t index(int k) { return static_cast<std::size_t>(k); }
  void learn();

  MicrocircuitSettings settings_;
  MicrocircuitWeights weights_;
  Layers<double> u_, basal_, apical_, inter_, inter_basal_, nudge_, rate_, slope_;
  double learning_scale_ = 1.0;
  std::uint64_t macs_ = 0;
};

/// W as given; B, W^PI and W^IP of the self-predicting state: W^PI = B = Wᵀ, W^IP = W.
MicrocircuitWeights self_predicting(const std::vector<WeightMatrix>& forward);

/// How B starts: as Wᵀ, as the Wᵀ of another seed, or at 0.
/// Added to the seed of the weights: that of a random B.
inline constexpr std::uint64_t feedback_stream = 1000;

enum class FeedbackStart { transposed, random, zero };
constexpr auto choices(FeedbackStart) {
  return std::array{"transposed", "random", "zero"};
}

/// How W^PI and W^IP start: as B and W, or as those of another seed.
enum class LateralStart { self_predicting, random };
constexpr auto choices(LateralStart) {
  return std::array{"self-predicting", "random"};
}

/// How the matrices beside W start.
struct CircuitStart {
  FeedbackStart feedback = FeedbackStart::transposed;
  LateralStart lateral = LateralStart::self_predicting;
  std::vector<double> gain{1.0};  ///< of what is random, distributed like W and Wᵀ
  std::uint64_t seed = 1;
};

/// W as given, the other matrices as told.
MicrocircuitWeights initial_circuit(const std::vector<WeightMatrix>& forward, const CircuitStart&);

/// The four projections in the order in which they are exchanged: W_1 .. W_N, B_2 .. B_N, W^PI_1 ..
/// W^PI_{N−1}, W^IP_1 .. W^IP_{N−1}; 4N − 3 matrices for N layers.
std::vector<WeightMatrix> in_order(const MicrocircuitWeights&);
/// The inverse. Throws std::invalid_argument for another number of matrices.
MicrocircuitWeights from_order(const std::vector<WeightMatrix>&, int depth);
/// "W1" .. , "B2" .. , "WPI1" .. , "WIP1" .. in that order.
std::vector<std::string> circuit_names(int depth);

}  // namespace apical::model
