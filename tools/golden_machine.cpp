#include "tools/golden_machine.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace apical::tools {
namespace {

constexpr const char* signals[] = {"basal", "apical", "u",     "membrane", "rate",
                                   "slope", "nudge",  "error", "mismatch"};
constexpr std::uint64_t sampled_tick = 17;  // ranges are taken on every 17th tick

}  // namespace

GoldenMachine::GoldenMachine(model::GoldenSettings settings, const std::vector<model::WeightMatrix>& weights)
    : golden_(std::move(settings), weights) {
  const auto& net = golden_.network();
  for (int k = 0; k <= net.depth(); ++k) sent_ += static_cast<std::uint64_t>(net.units(k));  // rates
  for (int k = 1; k <= net.depth(); ++k) {
    bool hears_layers = false;  // and so sends errors
    for (int c = 1; c <= net.count(); ++c) hears_layers |= net.target(c) == k && net.source(c) > 0;
    if (hears_layers) sent_ += static_cast<std::uint64_t>(net.units(k));
  }
  for (int k = 1; k <= golden_.depth(); ++k)
    for (const char* signal : signals) {
      sim::SignalStatistics s;
      s.signal = signal;
      s.layer = k;
      s.format = "double";
      s.minimum = std::numeric_limits<double>::infinity();
      s.maximum = -s.minimum;
      ranges_.push_back(std::move(s));
    }
}

void GoldenMachine::tick(const double* input, const double* target, double nudge, bool) {
  golden_.tick(input, target, nudge);
  events_ += sent_;
  if (ticks_++ % sampled_tick != 0) return;
  for (sim::SignalStatistics& s : ranges_) {
    const Eigen::VectorXd& values = signal(s.signal, s.layer);
    s.minimum = std::min(s.minimum, values.minCoeff());
    s.maximum = std::max(s.maximum, values.maxCoeff());
    s.count += static_cast<std::uint64_t>(values.size());
  }
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
  const model::WeightMatrix w = golden_.network().weight(connection);
  return {w.data(), w.data() + w.size()};
}

std::string GoldenMachine::state_digest() const {
  XXH3_state_t* state = XXH3_createState();
  XXH3_128bits_reset(state);
  const auto add = [&](const double* values, Eigen::Index count) {
    XXH3_128bits_update(state, values, static_cast<std::size_t>(count) * sizeof(double));
  };
  for (int k = 1; k <= golden_.depth(); ++k)
    for (const char* name : signals) add(signal(name, k).data(), signal(name, k).size());
  for (const model::WeightMatrix& w : golden_.weights()) add(w.data(), w.size());
  const XXH128_hash_t hash = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::vector<sim::SignalStatistics> GoldenMachine::statistics() const {
  std::vector<sim::SignalStatistics> all;
  for (int k = 1; k <= golden_.depth(); ++k) {
    sim::SignalStatistics s;
    s.signal = "weight";
    s.layer = k;
    s.format = "double";
    s.minimum = std::numeric_limits<double>::infinity();
    s.maximum = -s.minimum;
    for (int c = 1; c <= golden_.network().count(); ++c) {
      if (golden_.network().target(c) != k) continue;
      const Eigen::MatrixXd& w = golden_.network().weight(c);
      s.minimum = std::min(s.minimum, w.minCoeff());
      s.maximum = std::max(s.maximum, w.maxCoeff());
      s.count += static_cast<std::uint64_t>(w.size());
    }
    all.push_back(std::move(s));
    for (const sim::SignalStatistics& range : ranges_)
      if (range.layer == k && range.count > 0) all.push_back(range);
  }
  return all;
}

std::string GoldenMachine::trouble() const {
  return golden_.finite()
             ? ""
             : "a voltage of the golden model is not finite: it diverged; try a smaller beta or eta";
}

}  // namespace apical::tools
