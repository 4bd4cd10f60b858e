#include "model/microcircuit.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace apical::model {
namespace {

void shape(const std::string& name, const Eigen::MatrixXd& w, Eigen::Index rows, Eigen::Index columns) {
  if (w.rows() != rows || w.cols() != columns)
    throw std::invalid_argument(
        fmt::format("{}: {} x {}; accepted: {} x {}", name, w.rows(), w.cols(), rows, columns));
}

void check(const MicrocircuitSettings& s, const MicrocircuitWeights& w) {
  if (s.layers.size() < 2) throw std::invalid_argument("layers: accepted: an input and at least one layer");
  if (!(s.lambda >= 0.0 && s.lambda <= 1.0))
    throw std::invalid_argument(fmt::format("lambda: {}; accepted: 0..1", s.lambda));
  if (s.feedback != "fixed" && s.feedback != "tied" && s.feedback != "learned")
    throw std::invalid_argument(fmt::format("feedback: \"{}\"; accepted: fixed, tied, learned", s.feedback));
  const std::size_t depth = s.layers.size() - 1;
  if (w.forward.size() != depth || w.feedback.size() != depth - 1 || w.pyramidal.size() != depth - 1 ||
      w.interneurons.size() != depth - 1)
    throw std::invalid_argument(
        fmt::format("weights: accepted: {} forward matrices and {} of every other kind", depth, depth - 1));
  for (std::size_t k = 0; k < depth; ++k) {
    const Eigen::Index below = s.layers[k], here = s.layers[k + 1];
    shape(fmt::format("W{}", k + 1), w.forward[k], here, below + 1);
    if (k + 1 == depth) break;
    const Eigen::Index above = s.layers[k + 2];
    shape(fmt::format("B{}", k + 2), w.feedback[k], here, above);
    shape(fmt::format("W^PI{}", k + 1), w.pyramidal[k], here, above);
    shape(fmt::format("W^IP{}", k + 1), w.interneurons[k], above, here + 1);
  }
}

// W r with a constant 1 behind r.
Eigen::VectorXd with_bias(const Eigen::MatrixXd& w, const Eigen::VectorXd& rate) {
  return w.leftCols(rate.size()) * rate + w.col(rate.size());
}

void add_product(Eigen::MatrixXd& w, const Eigen::VectorXd& post, const Eigen::VectorXd& rate) {
  w.leftCols(rate.size()) += post * rate.transpose();
  w.col(rate.size()) += post;
}

}  // namespace

Microcircuit::Microcircuit(MicrocircuitSettings settings, MicrocircuitWeights weights)
    : settings_(std::move(settings)), weights_(std::move(weights)) {
  check(settings_, weights_);
  const std::size_t count = settings_.layers.size();
  for (auto* layers : {&u_, &basal_, &apical_, &inter_, &inter_basal_, &nudge_, &rate_, &slope_}) {
    layers->resize(count);
    for (std::size_t k = 0; k < count; ++k) (*layers)[k] = Eigen::VectorXd::Zero(settings_.layers[k]);
  }
  for (std::size_t k = 1; k + 1 < count; ++k)
    inter_[k] = inter_basal_[k] = Eigen::VectorXd::Zero(settings_.layers[k + 1]);
}

void Microcircuit::tick(const double* input, const double* target, double nudge) {
  if (target == nullptr && nudge != 0.0)
    throw std::invalid_argument("a nudge needs a target; accepted: nudge 0, or one target per output unit");
  const int last = depth();
  rate_[0] = Eigen::Map<const Eigen::VectorXd>(input, settings_.layers.front());
  for (int k = 1; k <= last; ++k) {
    basal_[index(k)] = with_bias(weights_.forward[index(k - 1)], rate_[index(k - 1)]);
    u_[index(k)] = basal_[index(k)] + nudge_[index(k)];
    rate_[index(k)] = map(settings_.activation, u_[index(k)]);
    slope_[index(k)] = map_prime(settings_.activation, u_[index(k)]);
    if (k < last) inter_basal_[index(k)] = with_bias(weights_.interneurons[index(k - 1)], rate_[index(k)]);
  }
  const double beta = settings_.beta * nudge;
  if (beta == 0.0)
    nudge_[index(last)].setZero();
  else
    nudge_[index(last)] =
        beta * (Eigen::Map<const Eigen::VectorXd>(target, settings_.layers.back()) - u_.back());
  for (int k = last - 1; k >= 1; --k) {
    // The soma above with the nudge of this tick, as it arrives in the apical dendrite and at the
    // interneuron.
    const Eigen::VectorXd above = basal_[index(k + 1)] + nudge_[index(k + 1)];
    Eigen::VectorXd& inter = inter_[index(k)];
    // (1 − λ) I + λ u, written so that a perfect prediction gives u to the last bit.
    inter = inter_basal_[index(k)] + settings_.lambda * (above - inter_basal_[index(k)]);
    apical_[index(k)] = weights_.feedback[index(k - 1)] * above - weights_.pyramidal[index(k - 1)] * inter;
    nudge_[index(k)] = slope_[index(k)].cwiseProduct(apical_[index(k)]);
  }
  learn();
}

void Microcircuit::learn() {
  const double dt = settings_.dt;
  const int last = depth();
  for (int k = 1; k <= last; ++k) {
    Eigen::MatrixXd& w = weights_.forward[index(k - 1)];
    const Eigen::VectorXd step = settings_.eta * dt * nudge_[index(k)];
    if (k > 1) {
      Eigen::MatrixXd& b = weights_.feedback[index(k - 2)];
      if (settings_.feedback == "learned")
        b += rate_[index(k - 1)] * step.transpose() - settings_.decay * dt * b;
    }
    w *= 1.0 - settings_.decay * dt;
    add_product(w, step, rate_[index(k - 1)]);
    if (k > 1 && settings_.feedback == "tied")
      weights_.feedback[index(k - 2)] = w.leftCols(w.cols() - 1).transpose();
    if (k == last) continue;
    weights_.pyramidal[index(k - 1)] +=
        settings_.eta_pi * dt * apical_[index(k)] * inter_[index(k)].transpose();
    const Eigen::VectorXd surprise = settings_.eta_ip * dt * (inter_[index(k)] - inter_basal_[index(k)]);
    add_product(weights_.interneurons[index(k - 1)], surprise, rate_[index(k)]);
  }
}

MicrocircuitWeights self_predicting(const std::vector<WeightMatrix>& forward) {
  MicrocircuitWeights w;
  for (std::size_t k = 0; k < forward.size(); ++k) {
    w.forward.emplace_back(forward[k]);
    if (k == 0) continue;
    w.feedback.emplace_back(forward[k].leftCols(forward[k].cols() - 1).transpose());
    w.pyramidal.push_back(w.feedback.back());
    w.interneurons.emplace_back(forward[k]);
  }
  return w;
}

}  // namespace apical::model
