// SPDX-License-Identifier: Apache-2.0
#include "model/input_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <ctime>
#include <fstream>
#include <stdexcept>

namespace apical::model {
namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const fs::path& path, const std::string& wrong, const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}; accepted: {}", path.string(), wrong, what));
}

}  // namespace

void check_input(const fs::path& path, const std::string& what, std::uintmax_t most) {
  if (path.native().find('\0') != std::string::npos)  // a message would end there
    throw std::runtime_error("a path with a zero byte; accepted: " + what);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) refuse(path, "doesn't exist", what);
  if (fs::is_directory(status)) refuse(path, "is a folder", what);
  if (error && status.type() == fs::file_type::none)
    refuse(path, fmt::format("can't be read ({})", error.message()), what);
  if (!fs::is_regular_file(status)) refuse(path, "is a pipe or a device", what);
  const std::uintmax_t bytes = fs::file_size(path, error);
  if (error) refuse(path, fmt::format("can't be read ({})", error.message()), what);
  if (bytes > most)
    refuse(path, fmt::format("has {} bytes", bytes), fmt::format("{}, at most {} bytes", what, most));
}

std::string read_input(const fs::path& path, const std::string& what, std::uintmax_t most) {
  check_input(path, what, most);
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(fs::file_size(path)), '\0');
  // A file that shrinks meanwhile is as short as what was read.
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) refuse(path, "can't be read", what);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::string identity_of(const fs::path& path) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) return path.string();
  // The time of change can't be set back as that of modification can.
  return fmt::format("{} {} {} {} {}.{:09}", path.string(), s.st_size, s.st_dev, s.st_ino, s.st_ctim.tv_sec,
                     s.st_ctim.tv_nsec);
}

bool has_settled(const fs::path& path) {
  constexpr double coarse = 2.5;  // seconds, of the coarsest in use
  struct stat s {};
  struct timespec now {};
  if (stat(path.c_str(), &s) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0) return false;
  return std::difftime(now.tv_sec, s.st_ctim.tv_sec) > coarse;
}

std::string in_one_line(const std::vector<std::string>& findings) {
  constexpr std::size_t a_screen = 1000;
  std::string text;
  for (std::size_t k = 0; k < findings.size(); ++k) {
    if (k > 0 && text.size() + findings[k].size() > a_screen)
      return text + fmt::format("; and {} more", findings.size() - k);
    text += (k == 0 ? "" : "; ") + findings[k];
  }
  return text;
}

}  // namespace apical::model
