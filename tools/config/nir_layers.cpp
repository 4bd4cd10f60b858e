// SPDX-License-Identifier: Apache-2.0
#include "tools/config/nir_layers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "tools/report/messages.hpp"

namespace apical::tools {
namespace {

using Key = std::vector<std::string>;  // what is heard: the Input, an LI, or matrices that are summed

// Sorts layer10 behind layer2: its parts, numbers by their value.
std::vector<std::pair<double, std::string>> natural(const std::string& text) {
  std::vector<std::pair<double, std::string>> parts;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && digit(text[end]) == digit(text[at])) ++end;
    const std::string part = text.substr(at, end - at);
    if (digit(text[at]))
      parts.emplace_back(end - at < 300 ? std::stod(part) : 1e300, "");
    else
      parts.emplace_back(-1.0, part);
    at = end;
  }
  return parts;
}

class Layers {
 public:
  explicit Layers(const NirGraph& graph) : graph_(graph) {}

  std::vector<NirLayer> find_all() {
    const std::string input = only("Input"), output = only("Output");
    refuse_nir(graph_.file, wrong_);
    for (const auto& entry : graph_.nodes) {
      if (graph_.is_matrix(entry.first)) matrices_.push_back(entry.first);
      if (type(entry.first) != "Input") speakers_[entry.first] = speaker(entry.first);
    }
    refuse_nir(graph_.file, wrong_);
    const Key start{input}, end = speakers_[output];
    if (end == start) find(input, "leads to the Output at once", "a matrix (Affine, Linear) between them");
    std::set<Key> heard{end};
    for (const std::string& name : matrices_) heard.insert(speakers_[name]);
    for (const auto& entry : graph_.nodes)
      if (type(entry.first) == "LI") heard.insert({entry.first});
    heard.erase(start);
    for (const Key& key : heard) take_members(key);
    check_ends(input, end);
    refuse_nir(graph_.file, wrong_);
    const std::vector<Key> order = ordered(heard, start, end);

    std::vector<NirLayer> layers{
        {input, static_cast<int>(graph_.nodes.at(input).data.at("shape").values[0])}};
    for (std::size_t k = 1; k < order.size(); ++k) {
      const std::string first = members(order[k]).front();
      layers.push_back({order[k][0], static_cast<int>(data(first, "weight").shape[0])});
    }
    for (std::size_t k = 1; k < order.size(); ++k) fill(layers, k, order);
    if (static_cast<int>(data(output, "shape").values[0]) != layers.back().units)
      find(output, fmt::format("its shape isn't ({})", layers.back().units), "that of what leads to it");
    refuse_nir(graph_.file, wrong_);
    return layers;
  }

 private:
  const std::string& type(const std::string& name) const { return graph_.nodes.at(name).type; }
  const model::Array& data(const std::string& name, const char* key) const {
    return graph_.nodes.at(name).data.at(key);
  }
  void find(const std::string& node, const std::string& why, const std::string& accepted) {
    wrong_.push_back(nir_finding(node, type(node), why, accepted));
  }

  std::string only(const std::string& wanted) {
    std::string found;
    int count = 0;
    for (const auto& [name, node] : graph_.nodes)
      if (node.type == wanted) {
        found = name;
        ++count;
      }
    if (count != 1) wrong_.push_back(fmt::format("{} nodes of type {}; accepted: 1", count, wanted));
    return found;
  }

  Key speaker(const std::string& name) {
    Key before = graph_.before(name);
    if (before.empty()) {
      find(name, "nothing leads to it", "an edge from another node");
      return before;
    }
    std::sort(before.begin(), before.end());
    const bool summed = std::all_of(before.begin(), before.end(),
                                    [&](const std::string& other) { return graph_.is_matrix(other); });
    if (type(name) == "LI") {
      if (summed) return before;
      for (const std::string& other : before)
        if (!graph_.is_matrix(other))
          find(name, fmt::format("it hears {} ({})", echoed(other, 80), type(other)), "Affine, Linear");
    } else if (!summed && (before.size() > 1 || (type(before[0]) != "Input" && type(before[0]) != "LI"))) {
      find(name, fmt::format("it adds {}", echoed(fmt::format("{}", fmt::join(before, ", ")), 200)),
           "one Input, one LI, or matrices (Affine, Linear)");
    }
    return before;
  }

  // The matrices that drive a layer belong to it alone.
  void take_members(const Key& key) {
    const bool membrane = type(key[0]) == "LI";
    for (const std::string& name : membrane ? speakers_[key[0]] : key) {
      const auto [owner, fresh] = owner_.emplace(name, key);
      if (!fresh)
        find(name,
             fmt::format("it belongs to two layers, {} and {}", echoed(owner->second[0], 80),
                         echoed(key[0], 80)),
             "one layer per matrix");
    }
  }

  void check_ends(const std::string& input, const Key& end) {
    for (const std::string& name : matrices_) {
      if (owner_.find(name) == owner_.end()) find(name, "it leads nowhere", "an edge to another node");
      if (speakers_[name] == end)
        find(name, fmt::format("it hears {}, which speaks to the Output", echoed(end[0], 80)),
             "nothing leaves the output layer");
    }
    const auto before = graph_.before(input);
    if (!before.empty())
      find(input, fmt::format("{} leads to it", echoed(before[0], 80)), "no edge into the Input");
    for (const auto& entry : graph_.nodes) {
      const Key key{entry.first};
      const bool unheard = std::none_of(matrices_.begin(), matrices_.end(),
                                        [&](const std::string& m) { return speakers_[m] == key; });
      if (type(entry.first) == "LI" && key != end && unheard)
        find(entry.first, "it leads nowhere", "an edge to another node");
    }
  }

  std::vector<std::string> members(const Key& key) const {
    std::vector<std::string> all;
    for (const std::string& name : matrices_)
      if (owner_.at(name) == key) all.push_back(name);
    return all;
  }

  // As their metadata number them, or every layer behind those that it hears; where a loop leaves none, the
  // first by name that hears something.
  std::vector<Key> ordered(const std::set<Key>& heard, const Key& start, const Key& end) {
    std::vector<Key> inner;
    for (const Key& key : heard)
      if (key != end) inner.push_back(key);
    std::sort(inner.begin(), inner.end(),
              [](const Key& a, const Key& b) { return natural(a[0]) < natural(b[0]); });
    std::map<int, Key> numbered;
    for (const Key& key : inner)
      if (graph_.nodes.at(key[0]).layer >= 0) numbered.emplace(graph_.nodes.at(key[0]).layer, key);
    std::vector<Key> order{start};
    if (numbered.size() == inner.size()) {
      for (auto& entry : numbered) order.push_back(std::move(entry.second));
      inner.clear();
    }
    const auto placed = [&](const std::string& name) {
      return std::find(order.begin(), order.end(), speakers_[name]) != order.end();
    };
    while (!inner.empty()) {
      auto next = inner.end();
      for (const bool all : {true, false}) {
        next = std::find_if(inner.begin(), inner.end(), [&](const Key& key) {
          const auto mine = members(key);
          return all ? std::all_of(mine.begin(), mine.end(), placed)
                     : std::any_of(mine.begin(), mine.end(), placed);
        });
        if (next != inner.end()) break;
      }
      if (next == inner.end()) {
        for (const Key& key : inner)
          find(key[0], "nothing leads to it from the Input", "a graph in one piece");
        refuse_nir(graph_.file, wrong_);
      }
      order.push_back(*next);
      inner.erase(next);
    }
    order.push_back(end);
    return order;
  }

  // One value per unit, of as many or of one.
  std::vector<double> vector(const std::string& name, const char* key, int units) {
    const model::Array& array = data(name, key);
    const auto count = static_cast<std::size_t>(units);
    if (array.values.size() == 1 && array.shape.size() <= 1)
      return std::vector<double>(count, array.values[0]);
    if (array.shape.size() == 1 && array.values.size() == count) return array.values;
    find(name,
         fmt::format("{} has the shape ({}{})", key, fmt::join(array.shape, ", "),
                     array.shape.size() == 1 ? "," : ""),
         fmt::format("({},)", units));
    return std::vector<double>(count, 1.0);
  }

  void fill(std::vector<NirLayer>& layers, std::size_t k, const std::vector<Key>& order) {
    NirLayer& layer = layers[k];
    const auto units = static_cast<std::size_t>(layer.units);
    std::vector<double> scale(units, 1.0), shift(units, 0.0);
    bool biased = false;
    if (type(layer.node) == "LI") {
      layer.tau = vector(layer.node, "tau", layer.units);
      const double least = *std::min_element(layer.tau.begin(), layer.tau.end());
      if (least <= 0) find(layer.node, fmt::format("tau {:g}", least), "above 0");
      scale = vector(layer.node, "r", layer.units);
      shift = vector(layer.node, "v_leak", layer.units);
      biased = std::any_of(shift.begin(), shift.end(), [](double x) { return x != 0.0; });
    }
    for (const std::string& name : members(order[k])) {
      const model::Array& weight = data(name, "weight");
      const auto place = std::find(order.begin(), order.end(), speakers_[name]);
      const auto source = static_cast<int>(place - order.begin());
      const int columns = layers[static_cast<std::size_t>(source)].units;
      if (weight.shape != std::vector<std::uint64_t>{units, static_cast<std::uint64_t>(columns)}) {
        find(name, fmt::format("weight has the shape ({})", fmt::join(weight.shape, ", ")),
             fmt::format("({}, {})", layer.units, columns));
        continue;
      }
      const Eigen::Map<const model::RowMatrix> values(weight.values.data(), layer.units, columns);
      const Eigen::Map<const Eigen::VectorXd> rows(scale.data(), layer.units);
      if (!layer.matrices.emplace(source, rows.asDiagonal() * values).second)
        find(name,
             fmt::format("a second matrix from {} to the same layer",
                         echoed(layers[static_cast<std::size_t>(source)].node, 80)),
             "one");
      if (type(name) != "Affine") continue;
      const std::vector<double> bias = vector(name, "bias", layer.units);
      for (std::size_t i = 0; i < units; ++i) shift[i] += scale[i] * bias[i];
      biased = true;
    }
    if (biased) layer.bias = shift;
  }

  const NirGraph& graph_;
  std::vector<std::string> wrong_, matrices_;
  std::map<std::string, Key> speakers_, owner_;
};

}  // namespace

std::vector<NirLayer> nir_layers(const NirGraph& graph) {
  return Layers(graph).find_all();
}

}  // namespace apical::tools
