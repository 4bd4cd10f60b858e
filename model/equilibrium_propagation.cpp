// SPDX-License-Identifier: Apache-2.0
#include "model/equilibrium_propagation.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace apical::model {

EquilibriumPropagation::EquilibriumPropagation(EquilibriumPropagationSettings settings,
                                               const std::vector<WeightMatrix>& weights)
    : settings_(std::move(settings)),
      net_{{weights.begin(), weights.end()}, settings_.activation},
      signs_(settings_.seed) {
  if (settings_.eta.size() != weights.size())
    throw std::invalid_argument(
        fmt::format("eta: {} rates; accepted: one per layer ({})", settings_.eta.size(), weights.size()));
  if (settings_.beta == 0.0 || !(settings_.step > 0.0 && settings_.step <= 1.0))
    throw std::invalid_argument(
        "equilibrium propagation: accepted: beta other than 0, step above 0 and up to 1");
  state_.resize(weights.size() + 1);
}

// Euler steps down the energy (33), all layers from what they were at the last step.
void EquilibriumPropagation::relax(int steps, double beta, const Eigen::MatrixXd* targets) {
  const int last = net_.depth();
  for (int n = 0; n < steps; ++n) {
    const States rate = rates();
    for (int k = 1; k <= last; ++k) {
      Eigen::MatrixXd& state = state_[static_cast<std::size_t>(k)];
      Eigen::MatrixXd current = k == 1 ? current_ : net_.basal(k, rate);
      if (k < last) current += net_.apical(k, rate);
      // The published derivative of the clipped states is 1 up to and at their ends.
      const bool clipped = net_.activation == Activation::hard_sigmoid;
      if (!clipped) current = map_prime(net_.activation, state).cwiseProduct(current);
      Eigen::MatrixXd change = current - state;
      if (k == last && targets != nullptr) change += beta * (*targets - state);
      state += settings_.step * change;
      if (clipped) state = state.cwiseMax(0.0).cwiseMin(1.0);
    }
  }
}

// ρ of the states, of those above the input.
EquilibriumPropagation::States EquilibriumPropagation::rates() const {
  States rate{state_[0]};
  for (std::size_t k = 1; k < state_.size(); ++k) rate.push_back(map(net_.activation, state_[k]));
  return rate;
}

Eigen::MatrixXd EquilibriumPropagation::predict(const Eigen::MatrixXd& inputs) {
  state_[0] = inputs;
  current_ = net_.basal(1, States{inputs});
  for (std::size_t k = 1; k < state_.size(); ++k)
    state_[k] = Eigen::MatrixXd::Zero(net_.weights[k - 1].rows(), inputs.cols());
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
    add_times_transposed(synapses, change, free[k - 1]);
    if (k > 1)
      add_times_transposed(synapses, Eigen::MatrixXd(factor * nudged[k]),
                           Eigen::MatrixXd(nudged[k - 1] - free[k - 1]));
    to[k - 1].rightCols<1>() += change.rowwise().sum();
  }
}

std::vector<Eigen::MatrixXd> EquilibriumPropagation::direction(const Eigen::MatrixXd& inputs,
                                                               const Eigen::MatrixXd& targets, double beta) {
  std::vector<Eigen::MatrixXd> direction;
  for (const Eigen::MatrixXd& w : net_.weights)
    direction.emplace_back(Eigen::MatrixXd::Zero(w.rows(), w.cols()));
  add_direction(inputs, targets, beta, std::vector<double>(net_.weights.size(), 1.0), direction);
  return direction;
}

void EquilibriumPropagation::learn(const Eigen::MatrixXd& inputs, const Eigen::MatrixXd& targets) {
  const double beta = signs_() % 2 == 0 ? settings_.beta : -settings_.beta;
  add_direction(inputs, targets, beta, settings_.eta, net_.weights);
}

}  // namespace apical::model
