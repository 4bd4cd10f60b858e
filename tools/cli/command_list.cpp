// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/core/core_library.hpp"
#include "tools/cli/commands.hpp"
#include "tools/config/config.hpp"
#include "tools/report/messages.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  std::string folder;
  bool json = false;
};

// ./tools/configs, or that of the source tree or of the installation that this program lies in.
std::filesystem::path find_configs(const std::string& given) {
  if (!given.empty()) {
    if (std::filesystem::is_directory(given)) return given;
    throw InputError(fmt::format("--configs: {}; accepted: a folder", given));
  }
  std::filesystem::path here = std::filesystem::current_path() / "tools" / "configs";
  if (std::filesystem::is_directory(here)) return here;
  try {
    return sim::find_around("tools/configs", "configurations");
  } catch (const std::runtime_error& error) {
    throw InputError(fmt::format("list: {}; accepted: --configs DIR", error.what()));
  }
}

int execute(const Arguments& a) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& entry : std::filesystem::directory_iterator(find_configs(a.folder))) {
    if (entry.path().extension() != ".toml") continue;
    std::ifstream file(entry.path());
    std::string line;
    std::getline(file, line);
    rows.emplace_back(entry.path().string(), line.rfind("# ", 0) == 0 ? line.substr(2) : "");
  }
  std::sort(rows.begin(), rows.end());
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::size_t width = 0;
  for (const auto& [path, text] : rows) {
    json.push_back({{"file", path}, {"text", text}});
    width = std::max(width, path.size());
  }
  if (a.json) fmt::print("{}\n", json.dump(2));
  for (const auto& [path, text] : rows)
    if (!a.json) fmt::print("{:<{}}  {}\n", path, width, text);
  return 0;
}

int reference(const std::string& check) {
  const std::string document = reference_document();
  if (check.empty()) {
    fmt::print("{}", document);
    return 0;
  }
  std::ifstream file(check, std::ios::binary);
  if (!file)
    throw InputError(fmt::format("--check: {}: can't be read; accepted: tools/CONFIGURATION.md", check));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text == document) return 0;
  fmt::print(stderr, "apical: {} is stale; make it anew: apical config-reference > {}\n", check, check);
  return 1;
}

}  // namespace

void add_list(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("list", "Show the example configurations");
  command->add_option("--configs", a->folder, "folder to look in (default: tools/configs)");
  command->add_flag("--json", a->json, "print JSON");
  command->footer("Example:\n  apical list");
  command->callback([a, &status] { status = execute(*a); });
}

void add_config_reference(CLI::App& app, int& status) {
  const auto file = std::make_shared<std::string>("tools/CONFIGURATION.md");
  CLI::App* command = app.add_subcommand("config-reference", "Print the document of all configuration keys");
  CLI::Option* check =
      command
          ->add_option(
              "--check", *file,
              "compare a file with it instead (default: tools/CONFIGURATION.md); exit 1 when it is stale")
          ->expected(0, 1);
  command->footer("Example:\n  apical config-reference --check tools/CONFIGURATION.md");
  command->callback([file, check, &status] {
    // An option without its optional value reads as empty.
    if (file->empty()) *file = "tools/CONFIGURATION.md";
    status = reference(check->count() > 0 ? *file : "");
  });
}

}  // namespace apical::tools
