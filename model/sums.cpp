// SPDX-License-Identifier: Apache-2.0
#include "model/sums.hpp"

#include <stdexcept>

#include "model/settings/processor_level.hpp"

namespace apical::model {

extern const Sums sums_level_1;
#ifdef __x86_64__
extern const Sums sums_level_3;
extern const Sums sums_level_4;
#endif

namespace {

const Sums& chosen(int level) {
  level = chosen_level(level);
  if (!runs_level(level))
    throw std::invalid_argument(
        "sums: a level that this processor doesn't run; accepted: 1, 3 (AVX2), 4 (AVX-512)");
#ifdef __x86_64__
  if (level == 4) return sums_level_4;
  if (level == 3) return sums_level_3;
#endif
  return sums_level_1;
}

}  // namespace

const Sums& sums(int level) {
  static const Sums& best = chosen(0);
  return level == 0 ? best : chosen(level);
}

}  // namespace apical::model
