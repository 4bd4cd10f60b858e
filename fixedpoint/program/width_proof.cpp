// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/width_proof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "fixedpoint/program/compiler.hpp"

namespace apical::fixedpoint {

Bound bound_of(const Format& format) {
  return {std::max(-format.minimum_raw(), format.maximum_raw()), format.frac};
}

Bound bound_of(std::int64_t magnitude, int frac) {
  return {magnitude, frac};
}

Bound operator*(const Bound& a, const Bound& b) {
  return {a.magnitude * b.magnitude, a.frac + b.frac};
}

Bound aligned(const Bound& a, int frac) {
  return {a.magnitude << static_cast<unsigned>(frac - a.frac), frac};
}

Bound operator+(const Bound& a, const Bound& b) {
  const int frac = std::max(a.frac, b.frac);
  return {aligned(a, frac).magnitude + aligned(b, frac).magnitude, frac};
}

Bound times(const Bound& a, std::int64_t terms) {
  return {a.magnitude * terms, a.frac};
}

int bits_of(const Bound& bound) {
  // Magnitude m needs msb(m) + 1 bits and a sign.
  return bound.magnitude == 0 ? 1 : static_cast<int>(msb(bound.magnitude)) + 2;
}

WidthProof prove(Intermediate kind, int population, const std::string& name, const std::string& reason,
                 const Bound& bound, const std::string& formats) {
  const int bits = bits_of(bound);
  if (bits > widest_accumulator)
    throw std::invalid_argument(fmt::format(
        "{} has no proof: it may need {} bits ({}); accepted: at most {} bits, so narrow or shift {}", name,
        bits, reason, widest_accumulator, formats));
  return {kind, population, name, reason, bits};
}

}  // namespace apical::fixedpoint
