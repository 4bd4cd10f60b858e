// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "sim/core/core_host.hpp"
#include "tools/deploy/bundle_reader.hpp"

namespace apical::tools {

/// Of a machine that comes to an end by construction.
inline constexpr std::uint64_t any_wait = ~std::uint64_t{0};

/// Plays both scripts of a bundle through the registers of `machine` and says what came of it; 1 at the first
/// word that isn't as expected, where a wait isn't over after so many reads of STATUS, or where the words
/// make another digest of state than the manifest has.
int replay_scripts(const ReadBundle&, const std::string& machine, sim::RegisterPort&,
                   std::uint64_t most_reads);

}  // namespace apical::tools
