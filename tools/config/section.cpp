// SPDX-License-Identifier: Apache-2.0
#include "tools/config/section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "tools/report/messages.hpp"

namespace apical::tools {

std::string in_line(const toml::node& node) {
  std::vector<std::string> parts;
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& element : *array) parts.push_back(in_line(element));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  if (const toml::table* table = node.as_table()) {
    for (const auto& [key, value] : *table)
      parts.push_back(fmt::format("{} = {}", key.str(), in_line(value)));
    return fmt::format("{{ {} }}", fmt::join(parts, ", "));
  }
  if (node.is_floating_point()) return fmt::format("{}", *node.value<double>());  // the fewest digits
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

Section::Section(const std::string& source, const toml::table& table, std::string prefix,
                 const std::vector<std::string>& accepted)
    : source_(source), table_(table), prefix_(std::move(prefix)) {
  for (const auto& [key, node] : table)
    if (std::find(accepted.begin(), accepted.end(), key.str()) == accepted.end())
      refuse(std::string(key.str()), "no such key", fmt::format("{}", fmt::join(accepted, ", ")));
}

std::string Section::where(const toml::node& node) const {
  return fmt::format("{}:{}", source_, node.source().begin.line);
}

std::string Section::where(const std::string& key) const {
  const toml::node* node = table_.get(key);
  return where(node != nullptr ? *node : static_cast<const toml::node&>(table_));
}

void Section::refuse(const std::string& key, const std::string& what, const std::string& accepted) const {
  throw InputError(
      fmt::format("{}: {}{}: {}; accepted: {}", where(key), prefix_, echoed(key), echoed(what), accepted));
}

std::string Section::text(const std::string& key, const std::string& otherwise) const {
  if (!has(key)) return otherwise;
  const auto value = get(key)->value<std::string>();
  if (!value) refuse(key, in_line(*get(key)), "a string");
  return *value;
}

std::string Section::choice(const std::string& key, const std::vector<std::string>& choices) const {
  std::string chosen = text(key, choices.front());
  if (std::find(choices.begin(), choices.end(), chosen) == choices.end())
    refuse(key, fmt::format("\"{}\"", chosen), fmt::format("{}", fmt::join(choices, ", ")));
  return chosen;
}

double Section::number(const std::string& key) const {
  const toml::node* node = get(key);
  if (node == nullptr) refuse(key, "missing", "a number");
  if (!node->is_number() || !std::isfinite(*node->value<double>())) refuse(key, in_line(*node), "a number");
  return *node->value<double>();
}

std::uint64_t Section::whole(const std::string& key, std::int64_t low, std::int64_t high) const {
  const toml::node* node = get(key);
  const std::string accepted = fmt::format("a whole number, {}..{}", low, high);
  if (node == nullptr) refuse(key, "missing", accepted);
  if (!node->is_integer() || *node->value<std::int64_t>() < low || *node->value<std::int64_t>() > high)
    refuse(key, in_line(*node), accepted);
  return static_cast<std::uint64_t>(*node->value<std::int64_t>());
}

const toml::array& Section::array(const std::string& key, const std::string& accepted) const {
  const toml::node* node = get(key);
  if (node == nullptr) refuse(key, "missing", accepted);
  if (!node->is_array() || node->as_array()->empty()) refuse(key, in_line(*node), accepted);
  return *node->as_array();
}

std::vector<std::string> Section::strings(const std::string& key) const {
  std::vector<std::string> all;
  for (const toml::node& node : array(key, "an array of strings")) {
    if (!node.is_string()) refuse(key, in_line(node), "an array of strings");
    all.push_back(*node.value<std::string>());
  }
  return all;
}

std::vector<const toml::table*> Section::tables(const std::string& key) const {
  std::vector<const toml::table*> all;
  if (!has(key)) return all;
  const std::string accepted = fmt::format("[[{}{}]] tables", prefix_, key);
  for (const toml::node& node : array(key, accepted)) {
    if (!node.is_table()) refuse(key, in_line(node), accepted);
    all.push_back(node.as_table());
  }
  return all;
}

std::vector<KeyValue> Section::assignments(const std::string& key) const {
  if (!has(key)) return {};
  if (!get(key)->is_table()) refuse(key, in_line(*get(key)), "a table such as { \"run.epochs\" = 5 }");
  std::vector<KeyValue> all;
  flatten(*get(key)->as_table(), "", all);
  return all;
}

void Section::flatten(const toml::table& table, const std::string& prefix, std::vector<KeyValue>& all) const {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (node.is_table())
      flatten(*node.as_table(), name + ".", all);
    else
      all.push_back({name + "=" + in_line(node), where(node)});
  }
}

}  // namespace apical::tools
