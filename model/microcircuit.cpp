// SPDX-License-Identifier: Apache-2.0
#include "model/microcircuit.hpp"
#include "model/settings/settings_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace apical::model {
namespace {

void shape(const std::string& name, const Eigen::MatrixXd& w, Eigen::Index rows, Eigen::Index columns) {
  if (w.rows() != rows || w.cols() != columns)
    throw std::invalid_argument(
        fmt::format("{}: {} x {}; accepted: {} x {}", name, w.rows(), w.cols(), rows, columns));
}

void check(const MicrocircuitSettings& s, const MicrocircuitWeights& w) {
  if (s.layers.size() < 2) throw SettingsError("network.layers", "", "an input and at least one layer");
  if (!(s.lambda >= 0.0 && s.lambda <= 1.0))
    throw SettingsError("network.lambda", fmt::format("{}", s.lambda), "0..1");
  const std::size_t depth = s.layers.size() - 1;
  const auto rates = [](const char* key, const std::vector<double>& values, std::size_t count) {
    if (values.size() != 1 && values.size() != count)
      throw SettingsError(key, fmt::format("{} values", values.size()),
                          fmt::format("one, or one per layer ({})", count));
  };
  rates("learning.eta", s.eta, depth);
  rates("learning.eta_pi", s.eta_pi, depth - 1);
  rates("learning.eta_ip", s.eta_ip, depth - 1);
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
  Eigen::VectorXd sum = w.col(rate.size());
  add_times(sum, w.leftCols(rate.size()), rate);
  return sum;
}

// W += post rateᵀ, columns of silent sources left alone; `w` may have a bias column behind them.
void add_product(Eigen::MatrixXd& w, const Eigen::VectorXd& post, const Eigen::VectorXd& rate) {
  if ((post.array() == 0.0).all()) return;
  add_outer(w, post, rate);
  if (w.cols() > rate.size()) w.col(rate.size()) += post;
}

double rate_of(const std::vector<double>& values, int k) {
  return values[values.size() == 1 ? 0 : static_cast<std::size_t>(k - 1)];
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

void Microcircuit::set_weights(MicrocircuitWeights weights) {
  check(settings_, weights);
  weights_ = std::move(weights);
}

void Microcircuit::tick(const double* input, const double* target, double nudge) {
  if (target == nullptr && nudge != 0.0)
    throw std::invalid_argument("a nudge needs a target; accepted: nudge 0, or one target per output unit");
  const int last = depth();
  rate_[0] = Eigen::Map<const Eigen::VectorXd>(input, settings_.layers.front());
  for (int k = 1; k <= last; ++k) {
    basal_[index(k)] = with_bias(weights_.forward[index(k - 1)], rate_[index(k - 1)]);
    u_[index(k)] = basal_[index(k)] + nudge_[index(k)];
    activate(settings_.activation, u_[index(k)], &rate_[index(k)], &slope_[index(k)]);
    if (k < last) inter_basal_[index(k)] = with_bias(weights_.interneurons[index(k - 1)], rate_[index(k)]);
  }
  const double beta = settings_.beta * nudge;
  if (beta == 0.0)
    nudge_[index(last)].setZero();
  else
    nudge_[index(last)] =
        beta * (Eigen::Map<const Eigen::VectorXd>(target, settings_.layers.back()) - u_.back());
  // The soma with the nudge of this tick, as it arrives in the apical dendrite below and at the interneuron.
  u_.back() = basal_.back() + nudge_.back();
  for (int k = last - 1; k >= 1; --k) {
    const Eigen::VectorXd& above = u_[index(k + 1)];
    Eigen::VectorXd& inter = inter_[index(k)];
    // (1 − λ) I + λ u, written so that a perfect prediction gives u to the last bit.
    inter = inter_basal_[index(k)] + settings_.lambda * (above - inter_basal_[index(k)]);
    apical_[index(k)] =
        times(weights_.feedback[index(k - 1)], above) - times(weights_.pyramidal[index(k - 1)], inter);
    nudge_[index(k)] = slope_[index(k)].cwiseProduct(apical_[index(k)]);
    if (k > 1) u_[index(k)] = basal_[index(k)] + nudge_[index(k)];
  }
  for (int k = 1; k <= last; ++k) {
    macs_ += static_cast<std::uint64_t>(weights_.forward[index(k - 1)].size());
    if (k == last) break;
    macs_ += static_cast<std::uint64_t>(weights_.feedback[index(k - 1)].size() +
                                        weights_.pyramidal[index(k - 1)].size() +
                                        weights_.interneurons[index(k - 1)].size());
  }
  if (settings_.learning && learning_scale_ != 0.0) learn();
}

void Microcircuit::learn() {
  const double dt = settings_.dt * learning_scale_;
  const double lost = settings_.decay * settings_.dt;
  const int last = depth();
  // Only what is asked to change decays: a machine looks at no other weight.
  const auto decay = [&](Eigen::MatrixXd& w, const Eigen::VectorXd& post, const Eigen::VectorXd& pre) {
    if (lost == 0.0) return;
    const auto moves = [](double x) { return x == 0.0 ? 0.0 : 1.0; };
    const Eigen::VectorXd rows = post.unaryExpr(moves);
    for (Eigen::Index j = 0; j < w.cols(); ++j)
      if (j == pre.size() || pre[j] != 0.0) w.col(j) -= lost * w.col(j).cwiseProduct(rows);
  };
  const auto add = [&](Eigen::MatrixXd& w, const Eigen::VectorXd& post, const Eigen::VectorXd& pre) {
    add_product(w, post, pre);
    macs_ += static_cast<std::uint64_t>(w.size());
  };
  for (int k = 1; k <= last; ++k) {
    Eigen::MatrixXd& w = weights_.forward[index(k - 1)];
    const double eta = rate_of(settings_.eta, k);
    const Eigen::VectorXd step = eta * dt * nudge_[index(k)];
    if (k > 1 && settings_.feedback == Feedback::learned) {
      Eigen::MatrixXd& b = weights_.feedback[index(k - 2)];
      decay(b, rate_[index(k - 1)], step);
      if (eta != 0.0) add(b, rate_[index(k - 1)], step);
    }
    decay(w, step, rate_[index(k - 1)]);
    if (eta != 0.0) add(w, step, rate_[index(k - 1)]);
    if (k > 1 && settings_.feedback == Feedback::tied)
      weights_.feedback[index(k - 2)] = w.leftCols(w.cols() - 1).transpose();
    if (k == last) continue;
    const double eta_pi = rate_of(settings_.eta_pi, k), eta_ip = rate_of(settings_.eta_ip, k);
    if (eta_pi != 0.0)
      add(weights_.pyramidal[index(k - 1)], eta_pi * dt * apical_[index(k)], inter_[index(k)]);
    if (eta_ip != 0.0)
      add(weights_.interneurons[index(k - 1)], eta_ip * dt * (inter_[index(k)] - inter_basal_[index(k)]),
          rate_[index(k)]);
  }
}

bool Microcircuit::finite() const {
  return std::all_of(u_.begin() + 1, u_.end(), [](const Eigen::VectorXd& u) { return u.allFinite(); });
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

MicrocircuitWeights initial_circuit(const std::vector<WeightMatrix>& forward, const CircuitStart& start) {
  std::vector<int> layers{static_cast<int>(forward.front().cols()) - 1};
  for (const WeightMatrix& w : forward) layers.push_back(static_cast<int>(w.rows()));
  const auto drawn = [&](std::uint64_t stream) {
    return self_predicting(initial_weights(layers, Bias::with, start.gain, start.seed + stream));
  };
  MicrocircuitWeights w = self_predicting(forward);
  if (start.feedback == FeedbackStart::random) w.feedback = drawn(feedback_stream).feedback;
  if (start.feedback == FeedbackStart::zero)
    for (Eigen::MatrixXd& b : w.feedback) b.setZero();
  w.pyramidal = w.feedback;
  if (start.lateral == LateralStart::random) {
    MicrocircuitWeights other = drawn(2000);
    w.pyramidal = std::move(other.pyramidal);
    w.interneurons = std::move(other.interneurons);
  }
  return w;
}

std::vector<WeightMatrix> in_order(const MicrocircuitWeights& w) {
  std::vector<WeightMatrix> all;
  for (const auto* kind : {&w.forward, &w.feedback, &w.pyramidal, &w.interneurons})
    all.insert(all.end(), kind->begin(), kind->end());
  return all;
}

MicrocircuitWeights from_order(const std::vector<WeightMatrix>& all, int depth) {
  if (depth < 1 || static_cast<int>(all.size()) != 4 * depth - 3)
    throw std::invalid_argument(fmt::format("weights: {} matrices; accepted: {}", all.size(), 4 * depth - 3));
  MicrocircuitWeights w;
  auto next = all.begin();
  for (auto* kind : {&w.forward, &w.feedback, &w.pyramidal, &w.interneurons}) {
    const auto end = next + (kind == &w.forward ? depth : depth - 1);
    kind->assign(next, end);
    next = end;
  }
  return w;
}

std::vector<std::string> circuit_names(int depth) {
  std::vector<std::string> names;
  for (int k = 1; k <= depth; ++k) names.push_back(fmt::format("W{}", k));
  for (const char* kind : {"B", "WPI", "WIP"})
    for (int k = 1; k < depth; ++k) names.push_back(fmt::format("{}{}", kind, kind[0] == 'B' ? k + 1 : k));
  return names;
}

}  // namespace apical::model
