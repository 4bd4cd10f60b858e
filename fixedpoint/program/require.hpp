// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "model/settings/settings_error.hpp"

namespace apical::fixedpoint {

/// Throws SettingsError unless a condition on a setting holds.
inline void require(bool condition, const std::string& field, const std::string& found,
                    const std::string& accepted) {
  if (!condition) throw SettingsError(field, found, accepted);
}

}  // namespace apical::fixedpoint
