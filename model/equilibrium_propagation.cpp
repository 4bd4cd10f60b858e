#include "model/equilibrium_propagation.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace apical::model {

EquilibriumPropagation::EquilibriumPropagation(EquilibriumPropagationSettings settings,
                                               const std::vector<WeightMatrix>& weights)
    : settings_(std::move(settings)), weights_(weights.begin(), weights.end()), signs_(settings_.seed) {
  if (settings_.eta.size() != weights_.size())
    throw std::invalid_argument(
        fmt::format("eta: {} rates; accepted: one per layer ({})", settings_.eta.size(), weights_.size()));
  if (settings_.beta == 0.0 || !(settings_.step > 0.0 && settings_.step <= 1.0))
    throw std::invalid_argument(
        "equilibrium propagation: accepted: beta other than 0, step above 0 and up to 1");
  state_.resize(weights_.size() + 1);
}

// W_k ρ(s_{k−1}) + b_k.
Eigen::MatrixXd EquilibriumPropagation::basal(std::size_t k, const Eigen::MatrixXd& below) const {
  const Eigen::MatrixXd& w = weights_[k - 1];
  Eigen::MatrixXd current = w.leftCols(below.rows()) * below;
  current.colwise() += w.col(below.rows());
  return current;
}

// Euler steps down the energy (33), all layers from what they were at the last step.
void EquilibriumPropagation::relax(int steps, double beta, const Eigen::MatrixXd* targets) {
  const Activation f = settings_.activation;
  const std::size_t last = weights_.size();
  for (int n = 0; n < steps; ++n) {
    const States rate = rates();
    for (std::size_t k = 1; k <= last; ++k) {
      Eigen::MatrixXd current = k == 1 ? current_ : basal(k, rate[k - 1]);
      if (k < last) current.noalias() += weights_[k].leftCols(rate[k].rows()).transpose() * rate[k + 1];
      // The published derivative of the clipped states is 1 up to and at their ends.
      if (f != Activation::hard_sigmoid) current = map_prime(f, state_[k]).cwiseProduct(current);
      Eigen::MatrixXd change = current - state_[k];
      if (k == last && targets != nullptr) change += beta * (*targets - state_[k]);
      state_[k] += settings_.step * change;
      if (f == Activation::hard_sigmoid) state_[k] = state_[k].cwiseMax(0.0).cwiseMin(1.0);
    }
  }
}

// ρ of the states, of those above the input.
EquilibriumPropagation::States EquilibriumPropagation::rates() const {
  States rate{state_[0]};
  for (std::size_t k = 1; k < state_.size(); ++k) rate.push_back(map(settings_.activation, state_[k]));
  return rate;
}

Eigen::MatrixXd EquilibriumPropagation::predict(const Eigen::MatrixXd& inputs) {
  state_[0] = inputs;
  current_ = basal(1, inputs);
  for (std::size_t k = 1; k < state_.size(); ++k)
    state_[k] = Eigen::MatrixXd::Zero(weights_[k - 1].rows(), inputs.cols());
  relax(settings_.free_steps, 0.0, nullptr);
  return state_.back();
}

// Adds eta times the direction to matrices in the shape of the weights, which may be the weights.
void EquilibriumPropagation::add_direction(const Eigen::MatrixXd& inputs, const Eigen::MatrixXd& targets,
                                           double beta, const std::vector<double>& eta,
                                           std::vector<Eigen::MatrixXd>& to) {
  predict(inputs);
  const States free = rates();
  relax(settings_.nudged_steps, beta, &targets);
  const States nudged = rates();
  for (std::size_t k = 1; k < free.size(); ++k) {
    const double factor = eta[k - 1] / (beta * static_cast<double>(inputs.cols()));
    // a'b'ᵀ − abᵀ = (a' − a) bᵀ + a' (b' − b)ᵀ, and the input is the same in both phases.
    const Eigen::MatrixXd change = factor * (nudged[k] - free[k]);
    auto synapses = to[k - 1].leftCols(free[k - 1].rows());
    synapses.noalias() += change * free[k - 1].transpose();
    if (k > 1) synapses.noalias() += (factor * nudged[k]) * (nudged[k - 1] - free[k - 1]).transpose();
    to[k - 1].rightCols<1>() += change.rowwise().sum();
  }
}

std::vector<Eigen::MatrixXd> EquilibriumPropagation::direction(const Eigen::MatrixXd& inputs,
                                                               const Eigen::MatrixXd& targets, double beta) {
  std::vector<Eigen::MatrixXd> direction;
  for (const Eigen::MatrixXd& w : weights_) direction.emplace_back(Eigen::MatrixXd::Zero(w.rows(), w.cols()));
  add_direction(inputs, targets, beta, std::vector<double>(weights_.size(), 1.0), direction);
  return direction;
}

void EquilibriumPropagation::learn(const Eigen::MatrixXd& inputs, const Eigen::MatrixXd& targets) {
  const double beta = signs_() % 2 == 0 ? settings_.beta : -settings_.beta;
  add_direction(inputs, targets, beta, settings_.eta, weights_);
}

}  // namespace apical::model
