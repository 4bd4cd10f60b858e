// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

namespace apical::sim {

/// $XDG_CACHE_HOME/apical/cores, where what verilator and yosys made is kept.
std::filesystem::path core_cache();

/// A new folder in the cache, gone with this object; those that killed processes left go before it is made.
/// Throws std::runtime_error naming the cache where none can be made.
class BuildFolder {
 public:
  BuildFolder();
  ~BuildFolder();
  BuildFolder(const BuildFolder&) = delete;
  BuildFolder& operator=(const BuildFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The text as one word of a shell.
std::string shell_word(const std::string& text);

/// Runs a shell command in a process group that ends when this program does, its output to `log`. Throws
/// std::runtime_error with the status, the room that is left beside the log and the end of the output when it
/// fails.
void run_tools(const std::string& command, const std::filesystem::path& log);

std::string content_of(const std::filesystem::path&);  ///< throws std::runtime_error
std::string hash_of(const std::string& text);          ///< 128-bit XXH3, 32 hexadecimal digits

}  // namespace apical::sim
