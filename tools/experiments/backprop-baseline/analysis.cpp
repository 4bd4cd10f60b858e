// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "model/backpropagation.hpp"
#include "tools/experiments/baseline.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

// LeCun's Lagrangian: costates of the constraints u_k = W_k r_{k−1} are −delta_k of (22), which the nudge's
// errors approach, per beta. Relative distance after a digit has settled.
double costate_distance(Config config, double beta) {
  config.network.beta = beta;
  config.network.learning = false;
  const auto machine = make_machine(config, first_weights(config));
  const model::Network<double> net = network_of(*machine, config);
  const model::Sample s = first_ticks(*configured_task(config), 1).front();
  for (int n = 0; n < 50; ++n) machine->tick(s.input.data(), s.target.data(), 1.0, n == 0);
  const auto drive = world(s, beta);
  const auto gradient = model::backpropagate(net, drive.input, drive.target);
  double difference = 0.0, size = 0.0;
  for (int k = 1; k <= net.depth(); ++k) {
    const Eigen::MatrixXd& g = gradient[static_cast<std::size_t>(k - 1)];
    const Eigen::VectorXd costate = -g.col(g.cols() - 1);
    const std::vector<double> error = machine->read("error", k);
    for (Eigen::Index i = 0; i < costate.size(); ++i) {
      difference += Eigen::numext::abs2(error[static_cast<std::size_t>(i)] / beta - costate[i]);
      size += Eigen::numext::abs2(costate[i]);
    }
  }
  return std::sqrt(difference / size);
}

Findings analyse(const Setting& setting) {
  Findings f;
  Config config = setting.config;
  if (setting.quick) config.epochs = std::min(config.epochs, 8);
  model::Network<double> net = first_network(config);
  const Line baseline = train_backpropagation(config, net);
  const Line machine = train_machine(config);
  f.at_most("test error of backpropagation, %", baseline.points.back().second, 5.0);
  f.numbers.emplace_back(fmt::format("test error in continuous time, {}, %", name_of(config.machine)),
                         machine.points.back().second);
  f.at_most("test error in continuous time minus that of backpropagation, points",
            machine.points.back().second - baseline.points.back().second, significant);
  f.figures.push_back(
      {"error", "Test error over training.", "epochs", "%", {baseline, machine}, false, true});
  Line distance{name_of(config.machine), {}, true};
  for (const double beta : {1e-3, 1e-2, 1e-1})
    distance.points.emplace_back(beta, costate_distance(setting.config, beta));
  f.figures.push_back({"costates",
                       "Distance of err / β to the costates of LeCun's Lagrangian, all layers, relative.",
                       "β",
                       "relative distance",
                       {distance},
                       true,
                       true});
  if (config.machine == Machine::golden)
    f.at_most("err / β off the costates at β 0.001, relative", distance.points.front().second, 0.01);
  return f;
}

}  // namespace

Experiment backprop_baseline() {
  return {"references",
          "Error backpropagation (Rumelhart et al. 1986; LeCun 1988)",
          "Local plasticity in continuous time learns what backpropagation learns.",
          "The same network learns the same digits in the same order with one exact gradient step a digit, "
          "beside the machine in continuous time. The costates of LeCun's Lagrangian are compared with the "
          "machine's errors.",
          analyse,
          false,
          {"task.kind=mnist", "network.layers=[784,300,100,10]", "learning.eta=[0.2,0.04,0.02]",
           "learning.decay=0.7", "run.epochs=5"}};
}

}  // namespace apical::tools
