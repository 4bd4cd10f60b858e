// SPDX-License-Identifier: Apache-2.0
#include "model/sums.hpp"

#include <stdexcept>

namespace apical::model {

extern const Sums sums_level_1;
extern const Sums sums_level_3;
extern const Sums sums_level_4;

namespace {

const Sums& chosen(int level) {
  const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512cd");
  if (level == 0) level = avx512 ? 4 : avx2 ? 3 : 1;
  if (level == 1) return sums_level_1;
  if (level == 3 && avx2) return sums_level_3;
  if (level == 4 && avx512) return sums_level_4;
  throw std::invalid_argument(
      "sums: a level that this processor doesn't run; accepted: 1, 3 (AVX2), 4 (AVX-512)");
}

}  // namespace

const Sums& sums(int level) {
  static const Sums& best = chosen(0);
  return level == 0 ? best : chosen(level);
}

}  // namespace apical::model
