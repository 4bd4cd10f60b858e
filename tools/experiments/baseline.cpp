#include "tools/experiments/baseline.hpp"

#include <cmath>

#include "model/backpropagation.hpp"
#include "model/schedule.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/stimulus.hpp"

namespace apical::tools {

Line train_baseline(const Config& config, const char* name, const Learn& learn, const Predict& predict) {
  Line line{name, {}, true};
  const auto task = configured_task(config);
  for (int epoch = 0; epoch < config.epochs; ++epoch) {
    const double scale = model::learning_scale(config.decay, epoch);
    const auto training = task->training(epoch);
    for (model::Sample s; training->next(s);) {
      if (!s.changed) continue;
      const auto drive = world(s, 0.0);
      learn(drive.input, drive.target, scale);
    }
    model::Score score(task->classification());
    const auto test = task->test();
    for (model::Sample s; test->next(s);) {
      if (!s.scored) continue;
      const Eigen::VectorXd output = predict(world(s, 0.0).input);
      score.add(s, {output.begin(), output.end()});
    }
    line.points.emplace_back(epoch + 1, 100.0 * (1.0 - score.value()));
  }
  return line;
}

model::Network<double> first_network(const Config& config) {
  model::Network<double> net;
  net.activation = model::parse_activation(config.activation);
  for (const auto& w : first_weights(config)) net.weights.emplace_back(w);
  return net;
}

Line train_backpropagation(const Config& config, model::Network<double>& net) {
  const double budget = config.network.beta * config.task.presentation * config.network.dt;
  const std::vector<double>& eta = config.network.eta;
  return train_baseline(
      config, "backpropagation",
      [&](const Eigen::VectorXd& input, const Eigen::VectorXd& target, double scale) {
        const auto gradient = model::backpropagate(net, input, target);
        for (std::size_t k = 0; k < gradient.size(); ++k)
          net.weights[k] -= eta[eta.size() == 1 ? 0 : k] * budget * scale * gradient[k];
      },
      [&](const Eigen::VectorXd& input) { return model::feedforward(net, input).back(); });
}

Config as_microcircuit(Config config) {
  config.circuit = "microcircuit";
  config.machine = "golden";
  const std::size_t depth = config.network.layers.size() - 1;
  std::vector<double> eta = config.network.eta;
  if (eta.size() == 1) eta.resize(depth, eta.front());
  for (std::size_t k = 0; k < depth; ++k)
    eta[k] /= std::pow(1.0 - config.microcircuit.lambda, static_cast<double>(depth - 1 - k));
  config.network.eta = eta;
  return config;
}

Trained train(const Config& config) {
  const RunOutcome outcome = run(config, {});
  Trained trained{{"continuous time, " + config.machine, {}, true}, outcome.initial};
  const RunResult& r = outcome.results.back();
  for (const CurvePoint& p : r.curve)
    trained.error.points.emplace_back(static_cast<double>(trained.error.points.size() + 1),
                                      100.0 * (1.0 - p.score));
  for (std::size_t k = 0; k < r.weights.size(); ++k) {
    model::WeightMatrix& w = trained.weights[k];
    w = Eigen::Map<const model::WeightMatrix>(r.weights[k].data(), w.rows(), w.cols());
  }
  return trained;
}

Line train_machine(const Config& config) {
  return train(config).error;
}

}  // namespace apical::tools
