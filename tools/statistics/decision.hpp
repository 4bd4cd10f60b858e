// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <vector>

namespace apical::tools {

/// Whether something loses less than a margin.
enum class Verdict { yes, no, undecided };
const char* in_words(Verdict);

/// "A loses less than `margin` against B", asked of `comparisons` pairs A, B at once.
struct Question {
  double margin = 0.5;          ///< in the unit of the losses
  double error = 0.05;          ///< at most this probability that any of the verdicts is wrong, 0..0.5
  std::size_t comparisons = 1;  ///< verdicts that `error` is shared by (Bonferroni)
  double resolution = 0.0;      ///< step of a score: 100 / n points of an accuracy over n digits; 0: none
};

/// What a sequence of losses decides.
struct Decision {
  Verdict verdict = Verdict::undecided;
  std::size_t pairs = 0;  ///< until it was decided; of an undecided one all
  double mean = 0.0;      ///< loss over these; not a number without a pair
  /// Bounds of the loss, which hold after every pair at once: with probability 1 - error all lower bounds of
  /// all comparisons do, and likewise all upper ones. Infinite where the pairs say nothing.
  double low = 0.0, high = 0.0;
};

/// Natural logarithm of the e-value against "the mean is 0 or less" of `count` independent normal values of
/// unknown variance with this mean and these squared deviations from it, summed: the right-Haar mixture with
/// effect size mean / sd ~ |N(0, 1)| (Perez-Ortiz, Lardy, de Heide & Grunwald, Ann. Stat. 2024; Wang &
/// Ramdas, Sequential Analysis 2025, the closed form of the two-sided mixture). Over a growing sample it is a
/// martingale at mean 0, and falls with the mean, so that P(it ever reaches log(1 / a)) <= a (Ville),
/// whenever and why ever one stops. 0 for no values, or for values that are all 0.
double log_evidence(std::size_t count, double mean, double squares);

/// Looks at the losses (B's score less A's with the same seed; positive: worse) one after the other and stops
/// at the first that decides: yes, evidence that the mean is below the margin; no, that it is above. Valid
/// for independent normal losses; of discrete ones the spread is taken as wider by what a step of
/// `resolution` adds. Equal sequences decide equally, however they came about. Throws std::invalid_argument
/// for a loss that is no number and for an error outside of 0..0.5.
Decision decide(const std::vector<double>& losses, const Question&);

}  // namespace apical::tools
