// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/report/version.hpp"
#include "tools/statistics/interval.hpp"
#include "tools/study/deciding.hpp"
#include "tools/study/pool.hpp"
#include "tools/study/report.hpp"

namespace apical::tools {
namespace {

using Json = nlohmann::ordered_json;

Json number(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}

// `first` is the first of the cell's points.
Json cell_summary(const Study& study, const Store& store, const Scores& all, std::size_t design,
                  const Cell& cell, std::size_t first) {
  Json points = Json::array();
  for (std::size_t i = first; i < first + study.repeats(); ++i)
    if (row_of(store, study.points[i]) != nullptr) points.push_back(study.points[i].digest);
  Json at = Json::object();
  for (std::size_t a = 0; a < cell.at.size(); ++a) at[study.designs[design].axes[a].name] = cell.at[a].label;
  const Loss l = loss(all, cell, all.goal(design), study.budget);
  const double low = l.decision ? l.decision->low : l.mean.mean - l.mean.half,
               high = l.decision ? l.decision->high : l.mean.mean + l.mean.half;
  // Of one seed the interval is that over its digits, as in_words() has it.
  Interval around{cell.score.mean - cell.score.half, cell.score.mean + cell.score.half};
  if (all.accuracy && cell.score.count == 1 && cell.score.tested > 0) {
    around = wilson(cell.score.mean / 100.0, cell.score.tested);
    around = {100.0 * around.low, 100.0 * around.high};
  }
  return {{"at", at},
          {"points", points},
          {"n", cell.score.count},
          {"missing", cell.score.missing},
          {"diverged", cell.diverged},
          {"tested", cell.score.tested},
          {"mean", number(cell.score.mean)},
          {"half", number(cell.score.half)},
          {"low", number(around.low)},
          {"high", number(around.high)},
          {"loss",
           {{"pairs", l.mean.count},
            {"mean", number(l.mean.mean)},
            {"low", number(low)},
            {"high", number(high)},
            {"verdict", in_words(l.verdict)},
            {"words", in_words_of_verdict(l)}}}};
}

}  // namespace

std::string summary(const Study& study, const Store& store) {
  const Scores all = scores(study, store);
  Json designs = Json::array();
  std::size_t first = 0;
  for (std::size_t d = 0; d < study.designs.size(); ++d) {
    Json cells = Json::array();
    for (const Cell& cell : all.cells[d]) {
      cells.push_back(cell_summary(study, store, all, d, cell, first));
      first += study.repeats();
    }
    designs.push_back({{"name", study.designs[d].name}, {"title", study.designs[d].title}, {"cells", cells}});
  }
  Json decide = nullptr;
  if (study.decide)
    decide = {{"error", study.decide->error}, {"first", study.decide->first}, {"most", study.decide->most}};
  const Json json = {{"program", program()},
                     {"build", build_id()},
                     {"title", study.title},
                     {"accuracy", all.accuracy},
                     {"budget", study.budget},
                     {"reference", study.has_reference},
                     {"repeats", study.repeats()},
                     {"decide", decide},
                     {"wanted", wanted(study, store).size()},
                     {"sentences", sentences(study, all)},
                     {"confirmations", confirmations(study, store, all)},
                     {"designs", designs}};
  return json.dump(1) + "\n";
}

}  // namespace apical::tools
