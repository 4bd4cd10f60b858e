// SPDX-License-Identifier: Apache-2.0
#include "tools/study/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "tools/study/pool.hpp"

namespace apical::tools {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Estimate estimate(const std::vector<double>& scores, std::size_t missing) {
  Estimate e{scores.size(), missing, nothing, nothing};
  if (scores.empty()) return e;
  const auto n = static_cast<double>(scores.size());
  e.mean = 0.0;
  for (const double s : scores) e.mean += s / n;
  if (scores.size() < 2) return e;
  double squares = 0.0;
  for (const double s : scores) squares += (s - e.mean) * (s - e.mean);
  const boost::math::students_t distribution(n - 1.0);
  e.half = boost::math::quantile(distribution, 0.975) * std::sqrt(squares / (n - 1.0) / n);
  return e;
}

const Cell* Scores::goal(std::size_t design) const {
  if (has_reference) return &cells.front().front();
  const Cell* best = nullptr;
  for (const Cell& cell : cells[design]) {
    const double mean = cell.score.mean;
    if (cell.score.missing > 0 || !std::isfinite(mean)) continue;
    if (best == nullptr || (accuracy ? mean > best->score.mean : mean < best->score.mean)) best = &cell;
  }
  return best;
}

Scores scores(const Study& study, const Store& store) {
  Scores all;
  all.has_reference = study.has_reference;
  all.cells.resize(study.designs.size());
  for (const Point& point : study.points) {
    const Row* row = row_of(store, point);
    if (row != nullptr && !row->measure.empty()) all.accuracy = row->measure == "accuracy";
  }
  Cell cell;
  for (const Point& point : study.points) {
    const Row* row = row_of(store, point);
    const double score = row == nullptr ? nothing : row->score_value();
    cell.scores.push_back(all.accuracy ? 100.0 * score : score);
    if (row != nullptr && row->status == "diverged") ++cell.diverged;
    if (point.repeat + 1 < study.repeats()) continue;
    cell.at = point.at;
    std::vector<double> got;
    std::copy_if(cell.scores.begin(), cell.scores.end(), std::back_inserter(got),
                 [](double x) { return std::isfinite(x); });
    cell.score = estimate(got, study.repeats() - got.size());
    all.cells[point.design].push_back(std::exchange(cell, {}));
  }
  return all;
}

Loss loss(const Cell& cell, const Cell* goal, model::Measure measure, double budget) {
  Loss l;
  l.mean = estimate({}, cell.score.missing);
  if (goal == nullptr) return l;
  std::vector<double> differences;
  for (std::size_t i = 0; i < std::min(cell.scores.size(), goal->scores.size()); ++i) {
    const double worse = measure == model::Measure::accuracy
                             ? goal->scores[i] - cell.scores[i]
                             : 100.0 * (cell.scores[i] - goal->scores[i]) / goal->score.mean;
    if (std::isfinite(worse)) differences.push_back(worse);
  }
  l.mean = estimate(differences, cell.score.missing);
  const double slack = 1e-9 * std::abs(goal->score.mean);  // a budget of 0.5 includes 98.0 - 97.5
  const auto verdict = [&] {
    if (cell.diverged > 0) return Verdict::no;
    if (&cell == goal) return Verdict::yes;
    if (cell.score.missing > 0 || !std::isfinite(l.mean.half)) return Verdict::undecided;
    if (l.mean.mean + l.mean.half <= budget + slack) return Verdict::yes;
    return l.mean.mean - l.mean.half > budget + slack ? Verdict::no : Verdict::undecided;
  };
  l.verdict = verdict();
  return l;
}

const Need::Value* Need::furthest() const {
  const auto found = std::find_if(values.rbegin(), values.rend(),
                                  [](const Value& v) { return v.loss.verdict == Verdict::yes; });
  return found == values.rend() ? nullptr : &*found;
}

const Need::Value& Need::closest() const {
  const auto worse = [](const Value& v) {
    return std::isfinite(v.loss.mean.mean) ? v.loss.mean.mean : 1e300;
  };
  return *std::min_element(values.begin(), values.end(),
                           [&](const Value& x, const Value& y) { return worse(x) < worse(y); });
}

std::vector<Need> needs(const Study& study, const Scores& all, std::size_t index) {
  const Design& design = study.designs[index];
  std::vector<Need> found;
  if (design.kind != "grid") return found;
  const Cell* const goal = all.goal(index);
  for (std::size_t a = 0; a < design.axes.size(); ++a) {
    const Axis& axis = design.axes[a];
    if (!axis.numeric() || axis.values.size() < 2) continue;
    const std::size_t first = found.size();
    for (const Cell& cell : all.cells[index]) {
      std::string others;
      for (std::size_t b = 0; b < cell.at.size(); ++b)
        if (b != a)
          others +=
              fmt::format("{}{} = {}", others.empty() ? "" : ", ", design.axes[b].name, cell.at[b].label);
      auto need = std::find_if(found.begin() + static_cast<std::ptrdiff_t>(first), found.end(),
                               [&](const Need& n) { return n.others == others; });
      if (need == found.end()) need = found.insert(found.end(), {axis.name, others, axis.prefer_large, {}});
      need->values.push_back({&cell, cell.at[a].label, loss(cell, goal, all.measure(), study.budget)});
    }
    for (auto need = found.begin() + static_cast<std::ptrdiff_t>(first); need != found.end(); ++need)
      std::stable_sort(need->values.begin(), need->values.end(), [&](const auto& x, const auto& y) {
        const double left = x.cell->at[a].number, right = y.cell->at[a].number;
        return axis.prefer_large ? left < right : left > right;
      });
  }
  return found;
}

const char* in_words(Verdict verdict) {
  return verdict == Verdict::yes ? "yes" : verdict == Verdict::no ? "no" : "undecided";
}

std::string in_words(const Loss& loss, model::Measure measure) {
  const bool accuracy = measure == model::Measure::accuracy;
  const Estimate& e = loss.mean;
  if (e.count == 0) return "no common seeds";
  std::string text = accuracy ? fmt::format("{:.2f}", e.mean) : fmt::format("{:.3g}", e.mean);
  if (std::isfinite(e.half))
    text += accuracy ? fmt::format(" ± {:.2f}", e.half) : fmt::format(" ± {:.2g}", e.half);
  return text + (accuracy ? " points" : " percent");
}

std::string in_words(const Estimate& e, model::Measure measure) {
  const bool accuracy = measure == model::Measure::accuracy;
  if (e.count == 0) return fmt::format("no score ({} missing)", e.missing);
  std::string text = accuracy ? fmt::format("{:.2f}", e.mean) : fmt::format("{:.4g}", e.mean);
  if (std::isfinite(e.half))
    text += accuracy ? fmt::format(" ± {:.2f}", e.half) : fmt::format(" ± {:.2g}", e.half);
  if (accuracy) text += " %";
  if (e.missing > 0) text += fmt::format(" ({} of {} missing)", e.missing, e.missing + e.count);
  return text;
}

}  // namespace apical::tools
