#pragma once
#include <Eigen/Dense>
#include <functional>

#include "model/network.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/run.hpp"

namespace apical::tools {

using Learn = std::function<void(const Eigen::VectorXd& input, const Eigen::VectorXd& target, double scale)>;
using Predict = std::function<Eigen::VectorXd(const Eigen::VectorXd& input)>;

/// Points of test error that a difference needs: on 360 held-out digits and one seed, smaller ones are chance
/// (a standard error of one result is about 0.8).
constexpr double significant = 3.0;

/// Trains a system that knows no time on the configuration's task: each presentation is shown once, in the
/// same order as to the machines, `scale` being the factor of the epoch on learning rates. Test error in %
/// after every epoch.
Line train_baseline(const Config&, const char* name, const Learn&, const Predict&);

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
