// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>

#include "fixedpoint/numeric/aligned.hpp"

namespace apical::fixedpoint {

/// How an emulator executes FORWARD, BACKWARD, UPDATE and LEARN; none of it changes a bit.
///   dense: every weight and every unit, every tick
///   event: sums follow the events, and LEARN corrects them; what doesn't move isn't visited
///   automatic: per projection and direction, whatever the activity of the last ticks makes cheaper
enum class Schedule { dense, event, automatic };
constexpr auto choices(Schedule) {
  return std::array{"dense", "event", "auto"};
}

/// Exact sums of one direction of a projection: W · known, while `valid`.
struct Accumulator {
  AlignedVector<std::int64_t> sums;
  AlignedVector<std::int64_t> known;  ///< what the sources had sent when the sums last followed
  std::uint64_t version = 0;          ///< of the sources' sent values at that time
  bool valid = false;
  bool keep = true;  ///< LEARN corrects the sums rather than letting them go
  /// Work per tick, smoothed over about 16 ticks: to follow events and corrections, or to sum afresh.
  double following = 0.0, afresh = 0.0;

  /// Takes this tick's work and decides, for automatic schedules; a quarter of hysteresis either way.
  void weigh(double follow_work, double fresh_work) {
    following += (follow_work - following) / 16;
    afresh += (fresh_work - afresh) / 16;
    if (keep && following > 1.25 * afresh) keep = false;
    if (!keep && afresh > 1.25 * following) keep = true;
  }
};

}  // namespace apical::fixedpoint
