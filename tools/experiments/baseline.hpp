// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <Eigen/Dense>
#include <functional>

#include "model/network.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {

/// Inputs [n_0 × batch], targets and outputs [n_N × batch]: an example per column. A system that takes one at
/// a time may write Eigen::VectorXd instead.
using Learn =
    std::function<void(const Eigen::MatrixXd& inputs, const Eigen::MatrixXd& targets, double scale)>;
using Predict = std::function<Eigen::MatrixXd(const Eigen::MatrixXd& inputs)>;

/// Points of test error that a difference needs: on 360 held-out digits and one seed, smaller ones are chance
/// (a standard error of one result is about 0.8).
constexpr double significant = 3.0;

/// Trains a system that knows no time on the configuration's task: each presentation is shown once, in the
/// same order as to the machines, `scale` being the factor of the epoch on learning rates. Test error in %
/// after every epoch. `batch` examples are given at a time, the last of an epoch may be fewer.
Line train_baseline(const Config&, const char* name, const Learn&, const Predict&, int batch = 1);

/// Initial weights of a chain of layers, uniform within ± gain sqrt(6 / (n_{k−1} + n_k)), bias 0 (Glorot &
/// Bengio 2010).
std::vector<model::WeightMatrix> uniform_weights(const Config&, double gain);

/// Rates of one step a digit, per layer: as large as the steps of all its ticks together at small β.
std::vector<double> rates_of_a_digit(const Config&);
/// The same network with one exact gradient step a digit, as large as the steps of all its ticks together at
/// small β; `net` starts it and holds what it learned.
Line train_backpropagation(const Config&, model::Network<double>& net);
/// The network with the configuration's initial weights.
model::Network<double> first_network(const Config&);

/// The configuration's microcircuit on golden. Nudged interneurons leave (1 − λ)^(N−k) of the error in layer
/// k; its rates make up for that.
Config as_microcircuit(Config);

/// A machine's test error in % after every epoch, and the weights that it ended with, as
/// starting_weights() has them.
struct Trained {
  Line error;
  std::vector<model::WeightMatrix> weights;
};
/// The machine of the configuration on its task.
Trained train(const Config&);
Line train_machine(const Config&);

}  // namespace apical::tools
