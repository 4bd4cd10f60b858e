// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/scratch.hpp"

namespace apical::test {

inline const std::string small_net =
    "# small\n[network]\nlayers = [64, 12, 10]\ngain = 0.3\n[dynamics]\nbeta = 0.5\n[learning]\neta = [0.15, "
    "0.045]\n[run]\nepochs = 1\n";

struct Outcome {
  int status = -1;
  std::string out, error;
};

class CommandLine : public Scratch {
 protected:
  /// Runs `apical ARGUMENTS` in the test's folder; `before` is shell to run first.
  Outcome apical(const std::string& arguments, const std::string& before = "") const {
    return run(APICAL_PROGRAM, arguments, before);
  }
  /// The same of any program.
  Outcome run(const std::string& program, const std::string& arguments,
              const std::string& before = "") const {
    const std::string command = fmt::format("cd '{}' && {} '{}' {} >.out 2>.error", folder.string(),
                                            before.empty() ? "true;" : before + ";", program, arguments);
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(folder / ".out"),
            content(folder / ".error")};
  }
  nlohmann::json result(const std::string& name) const {
    return nlohmann::json::parse(content(folder / name / "result.json"));
  }
};

}  // namespace apical::test
