#pragma once
#include <Eigen/Dense>
#include <functional>

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

/// The machine of the configuration on the same task: test error in % after every epoch.
Line train_machine(const Config&);

}  // namespace apical::tools
