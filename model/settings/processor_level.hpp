// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace apical {

/// The instructions that inner loops are compiled for, one level after the other (CMakeLists.txt has their
/// options): 1, which every processor has, and on x86-64 3 (AVX2) and 4 (AVX-512). Whether the processor at
/// hand runs a level.
inline bool runs_level(int level) {
#ifdef __x86_64__
  const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  if (level == 3) return avx2;
  if (level == 4)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512cd");
#endif
  return level == 1;
}

/// `level`, or the highest that the processor at hand runs where it is 0.
inline int chosen_level(int level) {
  return level != 0 ? level : runs_level(4) ? 4 : runs_level(3) ? 3 : 1;
}

}  // namespace apical
