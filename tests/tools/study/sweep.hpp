// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/tools/command_line.hpp"

namespace apical::test {

inline const std::string head = R"(base = "base.toml"
machine = "emulator"
set = { "run.ticks" = 40, "task.test_limit" = 3 }
)";

inline const std::string mpirun =
    "env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe --bind-to none -n ";

inline const std::string longer =
    " --set run.ticks=1000";  // than a scheduler on a busy machine makes us wait

class Sweep : public CommandLine {
 protected:
  Sweep() { file("base.toml", small_net + "[formats]\nallow_lossy_loading = true\n"); }

  /// A grid of 3 x 2.
  void small(int seeds = 2) const {
    file("study.toml", head + fmt::format("seeds = {}\n", seeds) + R"(
[[design]]
name = "weights"
  [[design.axis]]
  keys = ["formats.weight.bits", "formats.weight.frac"]
  values = [[6, 4], [8, 6], [16, 12]]
  [[design.axis]]
  name = "rounding"
  key = "formats.weight.rounding"
  values = ["RND_CONV", "STOCHASTIC"]
  labels = ["nearest", "stochastic"]
)");
  }
  std::vector<std::string> rows(const std::string& out) const {
    std::vector<std::string> all;
    std::ifstream store(folder / out / "results.csv");
    for (std::string line; std::getline(store, line);) all.push_back(line);
    std::sort(all.begin(), all.end());
    return all;
  }
  Outcome sweep(const std::string& arguments) const { return apical("sweep study.toml " + arguments); }
  Outcome ranks(int count, const std::string& arguments) const {
    const std::string command = fmt::format("cd '{}' && {}{} '{}' sweep study.toml {} >.out 2>.error",
                                            folder.string(), mpirun, count, APICAL_PROGRAM, arguments);
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(folder / ".out"),
            content(folder / ".error")};
  }
  /// Runs a shell command in the folder and ends it, or the process whose number is in the file `victim`, by
  /// SIGKILL: `rows_first` rows later than it began, and then at a random moment.
  void killed(const std::string& command, const std::string& out, std::size_t rows_first,
              std::mt19937& random, const std::string& victim = "") const {
    if (!victim.empty()) std::filesystem::remove(folder / victim);
    const std::size_t before = rows(out).size();
    const std::string line = fmt::format("cd '{}' && exec {} >/dev/null 2>&1", folder.string(), command);
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/bash", "bash", "-c", line.c_str(), nullptr);
      _exit(127);
    }
    bool ended = false;
    while (!ended && rows(out).size() < before + rows_first) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ended = waitpid(child, nullptr, WNOHANG) == child;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    if (!victim.empty()) {
      pid_t process = 0;
      std::ifstream(folder / victim) >> process;
      if (process > 1 && !ended) kill(process, SIGKILL);
    } else if (!ended) {
      kill(child, SIGKILL);
    }
    if (!ended) waitpid(child, nullptr, 0);
  }
};

}  // namespace apical::test
