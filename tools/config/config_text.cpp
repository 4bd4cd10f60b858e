// SPDX-License-Identifier: Apache-2.0
// A configuration as text: canonical, as a file, as a digest.
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

#include "tools/config/activation_file.hpp"
#include "tools/config/config_keys.hpp"
#include "tools/config/formats.hpp"

namespace apical::tools {
namespace {

// A list of one is a single value where that reads as the same, which a configuration's author prefers.
struct Printer {
  bool single;

  std::string operator()(const std::string* s) const { return toml_string(*s); }
  std::string operator()(const Choice& choice) const { return toml_string(choice.get()); }
  std::string operator()(const model::Activation* f) const {
    return f->samples() == nullptr ? toml_string(name_of(*f)) : activation_table_text(*f->samples());
  }
  std::string operator()(const model::Connections* pairs) const {
    std::vector<std::string> all;
    for (const auto& [source, target] : *pairs) all.push_back(fmt::format("[{}, {}]", source, target));
    return fmt::format("[{}]", fmt::join(all, ", "));
  }
  template <class T>
  std::string operator()(const std::vector<T>* v) const {
    return single && v->size() == 1 ? fmt::format("{}", v->front())
                                    : fmt::format("[{}]", fmt::join(*v, ", "));
  }
  template <class T>
  std::string operator()(const T* x) const {
    return fmt::format("{}", *x);
  }
};

}  // namespace

std::string toml_string(const std::string& s) {
  std::string text = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') text += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      text += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      text += c;
  }
  return text + "\"";
}

std::string printed(const Key& key, Config& config) {
  const Slot slot = key.slot(config);
  return std::visit(Printer{std::holds_alternative<std::vector<double>*>(slot) || accepts_single(key)}, slot);
}

bool accepts_single(const Key& key) {
  Config defaults;
  const auto slot = key.slot(defaults);
  const auto* list = std::get_if<std::vector<int>*>(&slot);
  return list != nullptr && (*list)->size() == 1;
}

std::string canonical(const Config& config) {
  Config copy = config;  // slots can be written to
  std::vector<std::string> lines;
  for (const Key& key : keys()) lines.push_back(fmt::format("{} = {}", key.name, printed(key, copy)));
  for (const std::string& line : format_lines(config.formats)) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

std::string as_toml(const Config& config, const std::string& comment) {
  std::string text = fmt::format("# {}\n", comment), section;
  Config defaults, copy = config;
  copy.network.activation = with_whole_path(config);
  for (const Key& key : keys()) {
    const std::string name = key.name;
    if (name == "task.file" && !config.task_folder.empty())
      copy.task.file = std::filesystem::absolute(task_file(config)).lexically_normal().string();
    const std::string value = printed(key, copy);
    if (value == printed(key, defaults)) continue;
    const std::size_t dot = name.find('.');
    if (name.substr(0, dot) != section) {
      text += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", name.substr(0, dot));
      section = name.substr(0, dot);
    }
    text += fmt::format("{} = {}\n", name.substr(dot + 1), value);
  }
  return text + format_tables(config.formats);
}

std::filesystem::path task_file(const Config& config) {
  return config.task.file.empty() ? std::filesystem::path()
                                  : std::filesystem::path(config.task_folder) / config.task.file;
}

std::string digest(const Config& config) {
  const std::string text = canonical(config);
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace apical::tools
