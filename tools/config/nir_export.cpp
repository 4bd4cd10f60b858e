// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "model/hdf5_file.hpp"
#include "model/input_file.hpp"
#include "tools/config/formats.hpp"
#include "tools/config/nir.hpp"
#include "tools/config/nir_graph.hpp"

namespace apical::tools {
namespace {

class Writer {
 public:
  Writer(const std::filesystem::path& path, const Config& config) : config_(config), file_(path) {
    file_.write("/version", {nir_version}, 0);
    file_.write("/node/type", {"NIRGraph"}, 0);
  }

  void node(const std::string& name, const char* type, int layer, const std::vector<std::string>& signals) {
    const std::string at = "/node/nodes/" + name;
    file_.write(at + "/type", {type}, 0);
    if (layer > 0) file_.write(at + "/metadata/layer", std::vector<std::int64_t>{layer});
    for (const std::string& signal : signals)
      file_.write(fmt::format("{}/metadata/format_{}", at, signal),
                  {format_text(config_.formats.at(signal, layer))}, 0);
  }
  void values(const std::string& name, const char* key, std::vector<double> values, int columns = 0) {
    std::vector<std::uint64_t> shape{values.size()};
    if (columns > 0)
      shape = {values.size() / static_cast<std::uint64_t>(columns), static_cast<std::uint64_t>(columns)};
    file_.write(fmt::format("/node/nodes/{}/{}", name, key), model::Array{shape, std::move(values)});
  }
  void end(const std::string& name, const char* type, int units, const std::vector<std::string>& signals) {
    node(name, type, 0, signals);
    file_.write("/node/nodes/" + name + "/shape", model::Array{{1}, {static_cast<double>(units)}});
  }
  void edge(const std::string& from, const std::string& to) {
    edges_.push_back(from);
    edges_.push_back(to);
  }
  void finish(const std::string& comment, const std::string& time_unit, double dt) {
    file_.write("/node/edges", edges_, 2);
    const std::string at = "/node/metadata/";
    file_.write(at + nir_configuration, {as_toml(config_, comment)}, 0);
    file_.write(at + "activation", {name_of(config_.network.activation)}, 0);
    file_.write(at + "time_unit", {time_unit}, 0);
    file_.write(at + "dt", model::Array{{}, {dt}});
    file_.commit();
  }

 private:
  const Config& config_;
  model::Hdf5Writer file_;
  std::vector<std::string> edges_;
};

// Signals of a layer; those of the input and of weights are said elsewhere.
std::vector<std::string> inner_signals(const Config& config) {
  std::vector<std::string> names;
  for (const auto& entry : config.formats.by_signal)
    if (entry.first != "input" && entry.first != "weight") names.push_back(entry.first);
  return names;
}

}  // namespace

void check_nir(const Config& config, bool activation_in_metadata) {
  const NirStructure s = nir_structure(config);
  const model::GoldenSettings& network = config.network;
  std::vector<std::string> wrong;
  const auto needs = [&](bool holds, const char* key, const auto& value, const std::string& why,
                         const char* accepted) {
    if (!holds) wrong.push_back(fmt::format("{}: {} {}; accepted: {}", key, value, why, accepted));
  };
  const std::string none = "has no NIR node";
  needs(config.circuit == Circuit::plain, "network.circuit", "\"microcircuit\"", none, "plain");
  needs(config.rule != Rule::feedback_alignment, "learning.rule", "\"feedback-alignment\"", none,
        "another rule");
  needs(network.flow != model::Flow::lagrangian, "dynamics.flow", "\"lagrangian\"", none,
        "gradient, latent-equilibrium");
  needs(config.rho_spread == 0.0, "dynamics.rho_spread", config.rho_spread, none, "0");
  needs(config.tau_spread == 0.0, "dynamics.tau_spread", config.tau_spread, none, "0");
  needs(s.layers.size() <= 2 || network.activation == model::Activation::linear || activation_in_metadata ||
            network.activation.samples() != nullptr,
        "network.activation", fmt::format("\"{}\"", name_of(network.activation)), none,
        "linear, or the activation in the metadata: other tools see a linear layer");
  needs(network.activation.samples() == nullptr, "network.activation",
        fmt::format("table \"{}\"", name_of(network.activation)), "is a file beside the graph",
        "an activation that has a name");
  needs(network.response != model::Response::advanced || network.flow == model::Flow::gradient,
        "dynamics.response", "\"advanced\"", none, "prospective");
  needs(network.gamma == 0.0 || std::find(s.rho.begin(), s.rho.end(), 0.0) == s.rho.end(), "dynamics.gamma",
        network.gamma, "with rho 0 moves voltages by their lag", "0");
  std::size_t first = 0;
  for (std::size_t k = 1; k < s.layers.size() && config.circuit == Circuit::plain; ++k) {
    const std::set<double> mine(s.rho.begin() + static_cast<std::ptrdiff_t>(first),
                                s.rho.begin() + static_cast<std::ptrdiff_t>(first) + s.layers[k]);
    needs(mine.size() == 1 && (*mine.begin() == 0.0 || *mine.begin() == 1.0), "dynamics.rho",
          fmt::format("[{}]", fmt::join(mine, ", ")), fmt::format("in layer {} {}", k, none),
          "0 or 1, one per layer");
    for (std::size_t i = first; i < first + static_cast<std::size_t>(s.layers[k]); ++i)
      if (s.rho[i] == 0.0 && !(s.alpha[i] > 0.0)) {
        needs(false, "dynamics.alpha", s.alpha[i], fmt::format("in layer {} {}", k, none), "above 0");
        break;
      }
    first += static_cast<std::size_t>(s.layers[k]);
  }
  if (!wrong.empty()) throw InputError(model::in_one_line(wrong));
}

void save_nir(const std::filesystem::path& path, const Config& config,
              const std::vector<model::NamedMatrix>& weights, const std::string& time_unit,
              bool activation_in_metadata) {
  const double unit = nir_time_unit(time_unit), dt = config.network.dt;
  const NirStructure s = nir_structure(config);
  check_nir(config, activation_in_metadata);
  const std::vector<std::string> inner = inner_signals(config);
  Writer file(path, config);
  file.end("input", "Input", s.layers.front(), {"input"});
  std::vector<std::vector<std::string>> speakers(s.layers.size());  // per layer: its LI, or its matrices
  std::vector<std::string> membranes(s.layers.size());
  speakers[0] = {"input"};
  std::size_t first = 0;
  for (std::size_t k = 1; k < s.layers.size(); first += static_cast<std::size_t>(s.layers[k]), ++k) {
    if (s.rho[first] != 0.0) continue;
    const auto units = static_cast<std::size_t>(s.layers[k]);
    membranes[k] = fmt::format("layer{}", k);
    speakers[k] = {membranes[k]};
    std::vector<double> tau;
    for (std::size_t i = first; i < first + units; ++i) tau.push_back(dt / s.alpha[i] / unit);
    file.node(membranes[k], "LI", static_cast<int>(k), inner);
    file.values(membranes[k], "tau", tau);
    file.values(membranes[k], "r", std::vector<double>(units, 1.0));
    file.values(membranes[k], "v_leak", std::vector<double>(units, 0.0));
  }
  for (std::size_t n = 0; n < s.pairs.size(); ++n) {
    const auto [source, target] = s.pairs[n];
    const auto to = static_cast<std::size_t>(target);
    const model::NamedMatrix& w = weights[n];
    const int columns = s.layers[static_cast<std::size_t>(source)];
    const bool biased = w.values.cols() > columns;
    std::vector<std::string> signals{"weight"};
    if (membranes[to].empty()) {
      if (speakers[to].empty()) signals.insert(signals.end(), inner.begin(), inner.end());
      speakers[to].push_back(w.name);
    }
    file.node(w.name, biased ? "Affine" : "Linear", target, signals);
    const model::RowMatrix matrix = w.values.leftCols(columns);
    file.values(w.name, "weight", {matrix.data(), matrix.data() + matrix.size()}, columns);
    const Eigen::VectorXd bias = w.values.rightCols(1);
    if (biased) file.values(w.name, "bias", {bias.data(), bias.data() + bias.size()});
  }
  file.end("output", "Output", s.layers.back(), {});
  for (std::size_t n = 0; n < s.pairs.size(); ++n) {
    const auto [source, target] = s.pairs[n];
    for (const std::string& speaker : speakers[static_cast<std::size_t>(source)])
      file.edge(speaker, weights[n].name);
    if (const std::string& membrane = membranes[static_cast<std::size_t>(target)]; !membrane.empty())
      file.edge(weights[n].name, membrane);
  }
  for (const std::string& speaker : speakers.back()) file.edge(speaker, "output");
  file.finish("of " + path.filename().string(), time_unit, dt / unit);
}

}  // namespace apical::tools
