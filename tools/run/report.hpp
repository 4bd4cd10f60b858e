// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "tools/run/run.hpp"

namespace apical::tools {

/// A self-contained HTML page: learning curves, histograms of weights and voltages against their formats,
/// receptive fields, the table of signals, the configuration.
std::string report(const Config&, const RunOutcome&);

/// Events, work and energy of the last machine, and accuracy against thresholds; empty for the golden model.
std::string events_section(const Config&, const RunOutcome&);

}  // namespace apical::tools
