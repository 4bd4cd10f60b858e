// SPDX-License-Identifier: Apache-2.0
#include "model/microcircuit_2018.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace apical::model {
namespace {

void check(const Microcircuit2018Settings& s, const MicrocircuitWeights& w) {
  const std::size_t depth = s.layers.size() - 1;
  if (s.layers.size() < 2 || s.eta.size() != depth)
    throw std::invalid_argument("layers: accepted: an input and at least one layer, with a rate in eta each");
  if (!(s.dt > 0.0 && s.tau_w >= s.dt && s.dt * (s.g_lk + s.g_b + s.g_a + s.g_som) < 1.0))
    throw std::invalid_argument(
        fmt::format("dt: {} ms; accepted: above 0, at most tau_w, below 1 over the conductances", s.dt));
  bool fits = w.forward.size() == depth && w.feedback.size() == depth - 1 &&
              w.pyramidal.size() == depth - 1 && w.interneurons.size() == depth - 1;
  const auto shaped = [](const Eigen::MatrixXd& m, int rows, int columns) {
    return m.rows() == rows && m.cols() == columns;
  };
  for (std::size_t k = 0; fits && k < depth; ++k) {
    const int below = s.layers[k], here = s.layers[k + 1];
    fits = shaped(w.forward[k], here, below);
    if (!fits || k + 1 == depth) break;
    const int above = s.layers[k + 2];
    fits = shaped(w.feedback[k], here, above) && shaped(w.pyramidal[k], here, above) &&
           shaped(w.interneurons[k], above, here);
  }
  if (!fits)
    throw std::invalid_argument(
        "weights: accepted: W of n_k x n_(k-1), B and W^PI of n_k x n_(k+1), W^IP of n_(k+1) x n_k");
}

}  // namespace

Microcircuit2018::Microcircuit2018(Microcircuit2018Settings settings, MicrocircuitWeights weights)
    : settings_(std::move(settings)), weights_(std::move(weights)) {
  check(settings_, weights_);
  averages_ = weights_;
  for (auto* kind : {&averages_.forward, &averages_.feedback, &averages_.pyramidal, &averages_.interneurons})
    for (Eigen::MatrixXd& m : *kind) m.setZero();
  const std::size_t count = settings_.layers.size();
  for (auto* layers : {&u_, &rate_, &apical_, &inter_, &predicted_, &surprise_})
    for (std::size_t k = 0; k < count; ++k) layers->push_back(Eigen::VectorXd::Zero(settings_.layers[k]));
  for (std::size_t k = 1; k + 1 < count; ++k) inter_[k] = Eigen::VectorXd::Zero(settings_.layers[k + 1]);
}

double Microcircuit2018::basal_share(int k) const {
  return settings_.g_b / (settings_.g_lk + settings_.g_b + (k < depth() ? settings_.g_a : 0.0));
}

void Microcircuit2018::learn(Eigen::MatrixXd& w, Eigen::MatrixXd& average, double eta,
                             const Eigen::VectorXd& post, const Eigen::VectorXd& pre) const {
  if (eta == 0.0) return;
  const double part = settings_.dt / settings_.tau_w;
  average *= 1.0 - part;
  add_outer(average, part * post, pre);
  w += (eta * learning_scale_ * settings_.dt) * average;
}

void Microcircuit2018::tick(const Eigen::VectorXd& input, const Eigen::VectorXd* target, Learning learning) {
  const Microcircuit2018Settings& s = settings_;
  const int last = depth();
  rate_[0] = input;
  for (int k = 1; k <= last; ++k) rate_[index(k)] = rate(u_[index(k)]);
  // All compartments from the somata of the last step.
  Layers<double> inter_rate(index(last)), inter_basal(index(last)), u(u_.size()), inter(inter_.size());
  for (int k = 1; k < last; ++k) {
    inter_rate[index(k)] = rate(inter_[index(k)]);
    inter_basal[index(k)] = times(weights_.interneurons[index(k - 1)], rate_[index(k)]);
    apical_[index(k)] = times(weights_.feedback[index(k - 1)], rate_[index(k + 1)]) -
                        times(weights_.pyramidal[index(k - 1)], inter_rate[index(k)]);
  }
  for (int k = 1; k <= last; ++k) {
    const Eigen::VectorXd basal = times(weights_.forward[index(k - 1)], rate_[index(k - 1)]);
    predicted_[index(k)] = basal_share(k) * basal;
    surprise_[index(k)] = rate_[index(k)] - rate(predicted_[index(k)]);
    const Eigen::VectorXd& soma = u_[index(k)];
    Eigen::VectorXd current = s.g_b * (basal - soma) - s.g_lk * soma;
    if (k < last) current += s.g_a * (apical_[index(k)] - soma);
    if (k == last && target != nullptr) current += s.g_som * (*target - soma);
    u[index(k)] = soma + s.dt * current;
  }
  for (int k = 1; k < last; ++k) {
    const Eigen::VectorXd& soma = inter_[index(k)];
    inter[index(k)] = soma + s.dt * (s.g_d * (inter_basal[index(k)] - soma) - s.g_lk * soma +
                                     s.g_som * (u_[index(k + 1)] - soma));
  }
  for (int k = 1; learning == Learning::on && k <= last; ++k) {
    learn(weights_.forward[index(k - 1)], averages_.forward[index(k - 1)], s.eta[index(k - 1)],
          surprise_[index(k)], rate_[index(k - 1)]);
    if (k == last) break;
    learn(weights_.interneurons[index(k - 1)], averages_.interneurons[index(k - 1)], s.eta_ip,
          inter_rate[index(k)] - rate(inter_share() * inter_basal[index(k)]), rate_[index(k)]);
    learn(weights_.pyramidal[index(k - 1)], averages_.pyramidal[index(k - 1)], s.eta_pi, apical_[index(k)],
          inter_rate[index(k)]);
  }
  for (int k = 1; k <= last; ++k) u_[index(k)] = u[index(k)];
  for (int k = 1; k < last; ++k) inter_[index(k)] = inter[index(k)];
}

MicrocircuitWeights self_predicting(const Microcircuit2018Settings& s, std::vector<Eigen::MatrixXd> forward,
                                    std::vector<Eigen::MatrixXd> feedback) {
  MicrocircuitWeights w;
  const std::size_t depth = forward.size();
  for (std::size_t k = 1; k < depth; ++k) {
    // What the soma above takes of its basal dendrite, the interneuron has to take of its own.
    const double above = s.g_b / (s.g_lk + s.g_b + (k + 1 < depth ? s.g_a : 0.0));
    w.interneurons.emplace_back(above * (s.g_lk + s.g_d) / s.g_d * forward[k]);
  }
  w.pyramidal = feedback;
  w.forward = std::move(forward);
  w.feedback = std::move(feedback);
  return w;
}

}  // namespace apical::model
