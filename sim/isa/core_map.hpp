#pragma once

#include "hw/registers.hpp"

namespace apical::sim {

/// Memories of the core as the window numbers them (hw/rtl/apical_kinds.svh).
namespace memory {
inline constexpr int basal = 0, apical = 1, u = 2, membrane = 3, rate = 4, slope = 5, nudge = 6, error = 7,
                     mismatch = 8, target = 9, first_mismatch = 10, sent_rate = 11, sent_error = 12,
                     scratch = 13, step = 14, rho = 15, alpha = 16, count = 17;
}
namespace window {
inline constexpr int operations = 32, descriptors = 33, decay = 34, table_base = 35, table_delta = 36,
                     weights = 37;
}
namespace slot {
inline constexpr int basal = 0, start_error = 1, u = 2, slope = 3, scratch = 4, rate = 5, apical = 6,
                     nudge = 7, error = 8, start_mismatch = 9, membrane = 10, mismatch = 11, count = 12;
}
namespace kind {
inline constexpr int acc_basal = 0, acc_apical = 1, voltage = 2, table = 3, advanced = 4, nudge_target = 5,
                     nudge_slope = 6, error = 7, copy_nudge = 8, membrane = 9, start_error = 10,
                     start_mismatch = 11, decay = 12, step = 13, input = 14, relay = 15;
}
namespace reg = apical::reg;

}  // namespace apical::sim
