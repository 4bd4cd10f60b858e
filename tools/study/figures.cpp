// SPDX-License-Identifier: Apache-2.0
#include "tools/study/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace apical::tools {
namespace {

std::string score_label(const Scores& all) {
  return all.accuracy ? "test accuracy, %" : "test error, mse";
}

std::size_t position(const Axis& axis, const std::string& label) {
  const auto found = std::find_if(axis.values.begin(), axis.values.end(),
                                  [&](const AxisValue& v) { return v.label == label; });
  return static_cast<std::size_t>(found - axis.values.begin());
}

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> all;
  for (const AxisValue& value : axis.values) all.push_back(value.label);
  return all;
}

// The axes that a figure shows, and one figure per setting of the others.
struct Slices {
  std::size_t along = 0, across = 0;  ///< equal where there is one axis
  struct Slice {
    std::string text;  ///< "tau = 10"
    std::vector<const Cell*> cells;
  };
  std::vector<Slice> all;
};

Slices slices(const Design& design, const std::vector<Cell>& cells) {
  Slices s;
  for (std::size_t a = design.axes.size(); a-- > 0;)
    if (design.axes[a].numeric()) s.along = a;
  for (std::size_t a = design.axes.size(); a-- > 0;)
    if (a != s.along) s.across = a;
  if (design.axes.size() == 1) s.across = s.along;
  for (const Cell& cell : cells) {
    std::string text;
    for (std::size_t a = 0; a < cell.at.size(); ++a)
      if (a != s.along && a != s.across)
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", design.axes[a].name, cell.at[a].label);
    auto slice =
        std::find_if(s.all.begin(), s.all.end(), [&](const auto& other) { return other.text == text; });
    if (slice == s.all.end()) slice = s.all.insert(s.all.end(), {text, {}});
    slice->cells.push_back(&cell);
  }
  return s;
}

// Sizes that span more than a factor of 30 are drawn on a log scale.
bool wide(const std::vector<const Cell*>& cells, std::size_t axis) {
  double low = 1e300, high = 0.0;
  for (const Cell* cell : cells) {
    low = std::min(low, cell->at[axis].number);
    high = std::max(high, cell->at[axis].number);
  }
  return low > 0.0 && high > 30.0 * low;
}

void add(Line& line, double x, const Estimate& score) {
  line.points.emplace_back(x, score.mean);
  line.half.push_back(score.half);
}

void add_reference(Figure& figure, const Scores& all) {
  if (!all.has_reference) return;
  const double mean = all.cells.front().front().score.mean;
  double low = 1e300, high = -1e300;
  for (const Line& line : figure.lines)
    for (const auto& [x, y] : line.points) {
      low = std::min(low, x);
      high = std::max(high, x);
    }
  figure.lines.push_back({"reference", {{low, mean}, {high, mean}}, false, true});
}

std::vector<Figure> scatter(const Design& design, const Scores& all, const std::vector<Cell>& cells) {
  std::vector<Figure> figures;
  for (std::size_t a = 0; a < design.axes.size(); ++a) {
    const Axis& axis = design.axes[a];
    const bool named = !axis.values.empty() && !axis.numeric();
    Figure f{fmt::format("{}-{}", design.name, a + 1),
             fmt::format("{}: along {}", design.title, axis.name),
             axis.name,
             score_label(all),
             {},
             axis.logarithmic,
             false,
             named ? labels(axis) : std::vector<std::string>{}};
    f.lines.push_back({"", {}, true, false});
    for (const Cell& cell : cells)
      add(f.lines.front(), named ? static_cast<double>(position(axis, cell.at[a].label)) : cell.at[a].number,
          cell.score);
    add_reference(f, all);
    figures.push_back(std::move(f));
  }
  return figures;
}

}  // namespace

std::vector<Figure> curves(const Study& study, const Scores& all, std::size_t index) {
  const Design& design = study.designs[index];
  if (design.kind != "grid") return scatter(design, all, all.cells[index]);
  const Slices s = slices(design, all.cells[index]);
  const Axis &along = design.axes[s.along], &across = design.axes[s.across];
  std::vector<Figure> figures;
  for (std::size_t i = 0; i < s.all.size(); ++i) {
    const auto& [text, cells] = s.all[i];
    Figure f{s.all.size() == 1 ? design.name : fmt::format("{}-{}", design.name, i + 1),
             design.title + (text.empty() ? "" : "; " + text),
             along.name,
             score_label(all),
             {},
             along.numeric() && wide(cells, s.along),
             false,
             along.numeric() ? std::vector<std::string>{} : labels(along)};
    for (const AxisValue& value : s.along == s.across ? std::vector{AxisValue{}} : across.values) {
      Line line{value.label.empty() ? "" : fmt::format("{} {}", across.name, value.label),
                {},
                true,
                along.numeric()};
      for (const Cell* cell : cells)
        if (s.along == s.across || cell->at[s.across].label == value.label)
          add(line,
              along.numeric() ? cell->at[s.along].number
                              : static_cast<double>(position(along, cell->at[s.along].label)),
              cell->score);
      f.lines.push_back(std::move(line));
    }
    add_reference(f, all);
    figures.push_back(std::move(f));
  }
  return figures;
}

std::vector<HeatMap> heat_maps(const Study& study, const Scores& all, std::size_t index) {
  const Design& design = study.designs[index];
  std::vector<HeatMap> maps;
  if (design.kind != "grid" || design.axes.size() < 2) return maps;
  const Slices s = slices(design, all.cells[index]);
  const Axis &along = design.axes[s.along], &across = design.axes[s.across];
  for (std::size_t i = 0; i < s.all.size(); ++i) {
    HeatMap map{fmt::format("{}{}-map", design.name, s.all.size() == 1 ? "" : fmt::format("-{}", i + 1)),
                design.title + (s.all[i].text.empty() ? "" : "; " + s.all[i].text) + ": " + score_label(all),
                along.name,
                across.name,
                labels(along),
                labels(across),
                {}};
    map.cells.assign(map.rows.size(), std::vector<Estimate>(map.columns.size()));
    for (const Cell* cell : s.all[i].cells)
      map.cells[position(across, cell->at[s.across].label)][position(along, cell->at[s.along].label)] =
          cell->score;
    maps.push_back(std::move(map));
  }
  return maps;
}

void draw(const HeatMap& map, const std::filesystem::path& svg, model::Measure measure) {
  std::string script = gnuplot_head(svg, map.x_label, map.y_label) + gnuplot_ticks("x", map.columns) +
                       gnuplot_ticks("y", map.rows);
  script += "unset grid\nunset key\nset palette defined (0 '#fff3e0', 0.5 '#b9d9ec', 1 '#5aa5d6')\n";
  script +=
      fmt::format("set xrange [-0.5:{}]\nset yrange [-0.5:{}]\n$d << EOD\n",
                  static_cast<double>(map.columns.size()) - 0.5, static_cast<double>(map.rows.size()) - 0.5);
  std::size_t drawn = 0;
  for (std::size_t r = 0; r < map.rows.size(); ++r)
    for (std::size_t c = 0; c < map.columns.size(); ++c) {
      const double mean = map.cells[r][c].mean;
      if (!std::isfinite(mean)) continue;
      script += fmt::format(
          "{} {} {:.9g} {}\n", c, r, mean,
          measure == model::Measure::accuracy ? fmt::format("{:.1f}", mean) : fmt::format("{:.3g}", mean));
      ++drawn;
    }
  script += "EOD\n";
  // Boxes rather than an image: gnuplot leaves out cells that aren't there.
  script += drawn == 0
                ? "plot NaN notitle\n"
                : "set style fill solid noborder\nplot $d using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 "
                  "with boxxyerror lc palette, $d using 1:2:4 with labels tc rgb 'black'\n";
  run_gnuplot(script, svg);
}

std::string csv(const HeatMap& map) {
  std::string text = "x,y,mean,half,count,missing\n";
  for (std::size_t r = 0; r < map.rows.size(); ++r)
    for (std::size_t c = 0; c < map.columns.size(); ++c) {
      const Estimate& e = map.cells[r][c];
      const auto number = [](double x) {
        return std::isfinite(x) ? fmt::format("{:.9g}", x) : std::string();
      };
      text += fmt::format("{},{},{},{},{},{}\n", csv_field(map.columns[c]), csv_field(map.rows[r]),
                          number(e.mean), number(e.half), e.count, e.missing);
    }
  return text;
}

}  // namespace apical::tools
