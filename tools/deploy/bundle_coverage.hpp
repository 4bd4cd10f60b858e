// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/deploy/bundle.hpp"

namespace apical::tools {

/// Something that a bundle does not exercise.
struct NotExercised {
  std::string what, why;
  bool possible;  ///< more ticks or another profile may
};

/// Operations, passes, events, thresholds and errors that the scripts of a bundle never bring about, in that
/// order. Limits and ties have their own list (missing_corners(), `unreachable`).
std::vector<NotExercised> not_exercised(const Bundle&);

/// `coverage` of manifest.json: quantisers, thresholds, operations, passes, events, errors.
nlohmann::ordered_json coverage_json(const Bundle&);

/// The same in lines for people, coverage.txt of a bundle.
std::string coverage_text(const Bundle&);

}  // namespace apical::tools
