// SPDX-License-Identifier: Apache-2.0
#include "tools/run/data_digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <vector>

#include "model/input_file.hpp"
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

// Of a file's content, read once as long as it stays the same one.
std::string hash_of_file(const fs::path& path) {
  static std::mutex mutex;
  static std::map<std::string, std::string> known;
  const std::string identity = model::identity_of(path);
  const std::lock_guard<std::mutex> guard(mutex);
  const auto found = known.find(identity);
  if (found != known.end()) return found->second;
  std::string hash = sim::hash_of(sim::content_of(path));
  // Not of one that was written meanwhile, or may be written again before its time of change can tell.
  if (model::identity_of(path) == identity && model::has_settled(path)) known[identity] = hash;
  return hash;
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
    all += hash_of_file(path);
  }
  return sim::hash_of(all);
}

}  // namespace apical::tools
