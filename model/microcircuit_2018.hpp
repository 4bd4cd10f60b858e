// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/microcircuit.hpp"

namespace apical::model {

/// Conductances are per ms, the capacitance being 1; defaults are the published ones.
struct Microcircuit2018Settings {
  std::vector<int> layers;  ///< n_0 .. n_N
  Activation activation = Activation::softplus;
  double g_lk = 0.1, g_b = 1.0, g_a = 0.8, g_d = 1.0;  ///< leak, basal, apical, dendrite of interneurons
  double g_som = 0.8;       ///< of the nudge: output by target, interneurons by the somata above them
  double dt = 0.1;          ///< ms, a step of Euler
  double tau_w = 30.0;      ///< ms over which weight changes are averaged
  std::vector<double> eta;  ///< per ms, of W_k: one per layer; 0 keeps a matrix
  double eta_pi = 0.0, eta_ip = 0.0;  ///< likewise of W^PI and W^IP
};

/// Whether weights change in a step.
enum class Learning { off, on };

/// The microcircuit with leaky compartments of Sacramento et al. (2018), which its membranes delay, unlike
/// `Microcircuit` (model/README.md (44)–(50)). Weights are those of MicrocircuitWeights without bias columns,
/// lateral ones with the sign of (27): the apical dendrite receives B r − W^PI r^I.
class Microcircuit2018 {
 public:
  /// Throws std::invalid_argument for settings out of range or matrices whose shape doesn't match.
  Microcircuit2018(Microcircuit2018Settings, MicrocircuitWeights);

  /// One step of dt. `input` [n_0] are rates; `target` [n_N] nudges the output soma, null: nothing does.
  void tick(const Eigen::VectorXd& input, const Eigen::VectorXd* target, Learning = Learning::on);
  /// All rates become `factor` times those of the settings.
  void set_learning_scale(double factor) { learning_scale_ = factor; }

  int depth() const { return static_cast<int>(settings_.layers.size()) - 1; }
  const MicrocircuitWeights& weights() const { return weights_; }
  const Eigen::VectorXd& u(int k) const { return u_[index(k)]; }            ///< soma
  const Eigen::VectorXd& apical(int k) const { return apical_[index(k)]; }  ///< v_A, k < N
  const Eigen::VectorXd& interneuron(int k) const { return inter_[index(k)]; }
  /// What the basal dendrite alone would make of the soma, v̂_B.
  const Eigen::VectorXd& predicted(int k) const { return predicted_[index(k)]; }
  /// φ(u) − φ(v̂_B): what W_k learns from.
  const Eigen::VectorXd& surprise(int k) const { return surprise_[index(k)]; }
  /// Share of v_B that a soma takes on when nothing else drives it; lower where an apical dendrite leaks.
  double basal_share(int k) const;
  double inter_share() const { return settings_.g_d / (settings_.g_lk + settings_.g_d); }

 private:
  static std::size_t index(int k) { return static_cast<std::size_t>(k); }
  Eigen::VectorXd rate(const Eigen::VectorXd& u) const { return map(settings_.activation, u); }
  void learn(Eigen::MatrixXd& w, Eigen::MatrixXd& average, double eta, const Eigen::VectorXd& post,
             const Eigen::VectorXd& pre) const;

  Microcircuit2018Settings settings_;
  MicrocircuitWeights weights_, averages_;  ///< averages_: of weight changes, B's unused
  Layers<double> u_, rate_, apical_, inter_, predicted_, surprise_;
  double learning_scale_ = 1.0;
};

/// The self-predicting state for these W and B: interneurons become their somata above, apical dendrites
/// silent.
MicrocircuitWeights self_predicting(const Microcircuit2018Settings&, std::vector<Eigen::MatrixXd> forward,
                                    std::vector<Eigen::MatrixXd> feedback);

}  // namespace apical::model
