// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <vector>

#include "tools/deploy/bundle_reader.hpp"
#include "tools/deploy/json_entry.hpp"

namespace apical::tools {

/// What a manifest says of coverage: counts by the names that they must have, texts, reasons. Throws
/// InputError.
void check_coverage(const Entry& manifest);

/// Its list of what `errors.memh`, of so many steps, does that a host must not. Throws InputError.
std::vector<ReadBundle::Refusal> read_refusals(const Entry& manifest, std::size_t steps);

}  // namespace apical::tools
