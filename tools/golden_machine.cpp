#include "tools/golden_machine.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace apical::tools {
namespace {

constexpr const char* signals[] = {"basal", "apical", "u",     "membrane", "rate",
                                   "slope", "nudge",  "error", "mismatch"};

}  // namespace

GoldenMachine::GoldenMachine(model::GoldenSettings settings, const std::vector<model::WeightMatrix>& weights)
    : golden_(std::move(settings), weights) {
  for (const char* signal : signals) ranges_.watch(signal, golden_.depth());
}

void GoldenMachine::tick(const double* input, const double* target, double nudge, bool) {
  golden_.tick(input, target, nudge);
  events_ += static_cast<std::uint64_t>(golden_.settings().layers.front());
  for (int k = 1; k <= golden_.depth(); ++k)
    events_ += static_cast<std::uint64_t>(golden_.rate(k).size()) * (k > 1 ? 2 : 1);
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

std::vector<double> GoldenMachine::weights(int layer) const {
  const model::WeightMatrix w = golden_.weights()[static_cast<std::size_t>(layer - 1)];
  return {w.data(), w.data() + w.size()};
}

std::string GoldenMachine::state_digest() const {
  ValueDigest digest;
  for (int k = 1; k <= golden_.depth(); ++k)
    for (const char* name : signals) digest.add(signal(name, k).data(), signal(name, k).size());
  for (const model::WeightMatrix& w : golden_.weights()) digest.add(w.data(), w.size());
  return digest.text();
}

std::vector<sim::SignalStatistics> GoldenMachine::statistics() const {
  std::vector<sim::SignalStatistics> all;
  for (int k = 1; k <= golden_.depth(); ++k) {
    all.push_back(weight_range("weight", k, weights(k)));
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

}  // namespace apical::tools
