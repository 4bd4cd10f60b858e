// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/emulator/kernels.hpp"

#include <stdexcept>
#include <string>

#include "model/settings/processor_level.hpp"

namespace apical::fixedpoint {

extern const Kernels kernels_level_1;
#ifdef __x86_64__
extern const Kernels kernels_level_3;
extern const Kernels kernels_level_4;
#endif

const Kernels& kernels(int level) {
  level = chosen_level(level);
  if (!runs_level(level))
    throw std::invalid_argument("kernel level: this processor runs 1 (baseline)" +
                                std::string(runs_level(3) ? ", 3 (AVX2)" : "") +
                                (runs_level(4) ? ", 4 (AVX-512)" : ""));
#ifdef __x86_64__
  if (level == 4) return kernels_level_4;
  if (level == 3) return kernels_level_3;
#endif
  return kernels_level_1;
}

}  // namespace apical::fixedpoint
