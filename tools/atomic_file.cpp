#include "tools/atomic_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "tools/config.hpp"

namespace apical::tools {

void write_file(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path temporary = path.string() + fmt::format(".tmp.{}", getpid());
  std::ofstream file(temporary, std::ios::binary);
  file << text;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, path, error);
  if (file && !error) return;
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  throw InputError(fmt::format("{}: can't be written (a full or read-only disk?); nothing was left behind",
                               path.string()));
}

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    throw InputError(fmt::format("{}: can't be made: {}; accepted: a folder that can be written",
                                 path.string(), error.message()));
}

}  // namespace apical::tools
