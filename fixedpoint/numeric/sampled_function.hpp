// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "model/settings/activation_samples.hpp"

namespace apical::fixedpoint {

/// Of a function: what a table holds.
enum class Curve { value, derivative };

/// A number as its floor and whether anything is left: enough for every rounding mode.
struct Scaled {
  std::int64_t floor;
  bool has_rest;
};

/// What a look-up may be, before its quantiser: |exact| < 2^62.
constexpr std::int64_t widest = std::int64_t{1} << 62;

/// A curve of (63) of model/README.md at x, times 2^frac, in integers and so exactly: all samples are
/// doubles. Beyond ±`widest` it is that.
Scaled scaled(const ActivationSamples&, Curve, double x, int frac);

}  // namespace apical::fixedpoint
