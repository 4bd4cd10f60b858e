// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/golden_machine.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace apical::sim {
namespace {

constexpr const char* signals[] = {"basal", "apical", "u",     "membrane", "rate",
                                   "slope", "nudge",  "error", "mismatch"};

}  // namespace

GoldenMachine::GoldenMachine(model::GoldenSettings settings, const std::vector<model::WeightMatrix>& weights,
                             std::shared_ptr<model::Imperfections> chip)
    : golden_(std::move(settings), weights, std::move(chip)) {
  const auto& net = golden_.network();
  for (int k = 0; k <= net.depth(); ++k) sent_ += static_cast<std::uint64_t>(net.units(k));  // rates
  for (int k = 1; k <= net.depth(); ++k) {
    bool hears_layers = false;  // and so sends errors
    for (int c = 1; c <= net.count(); ++c) hears_layers |= net.target(c) == k && net.source(c) > 0;
    if (hears_layers) sent_ += static_cast<std::uint64_t>(net.units(k));
  }
  for (const char* signal : signals) ranges_.watch(signal, golden_.depth());
}

void GoldenMachine::tick(const double* input, const double* target, double nudge, bool) {
  golden_.tick(input, target, nudge);
  events_ += sent_;
  ranges_.sample(
      [this](const std::string& name, int layer) -> const Eigen::VectorXd& { return signal(name, layer); });
}

const Eigen::VectorXd& GoldenMachine::signal(const std::string& name, int layer) const {
  if (layer < 1 || layer > golden_.depth())
    throw std::invalid_argument(fmt::format("layer {}; accepted: 1..{}", layer, golden_.depth()));
  if (name == "basal") return golden_.basal(layer);
  if (name == "apical") return golden_.apical(layer);
  if (name == "u") return golden_.u(layer);
  if (name == "membrane") return golden_.membrane(layer);
  if (name == "rate") return golden_.rate(layer);
  if (name == "slope") return golden_.slope(layer);
  if (name == "nudge") return golden_.nudge(layer);
  if (name == "error") return golden_.error(layer);
  if (name == "mismatch") return golden_.mismatch(layer);
  throw std::invalid_argument(fmt::format("signal \"{}\"; accepted: {}", name, fmt::join(signals, ", ")));
}

std::vector<double> GoldenMachine::read(const std::string& name, int layer) const {
  const Eigen::VectorXd& values = signal(name, layer);
  return {values.begin(), values.end()};
}

std::vector<double> GoldenMachine::weights(int connection) const {
  const model::WeightMatrix w = golden_.matrix(connection);
  return {w.data(), w.data() + w.size()};
}

void GoldenMachine::set_weights(int connection, const std::vector<double>& values) {
  const Eigen::MatrixXd& w = golden_.matrix(connection);
  golden_.set_weights(connection, Eigen::Map<const model::WeightMatrix>(values.data(), w.rows(), w.cols()));
}

std::string GoldenMachine::state_digest() const {
  ValueDigest digest;
  for (int k = 1; k <= golden_.depth(); ++k)
    for (const char* name : signals) digest.add(signal(name, k).data(), signal(name, k).size());
  for (const model::WeightMatrix& w : golden_.weights()) digest.add(w.data(), w.size());
  return digest.text();
}

std::vector<SignalStatistics> GoldenMachine::statistics() const {
  std::vector<SignalStatistics> all;
  const auto names = model::weight_names(golden_.network().connections, golden_.depth() + 1);
  for (int k = 1; k <= golden_.depth(); ++k) {
    for (int c = 1; c <= golden_.network().count(); ++c) {
      if (golden_.network().target(c) != k) continue;
      const std::string name =
          golden_.network().chain() ? "weight" : "weight " + names[static_cast<std::size_t>(c - 1)];
      all.push_back(weight_range(name.c_str(), k, weights(c)));
    }
    const auto ranges = ranges_.of_layer(k);
    all.insert(all.end(), ranges.begin(), ranges.end());
  }
  return all;
}

std::string GoldenMachine::trouble() const {
  return golden_.finite()
             ? ""
             : "a voltage of the golden model is not finite: it diverged; try a smaller beta or eta";
}

}  // namespace apical::sim
