// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "fixedpoint/program/program.hpp"
#include "sim/dut/dut_description.hpp"

namespace apical::tools {

/// Reads the description of a design (tools/README.md, "A design of your own") for a program. Throws
/// InputError "FILE:LINE: KEY: what; accepted: ..." for what is missing, unknown, or not as the program has
/// it. Whether the design has what is named shows when it is built (sim/dut/dut_state.hpp).
sim::DutDescription read_dut(const std::string& file, const fixedpoint::Program&);

}  // namespace apical::tools
