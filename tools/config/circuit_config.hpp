// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tools/config/config.hpp"

namespace apical::tools {

/// The microcircuit is the prospective unit in its theoretical setting: throws std::invalid_argument "KEY:
/// ...; accepted: ..." for dynamics that it doesn't have.
void check_microcircuit(const Config&);

}  // namespace apical::tools
