// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/emulator/kernels.hpp"

#include <stdexcept>
#include <string>

namespace apical::fixedpoint {

extern const Kernels kernels_level_1;
extern const Kernels kernels_level_3;
extern const Kernels kernels_level_4;

const Kernels& kernels(int level) {
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512cd");
  const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  if (level == 0) level = avx512 ? 4 : avx2 ? 3 : 1;
  if (level == 4 && avx512) return kernels_level_4;
  if (level == 3 && avx2) return kernels_level_3;
  if (level == 1) return kernels_level_1;
  throw std::invalid_argument("kernel level: this processor runs 1 (baseline)" +
                              std::string(avx2 ? ", 3 (AVX2)" : "") + (avx512 ? ", 4 (AVX-512)" : ""));
}

}  // namespace apical::fixedpoint
