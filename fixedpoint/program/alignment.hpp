// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>

#include "fixedpoint/program/passes.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// The terms of the drive at one common binary point: `frac`, and the powers of two that bring each term
/// there.
struct Alignment {
  int frac;
  std::int64_t basal, nudge, mismatch, membrane;

  explicit Alignment(const Population& p)
      : frac(finest(p)),
        basal(std::int64_t{1} << (frac - p[Signal::basal].frac)),
        nudge(std::int64_t{1} << (frac - p[Signal::nudge].frac)),
        mismatch(std::int64_t{1} << (frac - p[Signal::mismatch].frac)),
        membrane(std::int64_t{1} << (frac - p[Signal::membrane].frac)) {}

  static int finest(const Population& p) {
    int frac = p[Signal::basal].frac;
    for_each_signal(drive_signals, [&](Signal s) { frac = std::max(frac, p[s].frac); });
    return frac;
  }
};

}  // namespace apical::fixedpoint
