// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "fixedpoint/program/program.hpp"

namespace apical::tools {

/// The modules of a folder of Verilog, those under apical_core as lockstep elaborates it and the others.
struct SimulatedModules {
  std::vector<std::string> simulated, others;
};
SimulatedModules simulated_modules(const std::filesystem::path& rtl);

/// What a core can do and this program asks of it nowhere: nothing that was compared says anything of it.
std::vector<std::string> unused_features(const fixedpoint::Program&);

}  // namespace apical::tools
