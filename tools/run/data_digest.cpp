// SPDX-License-Identifier: Apache-2.0
#include "tools/run/data_digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "sim/core/core_library.hpp"
#include "sim/core/external_tools.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> verilog() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::recursive_directory_iterator(sim::find_core_sources().rtl))
    if (entry.is_regular_file()) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

std::string data_digest(const Config& config) {
  model::TaskSettings task = config.task;
  task.file = task_file(config).string();
  std::vector<fs::path> files = model::files_of(task);
  if (config.machine == Machine::rtl)
    for (fs::path& path : verilog()) files.push_back(std::move(path));
  if (files.empty()) return "";
  std::string all;
  for (const fs::path& path : files) {
    std::error_code error;
    if (!fs::is_regular_file(path, error))
      throw InputError(
          fmt::format("{}: can't be read; accepted: the file that task.file names, or the data that "
                      "tools/fetch-mnist or tools/fetch-fashion-mnist fetches",
                      path.string()));
    all += sim::hash_of(sim::content_of(path));
  }
  return sim::hash_of(all);
}

}  // namespace apical::tools
