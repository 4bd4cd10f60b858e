// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/microcircuit_machine.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace apical::sim {
namespace {

constexpr const char* signals[] = {"basal", "apical", "interneuron", "u", "rate", "slope", "error"};

// Apical dendrites and interneurons are in hidden layers alone.
int last_layer(const std::string& signal, int depth) {
  return signal == "apical" || signal == "interneuron" ? depth - 1 : depth;
}

}  // namespace

MicrocircuitMachine::MicrocircuitMachine(model::MicrocircuitSettings settings,
                                         const std::vector<model::WeightMatrix>& weights)
    : circuit_(settings, model::from_order(weights, static_cast<int>(settings.layers.size()) - 1)) {
  const int last = circuit_.depth();
  for (const char* name : signals) ranges_.watch(name, last_layer(name, last));
  // Rates upwards to pyramidal cells and interneurons; voltages of somata and of interneurons to the
  // dendrites.
  events_per_tick_ = static_cast<std::uint64_t>(settings.layers.front());
  for (int k = 1; k <= last; ++k)
    events_per_tick_ += static_cast<std::uint64_t>(circuit_.u(k).size()) * (k > 1 ? 3 : 1);
}

void MicrocircuitMachine::tick(const double* input, const double* target, double nudge, bool) {
  circuit_.tick(input, target, nudge);
  events_ += events_per_tick_;
  ranges_.sample(
      [this](const std::string& name, int layer) -> const Eigen::VectorXd& { return signal(name, layer); });
}

const Eigen::VectorXd& MicrocircuitMachine::signal(const std::string& name, int layer) const {
  const int last = last_layer(name, circuit_.depth());
  if (layer < 1 || layer > last)
    throw std::invalid_argument(fmt::format("layer {} of \"{}\"; accepted: 1..{}", layer, name, last));
  if (name == "basal") return circuit_.basal(layer);
  if (name == "apical") return circuit_.apical(layer);
  if (name == "interneuron") return circuit_.interneuron(layer);
  if (name == "u") return circuit_.u(layer);
  if (name == "rate") return circuit_.rate(layer);
  if (name == "slope") return circuit_.slope(layer);
  if (name == "error") return circuit_.error(layer);
  throw std::invalid_argument(fmt::format("signal \"{}\"; accepted: {}", name, fmt::join(signals, ", ")));
}

std::vector<double> MicrocircuitMachine::read(const std::string& name, int layer) const {
  const Eigen::VectorXd& values = signal(name, layer);
  return {values.begin(), values.end()};
}

std::vector<double> MicrocircuitMachine::weights(int projection) const {
  const model::WeightMatrix w = model::in_order(circuit_.weights())[static_cast<std::size_t>(projection - 1)];
  return {w.data(), w.data() + w.size()};
}

void MicrocircuitMachine::set_weights(int projection, const std::vector<double>& values) {
  std::vector<model::WeightMatrix> all = model::in_order(circuit_.weights());
  model::WeightMatrix& w = all.at(static_cast<std::size_t>(projection - 1));
  w = Eigen::Map<const model::WeightMatrix>(values.data(), w.rows(), w.cols());
  circuit_.set_weights(model::from_order(all, circuit_.depth()));
}

std::string MicrocircuitMachine::state_digest() const {
  ValueDigest digest;
  for (const char* name : signals)
    for (int k = 1; k <= last_layer(name, circuit_.depth()); ++k)
      digest.add(signal(name, k).data(), signal(name, k).size());
  for (const model::WeightMatrix& w : model::in_order(circuit_.weights())) digest.add(w.data(), w.size());
  return digest.text();
}

std::vector<SignalStatistics> MicrocircuitMachine::statistics() const {
  std::vector<SignalStatistics> all;
  const int last = circuit_.depth();
  for (int k = 1; k <= last; ++k) {
    all.push_back(weight_range("weight", k, weights(k)));
    if (k < last) {
      all.push_back(weight_range("weight_B", k, weights(last + k)));
      all.push_back(weight_range("weight_PI", k, weights(2 * last - 1 + k)));
      all.push_back(weight_range("weight_IP", k, weights(3 * last - 2 + k)));
    }
    const auto ranges = ranges_.of_layer(k);
    all.insert(all.end(), ranges.begin(), ranges.end());
  }
  return all;
}

std::string MicrocircuitMachine::trouble() const {
  return circuit_.finite() ? ""
                           : "a voltage of the microcircuit is not finite: it diverged; try a smaller beta, "
                             "eta, eta_pi or eta_ip";
}

}  // namespace apical::sim
