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

// Euler steps down the energy (33), all layers from what they were at the last step.
void EquilibriumPropagation::relax(int steps, double beta, const Eigen::VectorXd* target) {
  const Activation f = settings_.activation;
  const std::size_t last = weights_.size();
  for (int n = 0; n < steps; ++n) {
    Layers<double> rate(last + 1), next(last + 1);
    rate[0] = state_[0];
    for (std::size_t k = 1; k <= last; ++k) rate[k] = map(f, state_[k]);
    for (std::size_t k = 1; k <= last; ++k) {
      const Eigen::MatrixXd& w = weights_[k - 1];
      Eigen::VectorXd current = w.leftCols(rate[k - 1].size()) * rate[k - 1] + w.col(w.cols() - 1);
      if (k < last) current += weights_[k].leftCols(rate[k].size()).transpose() * rate[k + 1];
      // The published derivative of the clipped states is 1 up to and at their ends.
      if (f != Activation::hard_sigmoid) current = map_prime(f, state_[k]).cwiseProduct(current);
      Eigen::VectorXd change = current - state_[k];
      if (k == last && target != nullptr) change += beta * (*target - state_[k]);
      next[k] = state_[k] + settings_.step * change;
      if (f == Activation::hard_sigmoid) next[k] = next[k].cwiseMax(0.0).cwiseMin(1.0);
    }
    for (std::size_t k = 1; k <= last; ++k) state_[k] = next[k];
  }
}

std::vector<Eigen::MatrixXd> EquilibriumPropagation::correlations() const {
  std::vector<Eigen::MatrixXd> products;
  Eigen::VectorXd below = state_[0];
  for (std::size_t k = 1; k < state_.size(); ++k) {
    const Eigen::VectorXd rate = map(settings_.activation, state_[k]);
    Eigen::MatrixXd product(rate.size(), below.size() + 1);
    product.leftCols(below.size()) = rate * below.transpose();
    product.col(below.size()) = rate;
    products.push_back(std::move(product));
    below = rate;
  }
  return products;
}

Eigen::VectorXd EquilibriumPropagation::predict(const Eigen::VectorXd& input) {
  state_[0] = input;
  for (std::size_t k = 1; k < state_.size(); ++k) state_[k] = Eigen::VectorXd::Zero(weights_[k - 1].rows());
  relax(settings_.free_steps, 0.0, nullptr);
  return state_.back();
}

std::vector<Eigen::MatrixXd> EquilibriumPropagation::direction(const Eigen::VectorXd& input,
                                                               const Eigen::VectorXd& target, double beta) {
  predict(input);
  const std::vector<Eigen::MatrixXd> free = correlations();
  relax(settings_.nudged_steps, beta, &target);
  std::vector<Eigen::MatrixXd> direction = correlations();
  for (std::size_t k = 0; k < free.size(); ++k) direction[k] = (direction[k] - free[k]) / beta;
  return direction;
}

void EquilibriumPropagation::learn(const Eigen::VectorXd& input, const Eigen::VectorXd& target) {
  const double beta = signs_() % 2 == 0 ? settings_.beta : -settings_.beta;
  const std::vector<Eigen::MatrixXd> step = direction(input, target, beta);
  for (std::size_t k = 0; k < weights_.size(); ++k) weights_[k] += settings_.eta[k] * step[k];
}

}  // namespace apical::model
