// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "tools/deploy/bundle.hpp"

namespace apical::tools {

/// testbench.v of a bundle: plays both scripts and ends well only after the last word of each, with the ticks
/// and the comparisons that there are.
std::string testbench_text(const Bundle&);

/// Its Makefile. `sources`: names of the modules' files; `files`: lines of SHA256SUMS.
std::string makefile_text(const Bundle&, const std::vector<std::string>& sources, std::size_t files);

/// README.md of a bundle: how to play it in this and that simulator.
std::string readme_text(const Bundle&);

/// Its list of sources, files.f, for `-f`.
std::string files_text(const std::vector<std::string>& sources);

}  // namespace apical::tools
