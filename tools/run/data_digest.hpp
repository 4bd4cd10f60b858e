// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "tools/config/config.hpp"

namespace apical::tools {

/// 128-bit hash of the content of every file beside the configuration that a run of it reads: its task's
/// data, and the Verilog of machine "rtl"; 32 hexadecimal digits, "" where it reads none. Throws InputError
/// "FILE: ..." for what is no file that can be read.
std::string data_digest(const Config&);

}  // namespace apical::tools
