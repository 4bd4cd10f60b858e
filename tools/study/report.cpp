#include "tools/study/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "tools/study/figures.hpp"
#include "tools/svg.hpp"

namespace apical::tools {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string budget_text(const Study& study, bool accuracy) {
  return fmt::format("{:g} {}", study.budget, accuracy ? "points" : "percent");
}

// "smallest" or "largest" that was asked for, of the axis.
const char* wanted(const Design& design, const std::string& axis) {
  for (const Axis& a : design.axes)
    if (a.name == axis) return a.prefer_large ? "largest" : "smallest";
  return "";
}

std::string sentence(const Study& study, const Scores& all, const Design& design, const Need& need,
                     double goal) {
  const std::string setting = need.others.empty() ? "" : fmt::format(", with {}", need.others);
  if (!need.found)
    return fmt::format("{}{}: no value that was tried stays within {} of {:.4g}; {} at {}", need.axis,
                       setting, budget_text(study, all.accuracy), goal, in_words(need.score, all.accuracy),
                       need.value);
  return fmt::format("{}{}: {} is the {} that stays within {} of {:.4g}{}: {}", need.axis, setting,
                     need.value, wanted(design, need.axis), budget_text(study, all.accuracy), goal,
                     need.at_end ? " (and the last that was tried)" : "", in_words(need.score, all.accuracy));
}

std::string need_table(const Study& study, const Scores& all) {
  std::string html = fmt::format(
      "<h2>What you need</h2><p>Per axis the value up to which accuracy stays within {} of {}, read from the "
      "safe end: behind it at least one value misses. Means over {} repeats, ± half of the 95 % interval by "
      "Student's t.</p><table><tr><th>study<th>what<th>needed<th>with<th>score there",
      budget_text(study, all.accuracy),
      std::isfinite(all.reference) ? fmt::format("the reference ({:.4g})", all.reference)
                                   : "the best of its design",
      study.repeats());
  for (std::size_t d = 0; d < study.designs.size(); ++d)
    for (const Need& need : needs(study, all, d))
      html += fmt::format(
          "<tr><td>{}<td>{}<td class=n>{}<td>{}<td class=n>{}", escaped(study.designs[d].title),
          escaped(need.axis),
          need.found ? fmt::format("{}{}", escaped(need.value), need.at_end ? " (the last tried)" : "")
                     : "<span class=no>none that was tried</span>",
          escaped(need.others), escaped(in_words(need.score, all.accuracy)));
  return html + "</table>";
}

std::string cell_table(const Design& design, const Scores& all, const std::vector<Cell>& cells) {
  std::string html = "<details><summary>All positions</summary><table><tr>";
  for (const Axis& axis : design.axes) html += fmt::format("<th>{}", escaped(axis.name));
  html += "<th>score";
  for (const Cell& cell : cells) {
    html += "<tr>";
    for (const AxisValue& value : cell.at) html += fmt::format("<td>{}", escaped(value.label));
    html += fmt::format("<td class=n>{}", escaped(in_words(cell.score, all.accuracy)));
  }
  return html + "</table></details>";
}

// Every point with its positions: what a reader's own analysis starts from.
std::string points_csv(const Study& study, const Store& store) {
  std::string text = "design,position,seed,digest,status,score,ticks,macs,events,energy_pj\n";
  for (const Point& point : study.points) {
    std::string at;
    for (std::size_t a = 0; a < point.at.size(); ++a)
      at += fmt::format("{}{} = {}", a == 0 ? "" : "; ", study.designs[point.design].axes[a].name,
                        point.at[a].label);
    const Row* row = store.find(point.digest, APICAL_VERSION);
    text +=
        fmt::format("{},{},{},{},", study.designs[point.design].name, csv_field(at),
                    study.seeds.empty() ? "" : fmt::format("{}", study.seeds[point.repeat]), point.digest);
    text += row == nullptr ? "missing,,,,,\n"
                           : fmt::format("{},{},{},{},{},{}\n", row->status, row->score, row->ticks,
                                         row->macs, row->events, row->energy_pj);
  }
  return text;
}

}  // namespace

std::vector<std::string> sentences(const Study& study, const Scores& all) {
  std::vector<std::string> lines;
  for (std::size_t d = 0; d < study.designs.size(); ++d)
    for (const Need& need : needs(study, all, d))
      lines.push_back(sentence(study, all, study.designs[d], need, all.goal(d)));
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
                        escaped(in_words(all.cells.front().front().score, all.accuracy)));
  body += need_table(study, all);
  for (std::size_t d = study.has_reference ? 1 : 0; d < study.designs.size(); ++d) {
    const Design& design = study.designs[d];
    body += fmt::format("<h2>{}</h2>", escaped(design.title));
    for (const Figure& figure : curves(study, all, d)) {
      const auto svg = folder.stage(figure.name + ".svg");
      draw(figure, svg);
      folder.write(figure.name + ".csv", csv(figure));
      body += figure_html(content(svg), figure.caption);
    }
    for (const HeatMap& map : heat_maps(study, all, d)) {
      const auto svg = folder.stage(map.name + ".svg");
      draw(map, svg, all.accuracy);
      folder.write(map.name + ".csv", csv(map));
      body += figure_html(content(svg), map.caption);
    }
    body += cell_table(design, all, all.cells[d]);
  }
  body += fmt::format(
      "<h2>Base configuration</h2><details><summary>All effective keys</summary><pre>{}</pre></details>",
      escaped(canonical(study.base)));
  folder.write("points.csv", points_csv(study, store));
  folder.write("report.html", page(study.title, body));
  folder.commit();
}

}  // namespace apical::tools
