#include "sim/external_tools.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace apical::sim {

namespace fs = std::filesystem;

fs::path core_cache() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return fs::path(cache) / "apical" / "cores";
  const char* home = std::getenv("HOME");
  return fs::path(home == nullptr ? "." : home) / ".cache" / "apical" / "cores";
}

BuildFolder::BuildFolder() {
  std::error_code error;
  fs::create_directories(core_cache(), error);
  std::string pattern = (core_cache() / "build-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error(fmt::format("{}: no folder can be made there", core_cache().string()));
  path_ = pattern;
}

BuildFolder::~BuildFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string shell_word(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return safe + "'";
}

void run_tools(const std::string& command, const fs::path& log) {
  const int status =
      std::system(fmt::format("{{ {}; }} >>{} 2>&1", command, shell_word(log.string())).c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::string text = content_of(log);
  if (text.size() > 2000) text = "..." + text.substr(text.size() - 2000);
  throw std::runtime_error(fmt::format("a core can't be built; the tools said:\n{}", text));
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(fmt::format("{}: can't be read", path.string()));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string hash_of(const std::string& text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace apical::sim
