// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace apical::tools {

struct Interval {
  double low = 0.0, high = 1.0;
};

/// 95 % interval of a probability of which `share` (0..1) was seen in `count` independent trials (Wilson,
/// JASA 1927): of an accuracy what other digits might have scored, the network being this one. 0..1 without
/// trials.
Interval wilson(double share, std::uint64_t count);

}  // namespace apical::tools
