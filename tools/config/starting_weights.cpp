// SPDX-License-Identifier: Apache-2.0
#include "tools/config/starting_weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "model/hdf5_file.hpp"

namespace apical::tools {

std::vector<model::WeightMatrix> starting_weights(const Config& config) {
  const std::string& file = config.weights_file;
  const model::GoldenSettings& s = config.network;
  std::vector<model::WeightMatrix> weights =
      model::initial_weights(s.layers, model::bias_if(s.bias), config.gain, config.seed, s.connections);
  if (config.circuit == Circuit::microcircuit)
    weights = model::in_order(
        model::initial_circuit(weights, {config.feedback_init, config.lateral, config.gain, config.seed}));
  if (file.empty()) return weights;
  const std::vector<std::string> names = weight_names(config);
  for (const std::string& name : model::names_in(file, "/weights"))
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw InputError(fmt::format("{}: /weights/{}: no such weights here; accepted: {}", file, name,
                                   fmt::join(names, ", ")));
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const std::string name = "/weights/" + names[k];
    model::WeightMatrix read = model::read_matrix(file, name);
    const bool bias = read.rows() == weights[k].rows() && std::abs(read.cols() - weights[k].cols()) == 1;
    if (read.rows() != weights[k].rows() || read.cols() != weights[k].cols())
      throw InputError(
          fmt::format("{}: {} is {} x {}; accepted: {} x {}{}", file, name, read.rows(), read.cols(),
                      weights[k].rows(), weights[k].cols(),
                      !bias    ? ""
                      : s.bias ? ", the last column being the bias"
                               : ", since network.bias = false leaves out the last column, the bias"));
    weights[k] = std::move(read);
  }
  return weights;
}

}  // namespace apical::tools
