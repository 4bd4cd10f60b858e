// SPDX-License-Identifier: Apache-2.0
#include "tools/config/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cmath>
#include <sstream>

#include "model/input_file.hpp"
#include "model/settings/settings_error.hpp"
#include "tools/config/activation_file.hpp"
#include "tools/config/circuit_config.hpp"
#include "tools/config/config_keys.hpp"
#include "tools/config/formats.hpp"
#include "tools/config/imperfections.hpp"
#include "tools/config/learning_rule.hpp"
#include "tools/report/messages.hpp"

namespace apical::tools {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& key, const std::string& what,
                         const std::string& accepted) {
  throw InputError(fmt::format("{}: {}: {}; accepted: {}", where, echoed(key), echoed(what), accepted));
}

std::string shown(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

std::string accepted(const Key& key) {
  if (!key.choices.empty()) return fmt::format("{}", fmt::join(key.choices, ", "));
  Config scratch;
  const Slot slot = key.slot(scratch);
  const auto range = [&](const char* what) {
    if (key.high >= 1e299) return fmt::format("{}{}", what, key.low > 0 ? " above 0" : "");
    return fmt::format("{}, {:.16g}..{:.16g}", what, key.low, key.high);
  };
  if (std::holds_alternative<bool*>(slot)) return "true, false";
  if (std::holds_alternative<std::string*>(slot)) return "a string";
  if (const auto* choice = std::get_if<Choice>(&slot); choice != nullptr)
    return fmt::format("{}", fmt::join(choice->names, ", "));
  if (std::holds_alternative<model::Activation*>(slot))
    return fmt::format("{}, {{ table = \"FILE.csv\" }}",
                       fmt::join(model::names<model::Activation::Name>(), ", "));
  if (std::holds_alternative<double*>(slot)) return range("a number");
  if (std::holds_alternative<model::Connections*>(slot)) return "an array of [source, target] pairs";
  if (std::holds_alternative<std::vector<int>*>(slot))
    return range(accepts_single(key) ? "a whole number or an array of whole numbers"
                                     : "an array of whole numbers");
  if (std::holds_alternative<std::vector<double>*>(slot)) return range("a number or an array of numbers");
  return range("a whole number");
}

// Writes TOML values into slots; false for a wrong type or a value out of range.
struct Reader {
  const Key& key;
  const toml::node& node;

  bool in_range(double x) const { return std::isfinite(x) && x >= key.low && x <= key.high; }
  bool chosen(const std::string& text) const {
    return key.choices.empty() ||
           std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end();
  }
  static std::optional<double> number(const toml::node& n) {
    if (!n.is_number()) return std::nullopt;
    return n.value<double>();
  }
  template <class Whole>
  bool whole(const toml::node& n, Whole& out) const {
    if (!n.is_integer() || !in_range(static_cast<double>(*n.value<std::int64_t>()))) return false;
    out = static_cast<Whole>(*n.value<std::int64_t>());
    return true;
  }
  bool operator()(int* out) const { return whole(node, *out); }
  bool operator()(std::uint64_t* out) const { return whole(node, *out); }
  bool operator()(double* out) const {
    const auto x = number(node);
    if (!x || !in_range(*x) || !chosen(fmt::format("{:g}", *x))) return false;
    *out = *x;
    return true;
  }
  bool operator()(bool* out) const {
    if (!node.is_boolean()) return false;
    *out = *node.value<bool>();
    return true;
  }
  bool operator()(std::string* out) const {
    const auto text = node.value<std::string>();
    if (!text) return false;
    *out = *text;
    return true;
  }
  bool operator()(const Choice& out) const {
    const auto text = node.value<std::string>();
    return text && out.set(*text);
  }
  bool operator()(model::Activation* out) const {
    const auto name = model::parse<model::Activation::Name>(node.value<std::string>().value_or(""));
    if (name) *out = *name;
    return name.has_value();
  }
  bool operator()(std::vector<int>* out) const {
    if (!node.is_array() && !accepts_single(key)) return false;
    std::vector<int> values(node.is_array() ? node.as_array()->size() : 1);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!whole(node.is_array() ? *node.as_array()->get(i) : node, values[i])) return false;
    *out = values;
    return true;
  }
  bool operator()(model::Connections* out) const {
    model::Connections pairs;
    if (!node.is_array()) return false;
    for (const toml::node& n : *node.as_array()) {
      const toml::array* pair = n.as_array();
      if (pair == nullptr || pair->size() != 2) return false;
      pairs.emplace_back();
      if (!whole(*pair->get(0), pairs.back().first) || !whole(*pair->get(1), pairs.back().second))
        return false;
    }
    *out = pairs;
    return true;
  }
  bool empty_by_default() const {
    Config defaults;
    return std::get<std::vector<double>*>(key.slot(defaults))->empty();
  }
  bool operator()(std::vector<double>* out) const {
    std::vector<double> values;
    const auto add = [&](const toml::node& n) {
      const auto x = number(n);
      if (!x || !in_range(*x)) return false;
      values.push_back(*x);
      return true;
    };
    if (node.is_array()) {
      for (const toml::node& n : *node.as_array())
        if (!add(n)) return false;
    } else if (!add(node)) {
      return false;
    }
    if (values.empty() && !empty_by_default()) return false;
    *out = values;
    return true;
  }
};

// Number of single-letter edits between two words, for "did you mean".
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

void apply(Config& config, const std::string& name, const toml::node& node, const std::string& where) {
  if ((name == "network.activation" && node.is_table()) || name.rfind("network.activation.", 0) == 0) {
    apply_activation_table(config, name, node, where);
    return;
  }
  const auto key = std::find_if(keys().begin(), keys().end(), [&](const Key& k) { return name == k.name; });
  if (key != keys().end()) {
    if (!std::visit(Reader{*key, node}, key->slot(config))) refuse(where, name, shown(node), accepted(*key));
    config.where[name] = where;
    if (name == "task.file") config.task_folder = std::filesystem::path(config.source).parent_path().string();
    return;
  }
  if ((name == "formats" && !node.is_table()) || name.rfind("formats.", 0) == 0) {
    apply_format(config, name, node, where);
    return;
  }
  if (const toml::table* table = node.as_table(); table != nullptr && name.find('.') == std::string::npos) {
    const bool known = std::any_of(keys().begin(), keys().end(), [&](const Key& k) {
      return std::string(k.name).rfind(name + ".", 0) == 0;
    });
    if (!known)
      refuse(where, name, "no such section",
             "network, dynamics, learning, imperfections, events, task, formats, tables, energy, core, run");
    for (const auto& [inner, value] : *table)
      apply(config, fmt::format("{}.{}", name, inner.str()), value,
            config.source == where ? where : fmt::format("{}:{}", config.source, value.source().begin.line));
    return;
  }
  const Key* nearest = &keys().front();
  for (const Key& k : keys())
    if (distance(name, k.name) < distance(name, nearest->name)) nearest = &k;
  refuse(where, name, "no such key",
         fmt::format("the keys of tools/CONFIGURATION.md (nearest: {})", nearest->name));
}

}  // namespace

Config read_config(const std::string& path) {
  std::string text;
  try {
    text = model::read_input(path, "a configuration file (apical list shows some)");
  } catch (const std::runtime_error& error) {
    throw InputError(error.what());
  }
  return parse_config(text, path);
}

Config parse_config(const std::string& text, const std::string& source) {
  Config config;
  config.formats.by_signal = fixedpoint::default_formats();
  config.source = source;
  config.text = text;
  toml::table table;
  try {
    table = toml::parse(config.text, source);
  } catch (const toml::parse_error& error) {
    throw InputError(
        fmt::format("{}:{}: {}; accepted: TOML", source, error.source().begin.line, error.description()));
  }
  for (const auto& [section, node] : table)
    apply(config, std::string(section.str()), node, fmt::format("{}:{}", source, node.source().begin.line));
  return config;
}

void set_key(Config& config, const std::string& assignment, const std::string& where) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) refuse(where, assignment, "no value", "section.key=value");
  const std::string name = assignment.substr(0, equals);
  const std::string value = assignment.substr(equals + 1);
  toml::table table;
  try {
    table = toml::parse("value = " + value);
  } catch (const toml::parse_error&) {
    table.clear();
  }
  const auto key = std::find_if(keys().begin(), keys().end(), [&](const Key& k) { return name == k.name; });
  const Slot slot = key != keys().end() ? key->slot(config) : Slot{};
  const bool wants_text = name == "network.activation.table" ||
                          (key != keys().end() && (std::holds_alternative<std::string*>(slot) ||
                                                   std::holds_alternative<Choice>(slot)));
  // A bare word, a file called 2024, or more than one value is text as it stands.
  if (table.size() != 1 || (wants_text && !table.get("value")->is_string())) {
    table.clear();
    table.insert("value", value);
  }
  const std::string source = std::exchange(config.source, where);
  try {
    apply(config, name, *table.get("value"), where);
  } catch (...) {
    config.source = source;
    throw;
  }
  config.source = source;
}

void check(const Config& config) {
  const auto& layers = config.network.layers;
  if (layers.size() < 2)
    throw SettingsError("network.layers",
                        fmt::format("{} given", layers.empty() ? "not" : "only the input is"),
                        "units of the input and of every layer, e.g. [64, 64, 10]");
  const std::size_t depth = layers.size() - 1;
  model::resolved(config.network.connections, static_cast<int>(layers.size()));
  // Initial weights, a machine's, the program's and the results': four copies of eight bytes.
  double bytes = 0.0;
  for (const auto& [rows, columns] :
       model::weight_shapes(layers, model::bias_if(config.network.bias), config.network.connections))
    bytes += 32.0 * static_cast<double>(rows) * static_cast<double>(columns);
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (bytes > memory)
    throw SettingsError("network.layers", fmt::format("weights of {:.3g} GB with all copies", bytes * 1e-9),
                        fmt::format("less than the {:.3g} GB of this machine's memory", memory * 1e-9));
  if (config.gain.size() != 1 && config.gain.size() != depth)
    throw SettingsError("network.gain", fmt::format("{} values", config.gain.size()),
                        fmt::format("one, or one per layer ({})", depth));
  if (config.circuit == Circuit::microcircuit) check_microcircuit(config);
  check_rule(config);
  check_imperfections(config);
  if ((config.lanes & (config.lanes - 1)) != 0)
    throw SettingsError("core.lanes", fmt::format("{}", config.lanes), "1, 2, 4, 8, 16, 32, 64");
  for (const auto& [place, format] : config.formats.by_layer) {
    const auto& [signal, layer] = place;
    if (signal == "input")
      throw SettingsError("formats.input.layer" + std::to_string(layer), "the input is one layer",
                          "formats.input");
    if (layer > static_cast<int>(depth))
      throw SettingsError(fmt::format("formats.{}.layer{}", signal, layer), "no such layer",
                          fmt::format("layer1..layer{}", depth));
  }
}

std::string reference_document() {
  std::string text =
      "# Configuration\n"
      "All keys of a configuration file (TOML). `apical run CONFIG.toml --set section.key=value` overrides "
      "one of them.\n"
      "Generated by `apical config-reference` from the table that reads the files; the tests compare "
      "both.\n";
  Config defaults;
  std::string section;
  for (const Key& key : keys()) {
    const std::string name = key.name;
    const std::size_t dot = name.find('.');
    if (section != name.substr(0, dot)) {
      section = name.substr(0, dot);
      text += fmt::format(
          "\n## [{}]\n| key | unit | default | accepted | what it is |\n|---|---|---|---|---|\n", section);
    }
    text += fmt::format("| `{}` | {} | `{}` | {} | {} |\n", name.substr(dot + 1), key.unit,
                        printed(key, defaults), accepted(key), key.text);
  }
  return text + format_document();
}

std::string located(const Config& config, const std::exception& error) {
  auto found = config.where.end();
  if (const auto* setting = dynamic_cast<const SettingsError*>(&error); setting != nullptr) {
    const std::string& key = setting->field();
    // The file says formats.weight.layer2.bits or formats.weight.bits.
    if (setting->layer() > 0) {
      const std::size_t dot = key.rfind('.');
      found = config.where.find(
          fmt::format("{}.layer{}{}", key.substr(0, dot), setting->layer(), key.substr(dot)));
    }
    if (found == config.where.end()) found = config.where.find(key);
  }
  return fmt::format("{}: {}", found == config.where.end() ? config.source : found->second, error.what());
}

}  // namespace apical::tools
