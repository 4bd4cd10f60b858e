// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/area.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "model/elementary.hpp"
#include "sim/core/core_library.hpp"

namespace apical::tools {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

VectorXd vector_of(std::initializer_list<double> values) {
  VectorXd v(static_cast<Eigen::Index>(values.size()));
  std::copy(values.begin(), values.end(), v.data());
  return v;
}

// What logic grows with: control; in every lane a multiplier, shifters and registers; the neuron unit with
// its shifters and its own multiplier; the skewed banks of weights.
VectorXd logic_features(const sim::CoreParameters& c) {
  const double lanes = c.lanes;
  return vector_of({1.0, lanes * c.sw * std::max(c.sw, c.ww), lanes * c.aw, lanes * c.lw, lanes * c.sw,
                    lanes * lanes * c.ww, double(c.ew), double(c.ew) * c.levels, double(c.sw) * c.dw});
}

// What memories are made of: weights, signals, sums, constants and lists of units, tables, program.
VectorXd memory_features(const sim::CoreParameters& c) {
  const double units = c.units;
  return vector_of({double(c.lanes) * c.depth * c.ww, units * c.sw, units * c.sw * c.mismatch, units * c.aw,
                    units, units * std::ceil(model::log2(units)), double(c.table) * (c.base + c.delta),
                    double(c.decay) * c.mismatch, double(c.ops), double(4 * c.pops + c.projs)});
}

// Least squares of the relative error; features whose factor would be negative are left out.
VectorXd fitted(const std::vector<SynthesisedCore>& cores, VectorXd (*features)(const sim::CoreParameters&),
                double SynthesisedCore::*measured) {
  std::vector<Eigen::Index> kept(static_cast<std::size_t>(features(cores.front().core).size()));
  for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = static_cast<Eigen::Index>(i);
  VectorXd all = VectorXd::Zero(static_cast<Eigen::Index>(kept.size()));
  const VectorXd ones = VectorXd::Ones(static_cast<Eigen::Index>(cores.size()));
  MatrixXd relative(ones.size(), all.size());
  for (Eigen::Index i = 0; i < ones.size(); ++i) {
    const SynthesisedCore& s = cores[static_cast<std::size_t>(i)];
    relative.row(i) = features(s.core).transpose() / s.*measured;
  }
  while (!kept.empty()) {
    MatrixXd columns(ones.size(), static_cast<Eigen::Index>(kept.size()));
    for (std::size_t i = 0; i < kept.size(); ++i)
      columns.col(static_cast<Eigen::Index>(i)) = relative.col(kept[i]);
    const VectorXd factors = columns.colPivHouseholderQr().solve(ones);
    // Compared by what they contribute: the features have different sizes.
    Eigen::Index worst = 0;
    const VectorXd share = factors.cwiseProduct(columns.colwise().mean().transpose());
    if (share.minCoeff(&worst) >= -1e-9) {
      for (std::size_t i = 0; i < kept.size(); ++i) all(kept[i]) = factors(static_cast<Eigen::Index>(i));
      break;
    }
    kept.erase(kept.begin() + worst);
  }
  return all;
}

}  // namespace

std::vector<SynthesisedCore> read_synthesised_cores(const std::filesystem::path& path) {
  std::vector<SynthesisedCore> cores;
  try {
    std::ifstream file(path);
    for (const nlohmann::json& one : nlohmann::json::parse(file)) {
      const auto used = [&](const std::string& start) {
        for (const auto& [name, value] : one.at("resources").items())
          if (name.rfind(start, 0) == 0) return value.at("used").get<double>();
        throw std::runtime_error("no resource " + start);
      };
      cores.push_back({sim::parameters_from(one.at("parameters").get<std::map<std::string, int>>()),
                       used("gate equivalents"), used("memory bits")});
    }
  } catch (const std::exception& error) {
    throw std::runtime_error(path.string() + ": not a table of hw/synthesis/area: " + error.what());
  }
  if (cores.empty()) throw std::runtime_error(path.string() + ": no cores");
  return cores;
}

AreaModel::AreaModel(const std::vector<SynthesisedCore>& cores)
    : gate_factors_(fitted(cores, logic_features, &SynthesisedCore::gates)),
      memory_factors_(fitted(cores, memory_features, &SynthesisedCore::memory_bits)) {}

const AreaModel& AreaModel::of_sources() {
  static const AreaModel model(read_synthesised_cores(sim::find_core_sources().synthesis / "area.json"));
  return model;
}

double AreaModel::gates(const sim::CoreParameters& c) const {
  return gate_factors_.dot(logic_features(c));
}

double AreaModel::memory_bits(const sim::CoreParameters& c) const {
  return memory_factors_.dot(memory_features(c));
}

}  // namespace apical::tools
