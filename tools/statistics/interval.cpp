// SPDX-License-Identifier: Apache-2.0
#include "tools/statistics/interval.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace apical::tools {

Interval wilson(double share, std::uint64_t count) {
  if (count == 0) return {};
  const auto n = static_cast<double>(count);
  const double z = boost::math::quantile(boost::math::normal(), 0.975), z2 = z * z / n;
  const double centre = (share + 0.5 * z2) / (1.0 + z2);
  const double half = std::sqrt(z2 * (share * (1.0 - share) + 0.25 * z2)) / (1.0 + z2);
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

}  // namespace apical::tools
