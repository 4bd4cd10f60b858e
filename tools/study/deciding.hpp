// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "tools/config/section.hpp"
#include "tools/study/statistics.hpp"

namespace apical::tools {

/// Reads [decide] of a study whose reference and seeds were read, and adds the seeds that it may take. Throws
/// InputError.
void read_decide(const Section&, Study&);

/// Indices of the points that the study's questions need next and that the store hasn't: without [decide]
/// all; else the first seeds of all, then one more of each question that is open, then those that confirm
/// what was chosen. Empty: every question is decided, at the end of its seeds, or has a point without a
/// score. A pure function of study and store.
std::vector<std::size_t> wanted(const Study&, const Store&);

/// What an axis ended at: the values that stay within furthest, in the order of the designs, each once.
struct Chosen {
  std::size_t design = 0;
  const Cell* cell = nullptr;
};
std::vector<Chosen> chosen(const Study&, const Scores&);

/// "confirmed on test data: ..." for every choice of a study that confirms, and how often test data were
/// looked at.
std::vector<std::string> confirmations(const Study&, const Store&, const Scores&);

}  // namespace apical::tools
