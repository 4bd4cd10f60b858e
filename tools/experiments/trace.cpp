// SPDX-License-Identifier: Apache-2.0
#include "tools/experiments/trace.hpp"

#include <cmath>

namespace apical::tools {

model::Network<double> network_of(const sim::Machine& machine, const Config& config) {
  model::Network<double> net;
  net.activation = config.network.activation;
  net.bias = config.network.bias;
  const model::GoldenSettings& s = config.network;
  net.connections = model::resolved(s.connections, static_cast<int>(s.layers.size()));
  int connection = 0;
  for (const auto& [rows, columns] : model::weight_shapes(s.layers, model::bias_if(s.bias), s.connections)) {
    const std::vector<double> w = machine.weights(++connection);
    net.weights.emplace_back(Eigen::Map<const model::WeightMatrix>(w.data(), rows, columns));
  }
  return net;
}

model::MicrocircuitWeights circuit_of(const sim::Machine& machine, const Config& config) {
  std::vector<model::WeightMatrix> all = model::in_order(model::self_predicting(first_weights(config)));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<double> w = machine.weights(static_cast<int>(i) + 1);
    all[i] = Eigen::Map<const model::WeightMatrix>(w.data(), all[i].rows(), all[i].cols());
  }
  return model::from_order(all, static_cast<int>(config.network.layers.size()) - 1);
}

Eigen::VectorXd values(const sim::Machine& machine, const std::string& signal, int layer) {
  const std::vector<double> read = machine.read(signal, layer);
  return Eigen::Map<const Eigen::VectorXd>(read.data(), static_cast<Eigen::Index>(read.size()));
}

double apical_in_lsb(const sim::Machine& machine, const Config& config, int k) {
  const double fan_in = config.network.layers[static_cast<std::size_t>(k) + 1];
  return values(machine, "apical", k).cwiseAbs().maxCoeff() /
         (config.formats.at("apical", k).lsb() * std::sqrt(fan_in));
}

model::Layers<double> voltages(const sim::Machine& machine, int depth) {
  model::Layers<double> u(static_cast<std::size_t>(depth) + 1);
  for (int k = 1; k <= depth; ++k) u[static_cast<std::size_t>(k)] = values(machine, "u", k);
  return u;
}

std::vector<model::Layers<double>> course(sim::Machine& machine, const std::vector<model::Sample>& samples,
                                          std::size_t first, int depth) {
  std::vector<model::Layers<double>> all;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    machine.tick(samples[n].input.data(), samples[n].target.data(), 1.0, true);
    if (n >= first) all.push_back(voltages(machine, depth));
  }
  return all;
}

model::Drive<double> world(const model::Sample& sample, double beta) {
  const auto vector = [](const std::vector<double>& values) {
    return Eigen::VectorXd(
        Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size())));
  };
  model::Drive<double> drive;
  drive.input = vector(sample.input);
  drive.target = vector(sample.target);
  drive.input_change = Eigen::VectorXd::Zero(drive.input.size());
  drive.target_change = Eigen::VectorXd::Zero(drive.target.size());
  drive.beta = beta;
  return drive;
}

std::vector<model::Sample> first_ticks(const model::Task& task, std::size_t count) {
  std::vector<model::Sample> samples;
  for (int epoch = 0; samples.size() < count; ++epoch) {
    const auto stream = task.training(epoch);
    for (model::Sample s; samples.size() < count && stream->next(s);) samples.push_back(s);
  }
  return samples;
}

std::vector<model::WeightMatrix> first_weights(const Config& config) {
  return model::initial_weights(config.network.layers, model::bias_if(config.network.bias), config.gain,
                                own_seed(config, config.seed_weights), config.network.connections);
}

void set_bits(Config& config, int bits) {
  for (auto& [signal, format] : config.formats.by_signal) {
    if (format.frac != fixedpoint::automatic_frac) format.frac += bits - format.bits;
    format.bits = bits;
  }
}

double squared_distance(const model::Layers<double>& a, const model::Layers<double>& b) {
  double sum = 0.0;
  for (std::size_t k = 1; k < a.size(); ++k) sum += (a[k] - b[k]).squaredNorm();
  return sum;
}

}  // namespace apical::tools
