// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "sim/core/core_model.hpp"
#include "sim/verify/vectors.hpp"

namespace apical::sim {

/// How often scripts make a core do what it can, as the core model counts it.
struct CoreCoverage {
  /// Of every operation, by its number: done, and skipped since nothing that it reads had changed.
  std::array<std::uint64_t, isa::op::count> done{}, skipped{};
  /// Of FORWARD and BACKWARD, those that were done with the list of events, and with all that was sent.
  std::array<std::uint64_t, isa::op::count> by_events{}, anew{};
  std::array<std::uint64_t, slot::count> passes{};  ///< of UPDATE, by slot
  std::uint64_t sent = 0;                           ///< values that became events
  std::uint64_t full_lists = 0;                     ///< events that found a list full
  std::uint64_t lost_lists = 0;  ///< events that began a list anew which a FORWARD or BACKWARD waited for
  std::vector<std::uint64_t> errors;  ///< by the bits of ERRORS in the order of reg::error_names: became 1
};

/// Plays all scripts on a core model. Throws std::logic_error where it reads something else than they expect.
CoreCoverage core_coverage(const CoreParameters&, const BusScript&);

}  // namespace apical::sim
