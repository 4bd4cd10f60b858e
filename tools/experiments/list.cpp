#include <fmt/format.h>

#include "tools/experiments/panels.hpp"

namespace apical::tools {

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> all = {energy(),
                                              action(),
                                              prospective(),
                                              derivative(),
                                              hodgkin_huxley(),
                                              backprop(),
                                              dendrites(),
                                              mapping(),
                                              digits(),
                                              receptive_fields(),
                                              lateral_weights(),
                                              alignment(),
                                              backprop_baseline(),
                                              equilibrium_propagation(),
                                              predictive_coding(),
                                              microcircuit_2018()};
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
