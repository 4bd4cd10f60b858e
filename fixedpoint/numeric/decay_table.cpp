// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/numeric/decay_table.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

namespace apical::fixedpoint {

std::vector<std::int64_t> decay_table(double dt, double tau, int frac) {
  using Real =
      boost::multiprecision::number<boost::multiprecision::cpp_bin_float<50>, boost::multiprecision::et_off>;
  const Real factor = exp(-Real(dt) / Real(tau));
  std::vector<std::int64_t> table;
  for (Real value = ldexp(Real(1), frac); value >= Real(0.5); value *= factor)
    table.push_back(static_cast<std::int64_t>(floor(value + Real(0.5))));
  return table;
}

}  // namespace apical::fixedpoint
