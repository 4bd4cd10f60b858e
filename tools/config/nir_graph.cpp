// SPDX-License-Identifier: Apache-2.0
#include "tools/config/nir_graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "model/hdf5_tree.hpp"
#include "model/input_file.hpp"
#include "tools/config/nir_folding.hpp"
#include "tools/report/messages.hpp"

namespace apical::tools {
namespace {

const std::string nir_files = "a NIR file (HDF5)";
constexpr int deepest = 8;
constexpr std::size_t most_nodes = 100000;  // links of a file may make endless graphs

const std::map<std::string, std::vector<std::string>>& arrays() {
  static const std::map<std::string, std::vector<std::string>> all{
      {"Input", {"shape"}},           {"Output", {"shape"}},
      {"Linear", {"weight"}},         {"Affine", {"weight", "bias"}},
      {"LI", {"tau", "r", "v_leak"}}, {"CubaLI", {"tau_mem", "tau_syn", "r", "v_leak", "w_in"}},
      {"Scale", {"scale"}},           {"Flatten", {"input_type"}}};
  return all;
}

std::string accepted_types() {
  std::string text;
  for (const auto& entry : arrays()) text += entry.first + ", ";
  return text + "NIRGraph";
}

std::string reason(const std::string& type) {
  const auto is = [&](std::initializer_list<const char*> types) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  if (is({"LIF", "CubaLIF", "IF", "Threshold"})) return "it spikes, and units here send rates";
  if (is({"Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"}))
    return "weights shared between places have no projection here";
  if (type == "I") return "an integrator without a leak has no unit here";
  if (type == "Delay") return "delays have no unit here";
  return "unknown here";
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : tree_(path, nir_files) { graph_.file = path.string(); }

  NirGraph read() {
    if (!tree_.is_group("/node/nodes") || !tree_.is_dataset("/node/edges"))
      throw InputError(graph_.file + ": no graph; accepted: a NIR file with /node/nodes and /node/edges");
    read_graph("/node", "", 0);
    graph_.configuration = tree_.text("/node/metadata/" + nir_configuration).value_or("");
    graph_.time_unit = tree_.text("/node/metadata/time_unit").value_or("");
    refuse_nir(graph_.file, wrong_);
    fold_nir(graph_, wrong_);
    refuse_nir(graph_.file, wrong_);
    return std::move(graph_);
  }

 private:
  struct Ends {
    std::string in, out;  // nodes that take what leads to a graph, and give what leaves it
  };

  void find(const std::string& node, const std::string& type, const std::string& why,
            const std::string& accepted) {
    wrong_.push_back(nir_finding(node, type, why, accepted));
  }

  // A graph's nodes get the names of the graphs around it before their own, "encoder/li".
  Ends read_graph(const std::string& path, const std::string& prefix, int depth) {
    std::map<std::string, Ends> ends;
    std::vector<std::string> inputs, outputs;
    for (const std::string& name : tree_.names(path + "/nodes")) {
      const std::string at = fmt::format("{}/nodes/{}", path, name), full = prefix + name;
      const auto type = tree_.text(at + "/type");
      ends[name] = {full, full};
      if (graph_.nodes.size() >= most_nodes)
        throw InputError(fmt::format("{}: more than {} nodes; accepted: fewer", graph_.file, most_nodes));
      if (!type) {
        wrong_.push_back(
            fmt::format("node \"{}\": no type; accepted: a group with a dataset \"type\"", echoed(full, 80)));
      } else if (*type == "NIRGraph" && depth == deepest) {
        find(full, *type, "graphs in graphs in graphs", fmt::format("{} of them", deepest));
      } else if (*type == "NIRGraph") {
        ends[name] = read_graph(at, full + "/", depth + 1);
      } else {
        read_node(at, full, *type);
        if (*type == "Input") inputs.push_back(full);
        if (*type == "Output") outputs.push_back(full);
      }
    }
    read_edges(path, ends);
    if (depth == 0) return {};
    const std::string mine = prefix.substr(0, prefix.size() - 1);
    for (const auto& [type, found] : {std::pair("Input", inputs), std::pair("Output", outputs)})
      if (found.size() != 1)
        find(mine, "NIRGraph", fmt::format("{} nodes of type {} in it", found.size(), type), "1");
    if (inputs.size() != 1 || outputs.size() != 1) return {mine, mine};
    graph_.nodes[inputs[0]].type = graph_.nodes[outputs[0]].type = nir_passage;
    return {inputs[0], outputs[0]};
  }

  void read_node(const std::string& at, const std::string& name, const std::string& type) {
    NirNode& node = graph_.nodes[name];
    node.type = type;
    const auto known = arrays().find(type);
    if (known == arrays().end()) return find(name, type, reason(type), accepted_types());
    for (const std::string& key : known->second) {
      const std::string dataset = fmt::format("{}/{}", at, key);
      if (!tree_.is_dataset(dataset)) {
        find(name, type, "no " + key, "a dataset " + key);
        continue;
      }
      auto array = tree_.numbers(dataset);
      if (!array)
        find(name, type, key + " isn't numbers", "an array of numbers");
      else if (!std::all_of(array->values.begin(), array->values.end(),
                            [](double x) { return std::isfinite(x); }))
        find(name, type, key + " has a value that isn't finite", "finite values");
      else
        check_shape(name, type, key, *array);
      if (array) node.data[key] = std::move(*array);
    }
    const auto number = tree_.numbers(at + "/metadata/layer");
    if (number && number->values.size() == 1 && number->values[0] >= 0 && number->values[0] < 1e6)
      node.layer = static_cast<int>(number->values[0]);
  }

  void check_shape(const std::string& name, const std::string& type, const std::string& key,
                   const model::Array& array) {
    if (key == "weight" && (array.shape.size() != 2 || array.values.empty()))
      find(name, type, fmt::format("weight has the shape ({})", fmt::join(array.shape, ", ")),
           "rows and columns");
    if (key != "shape" && key != "input_type") return;
    // What has one extent beyond 1 is in one dimension, whatever its shape.
    const auto beyond =
        std::count_if(array.values.begin(), array.values.end(), [](double n) { return n != 1; });
    const bool whole = std::all_of(array.values.begin(), array.values.end(),
                                   [](double n) { return n >= 1 && n == std::floor(n) && n < 1e9; });
    if (!whole || array.values.empty() || beyond > 1 || (key == "shape" && array.values.size() != 1))
      find(name, type, fmt::format("its shape is [{}]", fmt::join(array.values, ", ")), "one dimension");
  }

  void read_edges(const std::string& path, const std::map<std::string, Ends>& ends) {
    const auto texts = tree_.texts(path + "/edges");
    const auto none = tree_.numbers(path + "/edges");
    if (!texts && !(none && none->values.empty())) {
      wrong_.push_back("edges aren't names; accepted: an array of texts [edge x 2]");
      return;
    }
    for (std::size_t k = 0; texts && k + 1 < texts->size(); k += 2) {
      const std::string &from = (*texts)[k], &to = (*texts)[k + 1];
      bool known = true;
      for (const std::string& end : {from, to})
        if (ends.find(end) == ends.end()) {
          std::string names;
          for (const auto& entry : ends) names += (names.empty() ? "" : ", ") + entry.first;
          wrong_.push_back(fmt::format("edge {} -> {}: no node \"{}\"; accepted: {}", echoed(from, 80),
                                       echoed(to, 80), echoed(end, 80), echoed(names, 400)));
          known = false;
        }
      if (!known) continue;
      const std::pair<std::string, std::string> edge{ends.at(from).out, ends.at(to).in};
      if (std::find(graph_.edges.begin(), graph_.edges.end(), edge) != graph_.edges.end())
        wrong_.push_back(
            fmt::format("edge {} -> {}: twice; accepted: once", echoed(from, 80), echoed(to, 80)));
      else
        graph_.edges.push_back(edge);
    }
  }

  model::Hdf5Tree tree_;
  NirGraph graph_;
  std::vector<std::string> wrong_;
};

}  // namespace

std::string nir_finding(const std::string& node, const std::string& type, const std::string& why,
                        const std::string& accepted) {
  return fmt::format("node \"{}\" ({}): {}; accepted: {}", echoed(node, 80), echoed(type, 40), why, accepted);
}

void refuse_nir(const std::string& file, const std::vector<std::string>& findings) {
  if (!findings.empty()) throw InputError(fmt::format("{}: {}", file, model::in_one_line(findings)));
}

std::vector<std::string> NirGraph::before(const std::string& node) const {
  std::vector<std::string> all;
  for (const auto& [from, to] : edges)
    if (to == node) all.push_back(from);
  return all;
}

std::vector<std::string> NirGraph::behind(const std::string& node) const {
  std::vector<std::string> all;
  for (const auto& [from, to] : edges)
    if (from == node) all.push_back(to);
  return all;
}

bool NirGraph::is_matrix(const std::string& node) const {
  const std::string& type = nodes.at(node).type;
  return type == "Affine" || type == "Linear";
}

NirGraph read_nir(const std::filesystem::path& path) {
  return Reader(path).read();
}

}  // namespace apical::tools
