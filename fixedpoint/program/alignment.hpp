#pragma once
#include <algorithm>
#include <cstdint>

#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// The terms of the drive at one common binary point: `frac`, and the powers of two that bring each term
/// there.
struct Alignment {
  int frac;
  std::int64_t basal, nudge, mismatch, membrane;

  explicit Alignment(const Population& p)
      : frac(std::max(std::max(p[Signal::basal].frac, p[Signal::nudge].frac),
                      std::max(p[Signal::mismatch].frac, p[Signal::membrane].frac))),
        basal(std::int64_t{1} << (frac - p[Signal::basal].frac)),
        nudge(std::int64_t{1} << (frac - p[Signal::nudge].frac)),
        mismatch(std::int64_t{1} << (frac - p[Signal::mismatch].frac)),
        membrane(std::int64_t{1} << (frac - p[Signal::membrane].frac)) {}
};

}  // namespace apical::fixedpoint
