// SPDX-License-Identifier: Apache-2.0
#include "model/connections.hpp"
#include "model/settings/settings_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace apical::model {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& accepted) {
  throw SettingsError("network.connections", what, accepted);
}

}  // namespace

Connections resolved(Connections all, int layers) {
  if (all.empty()) return all;
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second, a.first) < std::tie(b.second, b.first);
  });
  const int last = layers - 1;
  for (std::size_t c = 0; c < all.size(); ++c) {
    const auto [source, target] = all[c];
    const std::string pair = fmt::format("[{}, {}]", source, target);
    if (source < 0 || source >= last || target < 1 || target > last)
      refuse(pair, fmt::format("[source, target] with source 0..{} (nothing leaves the output layer) and "
                               "target 1..{} (nothing enters the input)",
                               last - 1, last));
    if (c > 0 && all[c] == all[c - 1]) refuse(pair + " twice", "every pair once");
  }
  for (int k = 1; k <= last; ++k)
    if (std::none_of(all.begin(), all.end(), [k](const auto& pair) { return pair.second == k; }))
      refuse(fmt::format("layer {} has no input", k), fmt::format("a connection into each of 1..{}", last));
  std::vector<bool> leads(static_cast<std::size_t>(layers), false);
  leads.back() = true;
  for (int round = 0; round < last; ++round)
    for (const auto& [source, target] : all)
      if (leads[static_cast<std::size_t>(target)]) leads[static_cast<std::size_t>(source)] = true;
  for (int k = 0; k < last; ++k)
    if (!leads[static_cast<std::size_t>(k)])
      refuse(fmt::format("layer {} does not lead to the output", k),
             fmt::format("a path from each of 0..{} to {}", last - 1, last));
  return all == listed({}, layers) ? Connections{} : all;
}

Connections listed(const Connections& connections, int layers) {
  Connections all = resolved(connections, layers);
  if (all.empty())
    for (int k = 1; k < layers; ++k) all.emplace_back(k - 1, k);
  return all;
}

std::vector<std::pair<int, int>> weight_shapes(const std::vector<int>& layers, Bias bias,
                                               const Connections& connections) {
  std::vector<std::pair<int, int>> shapes;
  int before = 0;  // target of the last matrix
  for (const auto& [source, target] : listed(connections, static_cast<int>(layers.size()))) {
    shapes.emplace_back(
        layers[static_cast<std::size_t>(target)],
        layers[static_cast<std::size_t>(source)] + (bias == Bias::with && target != before ? 1 : 0));
    before = target;
  }
  return shapes;
}

std::vector<std::string> weight_names(const Connections& connections, int layers) {
  const bool chain = resolved(connections, layers).empty();
  std::vector<std::string> names;
  for (const auto& [source, target] : listed(connections, layers))
    names.push_back(chain ? fmt::format("W{}", target) : fmt::format("W{}_{}", target, source));
  return names;
}

}  // namespace apical::model
