// SPDX-License-Identifier: Apache-2.0
#include "tools/config/nir_folding.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace apical::tools {
namespace {

using Names = std::vector<std::string>;

class Folding {
 public:
  Folding(NirGraph& graph, std::vector<std::string>& wrong) : graph_(graph), wrong_(wrong) {}

  void run() {
    for (const std::string& name : of_types({nir_passage, "Flatten"})) pass_through(name);
    for (const std::string& name : of_types({"CubaLI"})) split(name);
    // One behind another: what can't go into a matrix yet may be able to once its neighbour has.
    for (bool went = true; went;) {
      went = false;
      for (const std::string& name : of_types({"Scale"})) went |= goes_behind(name) || goes_before(name);
    }
    for (const std::string& name : of_types({"Scale"}))
      find(name, "what it scales isn't a matrix's alone",
           "a Scale before or behind matrices (Affine, Linear) that nothing else hears or leads to");
  }

 private:
  Names of_types(std::initializer_list<std::string> types) const {
    Names names;
    for (const auto& [name, node] : graph_.nodes)
      if (std::find(types.begin(), types.end(), node.type) != types.end()) names.push_back(name);
    return names;
  }

  void find(const std::string& node, const std::string& why, const std::string& accepted) {
    wrong_.push_back(nir_finding(node, graph_.nodes.at(node).type, why, accepted));
  }

  // Lets all that lead to a node lead to all that hear it.
  void remove(const std::string& name) {
    const Names before = graph_.before(name), behind = graph_.behind(name);
    auto& edges = graph_.edges;
    edges.erase(std::remove_if(edges.begin(), edges.end(),
                               [&](const auto& e) { return e.first == name || e.second == name; }),
                edges.end());
    for (const std::string& from : before)
      for (const std::string& to : behind) {
        if (std::find(edges.begin(), edges.end(), std::pair(from, to)) != edges.end())
          find(name, fmt::format("{} leads to {} twice", from, to), "one way from node to node");
        else
          edges.emplace_back(from, to);
      }
    graph_.nodes.erase(name);
  }

  void pass_through(const std::string& name) {
    const Names before = graph_.before(name);
    if (before.empty() || graph_.behind(name).empty())
      find(name, before.empty() ? "nothing leads to it" : "it leads nowhere",
           "an edge to and from another node");
    else if (std::find(before.begin(), before.end(), name) != before.end())
      find(name, "it leads to itself", "an edge to another node");
    else
      remove(name);
  }

  // tau_syn dI/dt = -I + w_in S and tau_mem dv/dt = v_leak - v + r I are two LI, one behind the other;
  // without a time constant of the synapse it is one.
  void split(const std::string& name) {
    NirNode& node = graph_.nodes[name];
    const model::Array synapse = node.data["tau_syn"], gain = node.data["w_in"];
    NirNode li{"LI",
               {{"tau", node.data["tau_mem"]}, {"r", node.data["r"]}, {"v_leak", node.data["v_leak"]}},
               node.layer};
    const auto zeros = std::count(synapse.values.begin(), synapse.values.end(), 0.0);
    if (zeros == static_cast<std::ptrdiff_t>(synapse.values.size())) {
      model::Array& r = li.data["r"];
      if (r.values.size() < gain.values.size()) r = broadcast(r, gain.values.size());
      if (gain.values.size() != 1 && gain.values.size() != r.values.size())
        return find(name, "w_in and r have other lengths", "as many values, or one");
      for (std::size_t i = 0; i < r.values.size(); ++i)
        r.values[i] *= gain.values[gain.values.size() == 1 ? 0 : i];
      node = std::move(li);
      return;
    }
    std::size_t units = 1;
    for (const auto& entry : node.data) units = std::max(units, entry.second.values.size());
    if (units == 1) units = units_before(name);
    if (zeros != 0 || units == 0)
      return find(name,
                  zeros != 0 ? "some of its synapses have no time constant" : "nobody says how many units",
                  "tau_syn above 0, or 0, for all; matrices before it");
    model::Array identity{{units, units}, std::vector<double>(units * units, 0.0)};
    for (std::size_t i = 0; i < units; ++i) identity.values[i * units + i] = 1.0;
    const std::string first = name + "/synapse", second = name + "/current";
    graph_.nodes[name] = std::move(li);
    graph_.nodes[first] = {"LI", {{"tau", synapse}, {"r", gain}, {"v_leak", {{}, {0.0}}}}, -1};
    graph_.nodes[second] = {"Linear", {{"weight", std::move(identity)}}, -1};
    for (auto& edge : graph_.edges)
      if (edge.second == name) edge.second = first;
    graph_.edges.emplace_back(first, second);
    graph_.edges.emplace_back(second, name);
    graph_.synapses.push_back(name);
  }

  static model::Array broadcast(const model::Array& one, std::size_t count) {
    return {{count}, std::vector<double>(count, one.values.empty() ? 0.0 : one.values[0])};
  }

  std::size_t units_before(const std::string& name) const {
    for (const std::string& other : graph_.before(name))
      if (graph_.is_matrix(other)) return graph_.nodes.at(other).data.at("weight").shape[0];
    return 0;
  }

  bool goes_behind(const std::string& name) {
    const Names behind = graph_.behind(name);
    const model::Array& scale = graph_.nodes[name].data["scale"];
    if (behind.empty() || graph_.before(name).empty()) return false;
    for (const std::string& to : behind)
      if (!graph_.is_matrix(to) || graph_.before(to).size() != 1 ||
          !fits(scale, graph_.nodes[to].data["weight"].shape[1]))
        return false;
    for (const std::string& to : behind) {
      model::Array& weight = graph_.nodes[to].data["weight"];
      const std::size_t columns = weight.shape[1];
      for (std::size_t n = 0; n < weight.values.size(); ++n) weight.values[n] *= factor(scale, n % columns);
    }
    remove(name);
    return true;
  }

  bool goes_before(const std::string& name) {
    const Names before = graph_.before(name);
    const model::Array& scale = graph_.nodes[name].data["scale"];
    if (before.empty() || graph_.behind(name).empty()) return false;
    for (const std::string& from : before)
      if (!graph_.is_matrix(from) || graph_.behind(from).size() != 1 ||
          !fits(scale, graph_.nodes[from].data["weight"].shape[0]))
        return false;
    for (const std::string& from : before) {
      NirNode& node = graph_.nodes[from];
      model::Array& weight = node.data["weight"];
      const std::size_t columns = weight.shape[1], rows = weight.shape[0];
      for (std::size_t n = 0; n < weight.values.size(); ++n) weight.values[n] *= factor(scale, n / columns);
      if (node.type != "Affine") continue;
      model::Array& bias = node.data["bias"];
      if (bias.values.size() == 1 && rows > 1) bias = broadcast(bias, rows);
      for (std::size_t i = 0; i < bias.values.size(); ++i) bias.values[i] *= factor(scale, i);
    }
    remove(name);
    return true;
  }

  static bool fits(const model::Array& scale, std::uint64_t units) {
    return scale.values.size() == 1 || (scale.shape.size() == 1 && scale.values.size() == units);
  }
  static double factor(const model::Array& scale, std::size_t i) {
    return scale.values.size() == 1 ? scale.values[0] : i < scale.values.size() ? scale.values[i] : 1.0;
  }

  NirGraph& graph_;
  std::vector<std::string>& wrong_;
};

}  // namespace

void fold_nir(NirGraph& graph, std::vector<std::string>& wrong) {
  Folding(graph, wrong).run();
}

}  // namespace apical::tools
