#pragma once
#include <string>
#include <vector>

#include "tools/study/store.hpp"
#include "tools/study/study.hpp"

namespace apical::tools {

/// Mean over repeats with its 95 % confidence interval by Student's t.
struct Estimate {
  std::size_t count = 0;    ///< repeats with a score
  std::size_t missing = 0;  ///< repeats that diverged, failed or haven't run
  double mean = 0.0;        ///< not a number without a score
  double half = 0.0;        ///< of the interval's width; not a number below two scores
};
Estimate estimate(const std::vector<double>& scores, std::size_t missing = 0);

/// One position of a design and what its repeats scored: percent of accuracy, or mean squared errors.
struct Cell {
  std::vector<AxisValue> at;
  Estimate score;
};

/// The scores of a study, in its order.
struct Scores {
  bool accuracy = true;                  ///< else mean squared error
  std::vector<std::vector<Cell>> cells;  ///< per design
  double reference = 0.0;                ///< the study's, or not a number
  /// Whether a cell stays within the budget of `best`: all repeats have a score, and their mean is at most
  /// `budget` points below it, or `budget` percent above it for errors.
  bool within(const Estimate&, double best, double budget) const;
  /// What a design is measured against: the study's reference, or the best cell.
  double goal(std::size_t design) const;
};
Scores scores(const Study&, const Store&);

/// How far an axis can go, everything else at `others`: the last value, from the safe end on, up to which
/// every cell stays within the budget. The safe end is the largest value, or the smallest of an axis that
/// prefers large ones.
struct Need {
  std::string axis, others;  ///< others: "rounding = nearest", "" where the axis is alone
  bool found = false;        ///< false: not even the safe end stays within
  bool at_end = false;       ///< it is the last value that was tried
  std::string value;
  Estimate score;  ///< there, or at the safe end
};
/// For every axis of the design whose values have sizes; none for random and latin-hypercube designs.
std::vector<Need> needs(const Study&, const Scores&, std::size_t design);

/// "98.06 ± 0.31 %" or "0.0123 ± 0.0004", and what is missing.
std::string in_words(const Estimate&, bool accuracy);

}  // namespace apical::tools
