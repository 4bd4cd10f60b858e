#include "tools/study/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <map>

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

bool Scores::within(const Estimate& e, double best, double budget) const {
  if (e.missing > 0 || !std::isfinite(e.mean)) return false;
  const double slack = 1e-9 * std::abs(best);  // a budget of 0.5 includes 98.0 - 97.5
  return accuracy ? e.mean >= best - budget - slack : e.mean <= best * (1.0 + budget / 100.0) + slack;
}

double Scores::goal(std::size_t design) const {
  if (std::isfinite(reference)) return reference;
  double best = nothing;
  for (const Cell& cell : cells[design]) {
    const double mean = cell.score.mean;
    if (cell.score.missing > 0 || !std::isfinite(mean)) continue;
    if (!std::isfinite(best) || (accuracy ? mean > best : mean < best)) best = mean;
  }
  return best;
}

Scores scores(const Study& study, const Store& store) {
  Scores all;
  all.reference = nothing;
  all.cells.resize(study.designs.size());
  for (const Point& point : study.points) {
    const Row* row = store.find(point.digest, APICAL_VERSION);
    if (row != nullptr && !row->measure.empty()) all.accuracy = row->measure == "accuracy";
  }
  std::vector<double> got;
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    const Point& point = study.points[i];
    const Row* row = store.find(point.digest, APICAL_VERSION);
    const double score = row == nullptr ? nothing : row->score_value();
    if (std::isfinite(score)) got.push_back(all.accuracy ? 100.0 * score : score);
    if (point.repeat + 1 < study.repeats()) continue;
    all.cells[point.design].push_back({point.at, estimate(got, study.repeats() - got.size())});
    got.clear();
  }
  if (study.has_reference) all.reference = all.cells.front().front().score.mean;
  return all;
}

std::vector<Need> needs(const Study& study, const Scores& all, std::size_t index) {
  const Design& design = study.designs[index];
  std::vector<Need> found;
  if (design.kind != "grid") return found;
  for (std::size_t a = 0; a < design.axes.size(); ++a) {
    const Axis& axis = design.axes[a];
    if (!axis.numeric() || axis.values.size() < 2) continue;
    std::map<std::string, std::vector<const Cell*>> lines;
    std::vector<std::string> order;
    for (const Cell& cell : all.cells[index]) {
      std::string others;
      for (std::size_t b = 0; b < cell.at.size(); ++b)
        if (b != a)
          others +=
              fmt::format("{}{} = {}", others.empty() ? "" : ", ", design.axes[b].name, cell.at[b].label);
      if (lines.count(others) == 0) order.push_back(others);
      lines[others].push_back(&cell);
    }
    for (const std::string& others : order) {
      std::vector<const Cell*>& line = lines[others];
      std::stable_sort(line.begin(), line.end(), [&](const Cell* x, const Cell* y) {
        return axis.prefer_large ? x->at[a].number < y->at[a].number : x->at[a].number > y->at[a].number;
      });
      std::size_t good = 0;
      while (good < line.size() && all.within(line[good]->score, all.goal(index), study.budget)) ++good;
      const Cell& last = *line[good == 0 ? 0 : good - 1];
      found.push_back({axis.name, others, good > 0, good == line.size(), last.at[a].label, last.score});
    }
  }
  return found;
}

std::string in_words(const Estimate& e, bool accuracy) {
  if (e.count == 0) return fmt::format("no score ({} missing)", e.missing);
  std::string text = accuracy ? fmt::format("{:.2f}", e.mean) : fmt::format("{:.4g}", e.mean);
  if (std::isfinite(e.half))
    text += accuracy ? fmt::format(" ± {:.2f}", e.half) : fmt::format(" ± {:.2g}", e.half);
  if (accuracy) text += " %";
  if (e.missing > 0) text += fmt::format(" ({} of {} missing)", e.missing, e.missing + e.count);
  return text;
}

}  // namespace apical::tools
