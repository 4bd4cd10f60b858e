// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "fixedpoint/emulator/signal_statistics.hpp"
#include "fixedpoint/numeric/format.hpp"
#include "sim/machines/machine.hpp"

namespace apical::sim {

/// Share of a signal's results that its overflow mode may change unsaid.
inline constexpr double most_clipped = 0.01;

/// What a quantiser counted, in real units.
SignalStatistics in_units(const std::string& signal, int layer, const fixedpoint::Format&,
                          const fixedpoint::SignalCounter&);

/// Every signal that is clipped in more than `most_clipped` of its results, by its own name; or "".
std::string clipping_in_words(const std::vector<SignalStatistics>&);

}  // namespace apical::sim
