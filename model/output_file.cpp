// SPDX-License-Identifier: Apache-2.0
#include "model/output_file.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <stdexcept>

namespace apical::model {
namespace fs = std::filesystem;

namespace {

bool gone(pid_t process) {
  return kill(process, 0) != 0 && errno == ESRCH;
}

}  // namespace

fs::path staged_name(const fs::path& path) {
  return path.string() + fmt::format(".tmp.{}", getpid());
}

void finish_output(const fs::path& staged, const fs::path& path) {
  std::error_code error;
  fs::rename(staged, path, error);
  if (error) discard_output(staged, path);
}

void discard_output(const fs::path& staged, const fs::path& path) {
  std::error_code ignored;
  fs::remove(staged, ignored);
  throw std::runtime_error(
      fmt::format("{}: can't be written (a full disk?); nothing was left behind", path.string()));
}

void write_output(const fs::path& path, const std::string& content) {
  const fs::path folder = path.parent_path();
  std::error_code ignored;
  if (!folder.empty() && !fs::is_directory(folder, ignored))
    throw std::runtime_error(fmt::format("{}: there is no folder {}; accepted: the name of a file in one",
                                         path.string(), folder.string()));
  prepare_output(path);
  const fs::path staged = staged_name(path);
  std::ofstream file(staged, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) discard_output(staged, path);
  finish_output(staged, path);
}

void sweep_abandoned(const fs::path& folder, const std::string& stem) {
  std::error_code ignored;
  const std::string start = stem + ".tmp.";
  for (fs::directory_iterator at(folder.empty() ? fs::path(".") : folder, ignored), end; at != end;
       at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    pid_t process = 0;
    if (name.rfind(start, 0) != 0) continue;
    const auto [stop, error] =
        std::from_chars(name.data() + start.size(), name.data() + name.size(), process);
    const bool ours = error == std::errc() && (stop == name.data() + name.size() || *stop == '.');
    if (ours && process > 0 && gone(process)) fs::remove_all(at->path(), ignored);
  }
}

void prepare_output(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status))
    throw std::runtime_error(fmt::format("{}: is {}; accepted: the name of a file to write", path.string(),
                                         fs::is_directory(status) ? "a folder" : "a pipe or a device"));
  sweep_abandoned(path.parent_path(), path.filename().string());
}

}  // namespace apical::model
