// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tools/report/output_folder.hpp"
#include "tools/study/statistics.hpp"

namespace apical::tools {

/// Writes report.html (self-contained), every figure as SVG with its data as CSV, points.csv: per design,
/// position and repeat what was measured, and summary.json. What the store lacks is shown as missing.
void write_report(const Study&, const Store&, OutputFolder&);

/// All that the report says, as JSON for programs: means, intervals, losses, verdicts, sentences.
std::string summary(const Study&, const Store&);

/// "What you need", one sentence per axis and setting of the others.
std::vector<std::string> sentences(const Study&, const Scores&);

}  // namespace apical::tools
