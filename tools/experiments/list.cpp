// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "tools/experiments/experiment.hpp"

namespace apical::tools {

/// One per folder of tools/experiments; CMake writes it (registry.cmake).
std::vector<Experiment> registered();

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> all = [] {
    std::vector<Experiment> found = registered();
    std::sort(found.begin(), found.end(), [](const Experiment& a, const Experiment& b) {
      return std::pair<std::string, std::string>(a.panel, a.name) <
             std::pair<std::string, std::string>(b.panel, b.name);
    });
    return found;
  }();
  return all;
}

const Experiment& find_experiment(const std::string& name) {
  std::string names;
  for (const Experiment& e : experiments()) {
    if (name == e.name) return e;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", e.name);
  }
  throw InputError(fmt::format("experiment \"{}\"; accepted: {}", name, names));
}

}  // namespace apical::tools
