// SPDX-License-Identifier: Apache-2.0
#include "sim/core/external_tools.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "model/output_file.hpp"

namespace apical::sim {

namespace fs = std::filesystem;

namespace {

constexpr const char* build_stem = "build";
constexpr std::size_t shown = 2000;  // bytes of a tool's output that an error repeats

void end_group(int /*signal*/) {
  kill(0, SIGKILL);
}

// A process that leads the group of the tools and ends with it when this program ends, however it does: the
// kernel sends the leader SIGTERM then, and the tools that a shell calls wouldn't get any. Only calls that
// are safe after a fork of a program with threads.
[[noreturn]] void lead_group(pid_t program, int output, const char* command) {
  setpgid(0, 0);
  signal(SIGTERM, end_group);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != program) _exit(127);
  const pid_t shell = fork();
  if (shell == 0) {
    for (const int number : {SIGTERM, SIGPIPE, SIGINT}) signal(number, SIG_DFL);
    const int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) _exit(127);
    execl("/bin/sh", "sh", "-c", command, nullptr);
    _exit(127);
  }
  close(output);
  int status = 0;
  while (shell > 0 && waitpid(shell, &status, 0) < 0 && errno == EINTR) {
  }
  if (shell < 0) _exit(127);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));  // as a shell says it
}

// The end of what comes through the pipe, all of which goes to the log as far as there is room for it.
std::string follow(int pipe, const fs::path& log) {
  std::ofstream file(log, std::ios::binary | std::ios::app);
  std::string last;
  char part[4096];
  for (ssize_t size; (size = read(pipe, part, sizeof part)) != 0;) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    file.write(part, size).flush();
    last.append(part, static_cast<std::size_t>(size));
    if (last.size() > 2 * shown) last.erase(0, last.size() - shown);
  }
  return last.size() > shown ? "..." + last.substr(last.size() - shown) : last;
}

}  // namespace

fs::path core_cache() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return fs::path(cache) / "apical" / "cores";
  const char* home = std::getenv("HOME");
  return fs::path(home == nullptr ? "." : home) / ".cache" / "apical" / "cores";
}

BuildFolder::BuildFolder() {
  std::error_code error;
  fs::create_directories(core_cache(), error);
  model::sweep_abandoned(core_cache(), build_stem);
  std::string pattern = model::staged_name(core_cache() / build_stem).string() + ".XXXXXX";
  if (error || mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error(
        fmt::format("{}: no folder can be made there ({}); accepted: a cache that can be "
                    "written, $XDG_CACHE_HOME/apical or ~/.cache/apical",
                    core_cache().string(), std::strerror(errno)));
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
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw std::runtime_error(fmt::format("no pipe to the tools ({})", std::strerror(errno)));
  const pid_t program = getpid();
  const pid_t leader = fork();
  if (leader == 0) lead_group(program, ends[1], command.c_str());
  close(ends[1]);
  const std::string said = leader > 0 ? follow(ends[0], log) : "";
  close(ends[0]);
  if (leader < 0)
    throw std::runtime_error(fmt::format("no process for the tools ({})", std::strerror(errno)));
  int status = 0;
  while (waitpid(leader, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const std::string how = WIFEXITED(status) ? fmt::format("status {}", WEXITSTATUS(status))
                                            : fmt::format("signal {}", WTERMSIG(status));
  std::error_code ignored;
  const auto room = fs::space(log.parent_path(), ignored);
  throw std::runtime_error(fmt::format("the tools ended with {} ({} MiB are left in {}){}", how,
                                       room.available >> 20, log.parent_path().string(),
                                       said.empty() ? " and said nothing" : ":\n" + said));
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
