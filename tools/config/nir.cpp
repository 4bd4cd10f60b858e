// SPDX-License-Identifier: Apache-2.0
#include "tools/config/nir.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "tools/config/nir_layers.hpp"

namespace apical::tools {
namespace {

int neurons(const std::vector<int>& layers) {
  int count = 0;
  for (std::size_t k = 1; k < layers.size(); ++k) count += layers[k];
  return count;
}

bool same(double a, double b) {
  return std::abs(a - b) <= 1e-12;
}

bool same_units_and_connections(const NirStructure& a, const NirStructure& b) {
  return a.layers == b.layers && a.pairs == b.pairs;
}

bool equal(const NirStructure& a, const NirStructure& b) {
  if (!same_units_and_connections(a, b) || a.bias != b.bias || a.rho != b.rho) return false;
  for (std::size_t i = 0; i < a.alpha.size(); ++i)
    if (a.rho[i] == 0.0 && !same(a.alpha[i], b.alpha[i])) return false;
  return true;
}

// A graph's layers as keys of a configuration.
class Keys {
 public:
  Keys(const NirGraph& graph, double dt, double unit) : graph_(graph), layers_(nir_layers(graph)) {
    for (const NirLayer& layer : layers_) units_.push_back(layer.units);
    for (std::size_t k = 0; k < layers_.size(); ++k)
      for (const auto& entry : layers_[k].matrices) pairs_.emplace_back(entry.first, static_cast<int>(k));
    dynamics(dt, unit);
  }

  const std::vector<NirLayer>& layers() const { return layers_; }
  const model::Connections& pairs() const { return pairs_; }  // by target, then source
  bool bias() const {
    return std::any_of(layers_.begin(), layers_.end(),
                       [](const NirLayer& layer) { return !layer.bias.empty(); });
  }
  // `every`: alpha as well where it is dt / tau, since what is set may have had others.
  void set(Config& config, bool every) const {
    set_key(config, fmt::format("network.layers={}", units_), graph_.file);
    std::string connections;
    for (const auto& [source, target] : pairs_)
      connections += fmt::format("{}[{}, {}]", connections.empty() ? "" : ", ", source, target);
    set_key(config, fmt::format("network.connections=[{}]", is_chain() ? "" : connections), graph_.file);
    set_key(config, fmt::format("network.bias={}", bias()), graph_.file);
    for (const std::string& key : dynamics_) set_key(config, key, graph_.file);
    if (!alpha_.empty())
      set_key(config, fmt::format("dynamics.alpha={}", alpha_), graph_.file);
    else if (every)
      config.network.alpha.clear();
  }

 private:
  bool is_chain() const {
    for (std::size_t k = 0; k < pairs_.size(); ++k)
      if (pairs_[k] != std::pair(static_cast<int>(k), static_cast<int>(k) + 1)) return false;
    return true;
  }

  void dynamics(double dt, double unit) {
    std::vector<double> rho, alpha;
    std::vector<std::string> wrong;
    double fastest = 0.0;
    std::set<double> integrating;
    for (std::size_t k = 1; k < layers_.size(); ++k) {
      const NirLayer& layer = layers_[k];
      double least = dt;
      for (int i = 0; i < layer.units; ++i) {
        const double tau = layer.tau.empty() ? dt : layer.tau[static_cast<std::size_t>(i)] * unit;
        least = std::min(least, tau);
        rho.push_back(layer.tau.empty() ? 1.0 : 0.0);
        alpha.push_back(dt / tau);
        if (layer.tau.empty()) continue;
        integrating.insert(dt / tau);
        fastest = std::max(fastest, tau);
      }
      if (least < dt)
        wrong.push_back(nir_finding(layer.node, "LI",
                                    fmt::format("tau {:g} ms is below dt {:g} ms", least, dt),
                                    "at least dt (time_unit says what the file counts in: ms, s)"));
    }
    refuse_nir(graph_.file, wrong);
    const bool all = std::all_of(rho.begin(), rho.end(), [](double r) { return r == 0.0; });
    const bool uniform = std::all_of(rho.begin(), rho.end(), [&](double r) { return r == rho[0]; });
    // At gamma 1 a membrane's lag is an error, which moves the layers below; a NIR graph has no such thing.
    if (!integrating.empty()) dynamics_.push_back("dynamics.gamma=0");
    dynamics_.push_back(fmt::format("dynamics.dt={}", dt));
    dynamics_.push_back(fmt::format("dynamics.tau={}", integrating.empty() ? std::max(10.0, dt) : fastest));
    dynamics_.push_back(fmt::format("dynamics.flow={}", all ? "gradient" : "latent-equilibrium"));
    dynamics_.push_back(uniform ? fmt::format("dynamics.rho={}", rho[0])
                                : fmt::format("dynamics.rho={}", rho));
    if (integrating.size() > 1) alpha_ = alpha;
  }

  const NirGraph& graph_;
  std::vector<NirLayer> layers_;
  std::vector<int> units_;
  model::Connections pairs_;
  std::vector<std::string> dynamics_;
  std::vector<double> alpha_;
};

std::vector<model::NamedMatrix> matrices_of(const NirGraph& graph, const Keys& keys, bool bias) {
  std::vector<int> units;
  for (const NirLayer& layer : keys.layers()) units.push_back(layer.units);
  const auto connections = model::resolved(keys.pairs(), static_cast<int>(units.size()));
  const auto names = model::weight_names(connections, static_cast<int>(units.size()));
  const auto shapes = model::weight_shapes(units, model::bias_if(bias), connections);
  std::vector<model::NamedMatrix> all;
  std::vector<std::string> wrong;
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto [source, target] = keys.pairs()[k];
    const NirLayer& layer = keys.layers()[static_cast<std::size_t>(target)];
    model::RowMatrix matrix = layer.matrices.at(source);
    if (!bias && !layer.bias.empty())
      wrong.push_back(nir_finding(layer.node, graph.nodes.at(layer.node).type, "it has a bias",
                                  "none, or network.bias = true"));
    if (shapes[k].second > matrix.cols()) {
      matrix.conservativeResize(Eigen::NoChange, matrix.cols() + 1);
      for (int i = 0; i < layer.units; ++i)
        matrix(i, matrix.cols() - 1) = layer.bias.empty() ? 0.0 : layer.bias[static_cast<std::size_t>(i)];
    }
    all.push_back({names[k], std::move(matrix)});
  }
  refuse_nir(graph.file, wrong);
  return all;
}

void check_synapses(const NirGraph& graph, const Config& config) {
  if (config.network.activation == model::Activation::linear) return;
  std::vector<std::string> wrong;
  for (const std::string& name : graph.synapses)
    wrong.push_back(nir_finding(name, "CubaLI",
                                fmt::format("its synapse is a layer of its own, which isn't linear with "
                                            "network.activation \"{}\"",
                                            name_of(config.network.activation)),
                                "tau_syn 0, or the activation linear"));
  refuse_nir(graph.file, wrong);
}

}  // namespace

double nir_time_unit(const std::string& unit) {
  if (unit == "ms") return 1.0;
  if (unit == "s") return 1000.0;
  throw InputError(fmt::format("time_unit: \"{}\"; accepted: ms, s", echoed(unit)));
}

NirStructure nir_structure(const Config& config) {
  const model::GoldenSettings& s = config.network;
  NirStructure n;
  n.layers = s.layers;
  n.pairs = model::listed(s.connections, static_cast<int>(s.layers.size()));
  n.bias = s.bias;
  const auto count = static_cast<std::size_t>(neurons(s.layers));
  n.rho = s.flow == model::Flow::gradient ? std::vector<double>{0.0} : s.rho;
  if (n.rho.size() == 1) n.rho.assign(count, n.rho[0]);
  n.alpha = s.alpha.empty() ? std::vector<double>{s.dt / s.tau} : s.alpha;
  if (n.alpha.size() == 1) n.alpha.assign(count, n.alpha[0]);
  return n;
}

NirNetwork load_nir(const std::filesystem::path& path, const NirReading& how) {
  if (how.dt < 0.0 || !std::isfinite(how.dt))
    throw InputError(fmt::format("dt: {}; accepted: ms, above 0", how.dt));
  const NirGraph graph = read_nir(path);
  Config written, config;
  const bool has_written = !graph.configuration.empty();
  if (has_written)
    written =
        parse_config(graph.configuration, fmt::format("{}: metadata {}", graph.file, nir_configuration));
  const double dt = how.dt != 0.0 ? how.dt : has_written ? written.network.dt : 1.0;
  const std::string unit = !how.time_unit.empty()    ? how.time_unit
                           : graph.time_unit.empty() ? "ms"
                                                     : graph.time_unit;
  const Keys keys(graph, dt, nir_time_unit(unit));
  config = parse_config("", graph.file);
  set_key(config, "network.activation=linear", graph.file);
  keys.set(config, false);
  try {
    check(config);
    if (has_written) {
      check(written);
      const NirStructure mine = nir_structure(config), theirs = nir_structure(written);
      if (same_units_and_connections(mine, theirs)) {
        if (!equal(mine, theirs)) keys.set(written, true);  // another tool changed time constants or biases
        config = std::move(written);
      }
    }
    if (!how.activation.empty()) set_key(config, "network.activation=" + how.activation, "activation");
    check(config);
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
  check_synapses(graph, config);
  return {config, matrices_of(graph, keys, config.network.bias)};
}

std::vector<model::NamedMatrix> nir_weights(const std::filesystem::path& path, const Config& config) {
  const NirGraph graph = read_nir(path);
  check_synapses(graph, config);
  // Time constants are the configuration's: a dt that is below all of the file's asks nothing of them.
  const Keys keys(graph, std::numeric_limits<double>::min(), 1.0);
  return matrices_of(graph, keys, config.network.bias);
}

}  // namespace apical::tools
