// SPDX-License-Identifier: Apache-2.0
#include "tools/study/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "tools/report/numbers.hpp"
#include "tools/statistics/interval.hpp"
#include "tools/study/pool.hpp"

namespace apical::tools {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Estimate estimate(const std::vector<double>& scores, std::size_t missing) {
  Estimate e{scores.size(), missing, nothing, nothing, 0};
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
  all.decide = study.decide;
  all.cells.resize(study.designs.size());
  for (const Point& point : study.points) {
    const Row* row = row_of(store, point);
    if (row != nullptr && !row->measure.empty()) all.accuracy = row->measure == "accuracy";
    const double tested = row == nullptr ? 0.0 : parse_number<double>(row->tested).value_or(0.0);
    if (tested > 0.0) all.resolution = std::max(all.resolution, 100.0 / tested);
  }
  if (!all.accuracy) all.resolution = 0.0;
  Cell cell;
  std::size_t without = 0;  // rows that have no score
  std::uint64_t digits = 0;
  for (const Point& point : study.points) {
    const Row* row = row_of(store, point);
    const double score = row == nullptr ? nothing : row->score_value();
    cell.scores.push_back(all.accuracy ? 100.0 * score : score);
    if (row != nullptr && row->status == "diverged") ++cell.diverged;
    if (row != nullptr && !std::isfinite(score)) ++without;
    if (row != nullptr) digits = parse_number<std::uint64_t>(row->tested).value_or(digits);
    if (point.repeat + 1 < study.repeats()) continue;
    cell.at = point.at;
    // Of a study that decides, seeds that weren't asked for aren't missing.
    const std::size_t searched = study.decide ? study.decide->most : study.repeats();
    std::vector<double> got;
    std::copy_if(cell.scores.begin(), cell.scores.begin() + static_cast<std::ptrdiff_t>(searched),
                 std::back_inserter(got), [](double x) { return std::isfinite(x); });
    cell.score = estimate(got, study.decide ? std::exchange(without, 0) : study.repeats() - got.size());
    cell.score.tested = std::exchange(digits, 0);
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

namespace {

// Losses of the seeds from.. in order, as far as both have scores.
std::vector<double> paired(const Scores& all, const Cell& cell, const Cell& goal, std::size_t from) {
  std::vector<double> losses;
  const std::size_t end = std::min(from + all.decide->most, cell.scores.size());
  for (std::size_t i = from; i < end; ++i) {
    const double worse = all.accuracy ? goal.scores[i] - cell.scores[i]
                                      : 100.0 * (cell.scores[i] - goal.scores[i]) / goal.scores[i];
    if (!std::isfinite(worse)) break;
    losses.push_back(worse);
  }
  return losses;
}

Loss decided(const Scores& all, const Cell& cell, const Cell& goal, const Question& question,
             std::size_t from) {
  Loss l;
  const std::vector<double> losses = paired(all, cell, goal, from);
  l.decision = decide(losses, question);
  l.mean = estimate({losses.begin(), losses.begin() + static_cast<std::ptrdiff_t>(l.decision->pairs)},
                    cell.score.missing);
  l.verdict = cell.diverged > 0 ? Verdict::no : &cell == &goal ? Verdict::yes : l.decision->verdict;
  return l;
}

}  // namespace

Loss loss(const Scores& all, const Cell& cell, const Cell* goal, double budget) {
  if (!all.decide) return loss(cell, goal, all.measure(), budget);
  Loss nothing_to_say;
  nothing_to_say.mean = estimate({}, cell.score.missing);
  if (goal == nullptr) return nothing_to_say;
  std::size_t questions = 0;
  for (std::size_t d = 1; d < all.cells.size(); ++d) questions += all.cells[d].size();
  return decided(all, cell, *goal, {budget, all.decide->error, questions, all.resolution}, 0);
}

Loss confirmed(const Scores& all, const Cell& cell, const Cell& goal, double budget, std::size_t choices) {
  return decided(all, cell, goal, {budget, all.decide->error, choices, all.resolution}, all.decide->most);
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
      need->values.push_back({&cell, cell.at[a].label, loss(all, cell, goal, study.budget)});
    }
    for (auto need = found.begin() + static_cast<std::ptrdiff_t>(first); need != found.end(); ++need)
      std::stable_sort(need->values.begin(), need->values.end(), [&](const auto& x, const auto& y) {
        const double left = x.cell->at[a].number, right = y.cell->at[a].number;
        return axis.prefer_large ? left < right : left > right;
      });
  }
  return found;
}

std::string in_words_of_verdict(const Loss& loss) {
  if (loss.verdict == Verdict::undecided && loss.decision)
    return fmt::format("undecided after {} seeds", loss.decision->pairs);
  return in_words(loss.verdict);
}

std::string in_words(const Loss& loss, model::Measure measure) {
  const bool accuracy = measure == model::Measure::accuracy;
  const Estimate& e = loss.mean;
  if (loss.decision && loss.decision->pairs > 0) {
    const Decision& d = *loss.decision;
    const char* unit = accuracy ? "points" : "percent";
    if (!std::isfinite(d.high)) return fmt::format("{:.2f} {} in {} seeds", d.mean, unit, d.pairs);
    return fmt::format("{:.2f} ({:.2f}..{:.2f}) {} in {} seeds", d.mean, d.low, d.high, unit, d.pairs);
  }
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
  if (accuracy && e.tested > 0) {
    const Interval digits = wilson(e.mean / 100.0, e.tested);
    text += e.count > 1 ? fmt::format(" ({} seeds of {} digits)", e.count, e.tested)
                        : fmt::format(" ({:.2f}..{:.2f}, 1 seed of {} digits)", 100.0 * digits.low,
                                      100.0 * digits.high, e.tested);
  }
  if (e.missing > 0) text += fmt::format(" ({} of {} missing)", e.missing, e.missing + e.count);
  return text;
}

}  // namespace apical::tools
