// SPDX-License-Identifier: Apache-2.0
#include "tools/study/report.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "tools/report/page.hpp"
#include "tools/report/svg.hpp"
#include "tools/study/deciding.hpp"
#include "tools/study/figures.hpp"
#include "tools/study/pool.hpp"

namespace apical::tools {
namespace {

std::string budget_text(const Study& study, model::Measure measure) {
  return fmt::format("{:g} {}", study.budget, measure == model::Measure::accuracy ? "points" : "percent");
}

const char* wanted(const Need& need) {
  return need.prefer_large ? "largest" : "smallest";
}

// "the reference, 98.17 ± 0.31 %", or the best of the design.
std::string goal_text(const Scores& all, const Cell* goal) {
  if (goal == nullptr) return "a reference that has no score";
  return fmt::format("{}, {}", all.has_reference ? "the reference" : "the best",
                     in_words(goal->score, all.measure()));
}

// Labels of the values with that verdict, in their order.
std::string having(const Need& need, Verdict verdict) {
  std::vector<std::string> labels;
  for (const Need::Value& value : need.values)
    if (value.loss.verdict == verdict)
      labels.push_back(verdict == Verdict::undecided && value.loss.decision
                           ? fmt::format("{} after {} seeds", value.label, value.loss.decision->pairs)
                           : value.label);
  return fmt::format("{}", fmt::join(labels, ", "));
}

std::string sentence(const Study& study, const Scores& all, const Need& need, const Cell* goal) {
  const std::string setting = need.others.empty() ? "" : fmt::format(", with {}", need.others);
  const std::string within =
      fmt::format("within {} of {}", budget_text(study, all.measure()), goal_text(all, goal));
  const std::string undecided = having(need, Verdict::undecided), no = having(need, Verdict::no);
  const Need::Value* furthest = need.furthest();
  std::string text = need.axis + setting + ": ";
  if (furthest != nullptr && furthest->cell == goal)
    text += fmt::format("{} is the best, {}, and no {} value was shown to stay within {} of it",
                        furthest->label, in_words(goal->score, all.measure()),
                        need.prefer_large ? "larger" : "smaller", budget_text(study, all.measure()));
  else if (furthest != nullptr)
    text +=
        fmt::format("{} is the {} that was shown to stay {}{}; it loses {}", furthest->label, wanted(need),
                    within, furthest == &need.values.back() ? " (and the last that was tried)" : "",
                    in_words(furthest->loss, all.measure()));
  else
    text +=
        fmt::format("{} {}; the closest, {}, loses {}",
                    undecided.empty() ? "no value that was tried stays" : "undecided whether a value stays",
                    within, need.closest().label, in_words(need.closest().loss, all.measure()));
  if (!undecided.empty()) text += "; undecided: " + undecided;
  if (!no.empty() && (furthest != nullptr || !undecided.empty())) text += "; too much: " + no;
  return text;
}

std::string judged_text(const Study& study) {
  if (study.decide)
    return fmt::format(
        "A value's loss is the mean of what it scores less than that with the same seeds, and in brackets "
        "the "
        "bounds that an anytime-valid t-test leaves; it has as many seeds as it took to decide, {} at least "
        "and "
        "{} at most. Yes, no: with probability {} none of all verdicts here is wrong, differences being "
        "normal. "
        "Undecided: so many seeds didn't tell.",
        study.decide->first, study.decide->most, 1.0 - study.decide->error);
  return fmt::format(
      "A value's loss is the mean of what it scores less than that with the same seeds ({} repeats), ± half "
      "of "
      "the 95 % interval of these differences by Student's t, not corrected for how many there are. It stays "
      "within where the whole interval does, and loses too much where none of it does or a repeat diverges; "
      "else it is undecided, and more seeds may tell.",
      study.repeats());
}

std::string need_table(const Study& study, const Scores& all) {
  std::string html = fmt::format(
      "<h2>What you need</h2><p>Which values stay within {} of {}. {} Every value is judged alone: a smaller "
      "one "
      "may do where a larger one doesn't.</p><table><tr><th>study<th>what<th>with<th>stays "
      "within<th>furthest of "
      "these<th>its loss<th>undecided<th>too much",
      budget_text(study, all.measure()),
      all.has_reference ? escaped(goal_text(all, all.goal(0))) : "the best of its design",
      judged_text(study));
  for (std::size_t d = 0; d < study.designs.size(); ++d)
    for (const Need& need : needs(study, all, d)) {
      const Need::Value* furthest = need.furthest();
      html += fmt::format(
          "<tr><td>{}<td>{}<td>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}",
          escaped(study.designs[d].title), escaped(need.axis), escaped(need.others),
          furthest == nullptr ? "<span class=no>none was shown to</span>"
                              : escaped(having(need, Verdict::yes)),
          furthest == nullptr ? ""
                              : fmt::format("{} {}{}", wanted(need), escaped(furthest->label),
                                            furthest == &need.values.back() ? " (the last tried)" : ""),
          furthest == nullptr ? "" : escaped(in_words(furthest->loss, all.measure())),
          escaped(having(need, Verdict::undecided)), escaped(having(need, Verdict::no)));
    }
  return html + "</table>";
}

std::string cell_table(const Study& study, std::size_t index, const Scores& all) {
  std::string html = "<details><summary>All positions</summary><table><tr>";
  for (const Axis& axis : study.designs[index].axes) html += fmt::format("<th>{}", escaped(axis.name));
  html += "<th>score<th>loss<th>stays within";
  const Cell* const goal = all.goal(index);
  for (const Cell& cell : all.cells[index]) {
    html += "<tr>";
    for (const AxisValue& value : cell.at) html += fmt::format("<td>{}", escaped(value.label));
    const Loss l = loss(all, cell, goal, study.budget);
    html += fmt::format("<td class=n>{}<td class=n>{}<td>{}", escaped(in_words(cell.score, all.measure())),
                        escaped(in_words(l, all.measure())), in_words_of_verdict(l));
  }
  return html + "</table></details>";
}

// Every point with its positions: what a reader's own analysis starts from.
std::string points_csv(const Study& study, const Store& store) {
  std::string text =
      "design,position,seed,digest,status,score,ticks,macs,events,energy_pj,row,data,data_here\n";
  for (const Point& point : study.points) {
    std::string at;
    for (std::size_t a = 0; a < point.at.size(); ++a)
      at += fmt::format("{}{} = {}", a == 0 ? "" : "; ", study.designs[point.design].axes[a].name,
                        point.at[a].label);
    const Row* row = row_of(store, point);
    if (row == nullptr && study.decide) continue;  // it wasn't asked for
    text +=
        fmt::format("{},{},{},{},", study.designs[point.design].name, csv_field(at),
                    study.seeds.empty() ? "" : fmt::format("{}", study.seeds[point.repeat]), point.digest);
    text += row == nullptr ? "missing,,,,,,,,\n"
                           : fmt::format("{},{},{},{},{},{},{},{},{}\n", row->status, row->score, row->ticks,
                                         row->macs, row->events, row->energy_pj, row->digest, row->data,
                                         point.data == absent_data ? "no" : "yes");
  }
  return text;
}

}  // namespace

std::vector<std::string> sentences(const Study& study, const Scores& all) {
  std::vector<std::string> lines;
  for (std::size_t d = 0; d < study.designs.size(); ++d)
    for (const Need& need : needs(study, all, d)) lines.push_back(sentence(study, all, need, all.goal(d)));
  return lines;
}

void write_report(const Study& study, const Store& store, OutputFolder& folder) {
  const Scores all = scores(study, store);
  std::size_t missing = 0;
  for (const auto& cells : all.cells)
    for (const Cell& cell : cells) missing += cell.score.missing;
  std::string body = fmt::format(
      "<p>{} points in {} designs, from <code>{}</code>; {} without a score (diverged, failed, or not run "
      "yet). The data of every figure lie beside this page as CSV, all points in points.csv.</p>",
      study.points.size(), study.designs.size(),
      escaped(std::filesystem::path(study.source).filename().string()), missing);
  if (study.has_reference)
    body += fmt::format("<p>Reference: {}.</p>",
                        escaped(in_words(all.cells.front().front().score, all.measure())));
  body += need_table(study, all) + "<ul>";
  for (const std::string& line : confirmations(study, store, all))
    body += fmt::format("<li>{}", escaped(line));
  body += "</ul>";
  for (std::size_t d = study.has_reference ? 1 : 0; d < study.designs.size(); ++d) {
    const Design& design = study.designs[d];
    body += fmt::format("<h2>{}</h2>", escaped(design.title));
    for (const Figure& figure : curves(study, all, d)) {
      const auto svg = folder.stage(figure.name + ".svg");
      draw(figure, svg);
      folder.write(figure.name + ".csv", csv(figure));
      body += figure_html(file_content(svg), figure.caption);
    }
    for (const HeatMap& map : heat_maps(study, all, d)) {
      const auto svg = folder.stage(map.name + ".svg");
      draw(map, svg, all.measure());
      folder.write(map.name + ".csv", csv(map));
      body += figure_html(file_content(svg), map.caption);
    }
    body += cell_table(study, d, all);
  }
  body += fmt::format(
      "<h2>Base configuration</h2><details><summary>All effective keys</summary><pre>{}</pre></details>",
      escaped(canonical(study.base)));
  folder.write("points.csv", points_csv(study, store));
  folder.write("summary.json", summary(study, store));
  folder.write("report.html", page(study.title, body));
  folder.commit();
}

}  // namespace apical::tools
