// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "tools/statistics/decision.hpp"
#include "tools/study/store.hpp"
#include "tools/study/study.hpp"

namespace apical::tools {

/// Mean over repeats with its 95 % confidence interval by Student's t.
struct Estimate {
  std::size_t count = 0;     ///< repeats with a score
  std::size_t missing = 0;   ///< repeats that diverged, failed or haven't run
  double mean = 0.0;         ///< not a number without a score
  double half = 0.0;         ///< of the interval's width; not a number below two scores
  std::uint64_t tested = 0;  ///< digits that each score is of; 0: nothing is known of that
};
Estimate estimate(const std::vector<double>& scores, std::size_t missing = 0);

/// One position of a design and what its repeats scored: percent of accuracy, or mean squared errors.
struct Cell {
  std::vector<AxisValue> at;
  std::vector<double> scores;  ///< by repeat; not a number without one
  std::size_t diverged = 0;    ///< repeats
  Estimate score;
};

/// The scores of a study, in its order.
struct Scores {
  bool accuracy = true;                  ///< else mean squared error
  bool has_reference = false;            ///< cells[0] is the study's reference alone
  std::vector<std::vector<Cell>> cells;  ///< per design
  std::optional<Deciding> decide;        ///< the study's
  double resolution = 0.0;               ///< step of an accuracy, in points
  model::Measure measure() const { return model::measure_of(accuracy); }
  /// What a design is measured against: the study's reference, or its best cell of those with all scores;
  /// nullptr where there is none.
  const Cell* goal(std::size_t design) const;
};
Scores scores(const Study&, const Store&);

/// What a cell loses against another one.
struct Loss {
  /// Mean of the paired differences of common seeds, in points of accuracy or in percent of the other's mean
  /// squared error; positive: worse.
  Estimate mean;
  Verdict verdict = Verdict::undecided;
  std::optional<Decision> decision;  ///< of a study that decides
};
/// yes: the whole 95 % interval is at most `budget`; no: all of it is above, or a repeat diverged. Undecided
/// below two common seeds and while scores are missing, but for the goal itself.
Loss loss(const Cell&, const Cell* goal, model::Measure, double budget);
/// Likewise for studies that decide, by decide() over their common seeds in order, as one of all questions;
/// of mean squared errors the losses are percent of the goal's with the same seed.
Loss loss(const Scores&, const Cell&, const Cell* goal, double budget);
/// Of the seeds that confirm, as one of `choices` questions.
Loss confirmed(const Scores&, const Cell&, const Cell& goal, double budget, std::size_t choices);

/// What an axis needs, everything else at `others`.
struct Need {
  struct Value {
    const Cell* cell;
    std::string label;
    Loss loss;
  };
  std::string axis, others;  ///< others: "rounding = nearest", "" where the axis is alone
  bool prefer_large = false;
  std::vector<Value>
      values;  ///< from the safe end: the largest, or the smallest where large ones are preferred

  const Value* furthest() const;  ///< the last one that stays within, or nullptr
  const Value& closest() const;   ///< the one that loses least
};
/// For every axis of the design whose values have sizes; none for random and latin-hypercube designs.
std::vector<Need> needs(const Study&, const Scores&, std::size_t design);

/// "0.12 ± 0.31 points" or "3.1 ± 0.4 percent".
std::string in_words(const Loss&, model::Measure);
/// "yes" or "undecided after 60 seeds".
std::string in_words_of_verdict(const Loss&);

/// "98.06 ± 0.31 % (5 seeds of 360 digits)", of one seed with the interval over digits (Wilson), or
/// "0.0123 ± 0.0004", and what is missing.
std::string in_words(const Estimate&, model::Measure);

}  // namespace apical::tools
