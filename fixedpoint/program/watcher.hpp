// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "fixedpoint/program/passes.hpp"

namespace apical::fixedpoint {

/// Some units of a signal that were quantised, or rows of `step`: exact[i] · 2^-frac of unit first + i became
/// values[i] of the format.
struct QuantisedRun {
  std::optional<PassSlot> slot;  ///< none: of `step`
  Signal signal;
  int layer;
  int projection;  ///< of `step`; else -1
  std::ptrdiff_t first, count;
  const std::int64_t* exact;
  int frac;
  const Format& format;
  const std::int64_t* values;
};

/// A weight that LEARN changes: what `exact` · 2^-frac, rounded with the random bits, makes of `before`.
struct WeightChange {
  int projection, layer;  ///< that it leads to
  int row, column;
  std::int64_t step, rate, before, exact;
  int frac;
  const Format& format;
  std::uint32_t random16;  ///< whatever the rounding is
  std::int64_t change;     ///< `exact` rounded, in LSB of the weight
  std::int64_t after;      ///< before + change, limited as the format limits
};

/// Some units whose rates or errors are about to be sent where they differ from `sent` by more than theta.
struct SentRun {
  Signal signal;  ///< rate or error
  int layer;
  std::ptrdiff_t count;
  const std::int64_t* values;
  const std::int64_t* sent;  ///< what was sent last
  std::int64_t theta;
};

/// Sees every exact value that is quantised in a tick, once its signal has it, and every change of a weight,
/// before any is made. Changes nothing; slow.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void quantised(const QuantisedRun&) = 0;
  virtual void changes(const WeightChange&) = 0;
  virtual void compared(const SentRun&) {}  ///< inputs between ticks, too
};

}  // namespace apical::fixedpoint
