// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/multiprecision/cpp_int.hpp>
#include <string>
#include <vector>

#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// A bound on the magnitude of an exact intermediate result: |raw| <= magnitude at `frac` fraction bits.
struct Bound {
  boost::multiprecision::cpp_int magnitude;
  int frac = 0;
};

Bound bound_of(const Format&);  ///< the largest magnitude that the format holds
Bound bound_of(std::int64_t magnitude, int frac);
Bound operator*(const Bound&, const Bound&);
Bound operator+(const Bound&, const Bound&);    ///< aligned at the finer binary point, as the machine adds
Bound times(const Bound&, std::int64_t terms);  ///< a sum of `terms` such values
Bound aligned(const Bound&, int frac);          ///< shifted left to `frac`, which must not be coarser

/// Width in two's complement that holds every value within `bound`.
int bits_of(const Bound& bound);

/// The proof that `bound` fits the machine; throws std::invalid_argument naming `formats` to narrow if not.
WidthProof prove(Intermediate, int population, const std::string& name, const std::string& reason,
                 const Bound& bound, const std::string& formats);

}  // namespace apical::fixedpoint
