// SPDX-License-Identifier: Apache-2.0
#include "tools/config/starting_weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "model/input_file.hpp"
#include "tools/config/nir.hpp"
#include "tools/config/weights_file.hpp"

namespace apical::tools {
namespace {

using model::NamedMatrix;
using model::WeightMatrix;

// Finds what is wrong with a file of weights, all of it, and how a right one would look.
class Fitting {
 public:
  Fitting(const Config& config, const std::vector<WeightMatrix>& shapes)
      : file_(config.weights_file),
        bias_(config.network.bias),
        names_(weight_names(config)),
        shapes_(shapes) {}

  std::vector<WeightMatrix> fit(std::vector<NamedMatrix> given) {
    if (has_modules(given)) given = in_order(modules_of(given, wrong_));
    std::vector<WeightMatrix> weights(names_.size());
    std::vector<bool> there(names_.size(), false);
    for (std::size_t n = 0; n < given.size(); ++n) {
      NamedMatrix& matrix = given[n];
      const auto k =
          static_cast<std::size_t>(std::find(names_.begin(), names_.end(), matrix.name) - names_.begin());
      if (k == names_.size()) {
        wrong_.push_back(fmt::format("{} isn't wanted", said(n, matrix.name)));
        continue;
      }
      there[k] = true;
      const auto rows = matrix.values.rows(), columns = matrix.values.cols();
      if (rows != shapes_[k].rows() || columns != shapes_[k].cols()) {
        wrong_.push_back(fmt::format("{} is {} x {}", said(n, matrix.name), rows, columns));
        off_by_bias_ |= rows == shapes_[k].rows() && std::abs(columns - shapes_[k].cols()) == 1;
      }
      weights[k] = std::move(matrix.values);
    }
    for (std::size_t k = 0; k < names_.size(); ++k)
      if (!there[k]) wrong_.push_back(fmt::format("no {}", names_[k]));
    if (!wrong_.empty()) refuse();
    return weights;
  }

 private:
  // Modules have names of their own: the first is the first matrix.
  std::vector<NamedMatrix> in_order(std::vector<NamedMatrix> modules) {
    for (std::size_t k = 0; k < modules.size(); ++k) {
      modules_.push_back(echoed(modules[k].name, 80));
      modules[k].name = k < names_.size() ? names_[k] : "";
    }
    return modules;
  }

  std::string said(std::size_t n, const std::string& name) const {
    if (n >= modules_.size()) return echoed(name, 80);
    return name.empty() ? modules_[n] : fmt::format("{} ({})", name, modules_[n]);
  }

  [[noreturn]] void refuse() const {
    std::vector<std::string> accepted;
    for (std::size_t k = 0; k < names_.size(); ++k)
      accepted.push_back(fmt::format("{} {} x {}", names_[k], shapes_[k].rows(), shapes_[k].cols()));
    const char* const about_bias = !off_by_bias_ ? ""
                                   : bias_
                                       ? ", the last column being the bias"
                                       : ", since network.bias = false leaves out the last column, the bias";
    throw InputError(fmt::format("{}: {}; accepted: {}{}", file_, model::in_one_line(wrong_),
                                 model::in_one_line(accepted), about_bias));
  }

  const std::string file_;
  const bool bias_;
  const std::vector<std::string> names_;
  const std::vector<WeightMatrix>& shapes_;
  std::vector<std::string> wrong_, modules_;
  bool off_by_bias_ = false;
};

}  // namespace

std::vector<WeightMatrix> starting_weights(const Config& config) {
  const model::GoldenSettings& s = config.network;
  const std::uint64_t seed = own_seed(config, config.seed_weights);
  std::vector<WeightMatrix> weights =
      model::initial_weights(s.layers, model::bias_if(s.bias), config.gain, seed, s.connections);
  if (config.circuit == Circuit::microcircuit)
    weights = model::in_order(
        model::initial_circuit(weights, {config.feedback_init, config.lateral, config.gain, seed}));
  if (config.rule == Rule::feedback_alignment) {
    const auto others = model::initial_weights(s.layers, model::Bias::without, config.gain,
                                               seed + model::feedback_stream, s.connections);
    weights.insert(weights.end(), others.begin() + 1, others.end());
  }
  if (config.weights_file.empty()) return weights;
  return Fitting(config, weights)
      .fit(is_nir(config.weights_file) ? nir_weights(config.weights_file, config)
                                       : read_weights_file(config.weights_file));
}

}  // namespace apical::tools
