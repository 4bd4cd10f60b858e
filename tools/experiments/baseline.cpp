// SPDX-License-Identifier: Apache-2.0
#include "tools/experiments/baseline.hpp"

#include <fmt/format.h>

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_real_distribution.hpp>
#include <cmath>

#include "model/backpropagation.hpp"
#include "model/elementary.hpp"
#include "model/schedule.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/report/progress.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {

namespace {

// The next `size` examples, or what is left of them, one per column; `shown` says at which ticks they are.
struct Batch {
  Eigen::MatrixXd inputs, targets;
  std::vector<model::Sample> samples;

  bool next(model::Stream& stream, int size, bool model::Sample::*shown) {
    samples.clear();
    for (model::Sample s; static_cast<int>(samples.size()) < size && stream.next(s);)
      if (s.*shown) samples.push_back(s);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto drive = world(samples[i], 0.0);
      const auto column = static_cast<Eigen::Index>(i), count = static_cast<Eigen::Index>(samples.size());
      if (i == 0) {
        inputs.resize(drive.input.size(), count);
        targets.resize(drive.target.size(), count);
      }
      inputs.col(column) = drive.input;
      targets.col(column) = drive.target;
    }
    return !samples.empty();
  }
};

// learning.eta, one per layer.
std::vector<double> rates_of_layers(const Config& config) {
  std::vector<double> eta = config.network.eta;
  if (eta.size() == 1) eta.resize(config.network.layers.size() - 1, eta.front());
  return eta;
}

}  // namespace

Line train_baseline(const Config& config, const char* name, const Learn& learn, const Predict& predict,
                    int batch_size) {
  Line line{name, {}, true};
  const auto task = configured_task(config);
  Progress progress({name});
  Batch batch;
  for (int epoch = 0; epoch < config.epochs; ++epoch) {
    const double scale = model::learning_scale(config.decay, epoch);
    const auto training = task->training(epoch);
    const auto epochs = static_cast<std::uint64_t>(config.epochs);
    const std::uint64_t ticks = training->ticks();
    std::uint64_t done = static_cast<std::uint64_t>(epoch) * ticks;
    while (batch.next(*training, batch_size, &model::Sample::changed)) {
      learn(batch.inputs, batch.targets, scale);
      done += batch.samples.size() * static_cast<std::uint64_t>(config.task.presentation);
      progress.update(0, done, epochs * ticks,
                      fmt::format("epoch {}/{}{}", epoch + 1, epochs,
                                  epoch == 0 ? "" : fmt::format(", {:.2f} %", line.points.back().second)));
    }
    model::Score score(model::measure_of(task->classification()));
    const auto test = task->test();
    while (batch.next(*test, batch_size, &model::Sample::scored)) {
      const Eigen::MatrixXd outputs = predict(batch.inputs);
      for (std::size_t i = 0; i < batch.samples.size(); ++i) {
        const auto output = outputs.col(static_cast<Eigen::Index>(i));
        score.add(batch.samples[i], {output.begin(), output.end()});
      }
    }
    line.points.emplace_back(epoch + 1, 100.0 * (1.0 - score.value()));
  }
  return line;
}

std::vector<model::WeightMatrix> uniform_weights(const Config& config, double gain) {
  const std::vector<int>& layers = config.network.layers;
  boost::random::mt19937_64 random(config.seed);
  std::vector<model::WeightMatrix> weights;
  for (std::size_t k = 1; k < layers.size(); ++k) {
    const double limit = gain * std::sqrt(6.0 / (layers[k - 1] + layers[k]));
    boost::random::uniform_real_distribution<double> uniform(-limit, limit);
    model::WeightMatrix w = model::WeightMatrix::Zero(layers[k], layers[k - 1] + 1);
    for (double& x : w.leftCols(layers[k - 1]).reshaped()) x = uniform(random);
    weights.push_back(std::move(w));
  }
  return weights;
}

model::Network<double> first_network(const Config& config) {
  model::Network<double> net;
  net.activation = config.network.activation;
  for (const auto& w : first_weights(config)) net.weights.emplace_back(w);
  return net;
}

std::vector<double> rates_of_a_digit(const Config& config) {
  const double budget = config.network.beta * config.task.presentation * config.network.dt;
  std::vector<double> rates = rates_of_layers(config);
  for (double& rate : rates) rate *= budget;
  return rates;
}

Line train_backpropagation(const Config& config, model::Network<double>& net) {
  const std::vector<double> rates = rates_of_a_digit(config);
  return train_baseline(
      config, "backpropagation",
      [&](const Eigen::VectorXd& input, const Eigen::VectorXd& target, double scale) {
        const auto gradient = model::backpropagate(net, input, target);
        for (std::size_t k = 0; k < gradient.size(); ++k) net.weights[k] -= rates[k] * scale * gradient[k];
      },
      [&](const Eigen::VectorXd& input) { return model::feedforward(net, input).back(); });
}

Config as_microcircuit(Config config) {
  config.circuit = Circuit::microcircuit;
  config.machine = Machine::golden;
  std::vector<double> eta = rates_of_layers(config);
  const std::size_t depth = eta.size();
  for (std::size_t k = 0; k < depth; ++k)
    eta[k] /= model::pow(1.0 - config.microcircuit.lambda, static_cast<double>(depth - 1 - k));
  config.network.eta = eta;
  return config;
}

Trained train(const Config& config) {
  const RunOutcome outcome = run(config, {});
  Trained trained{{fmt::format("continuous time, {}", name_of(config.machine)), {}, true}, outcome.initial};
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
