// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>

#include <fstream>

#include "sim/core/external_tools.hpp"
#include "tools/report/figure.hpp"
#include "tools/report/messages.hpp"
#include "tools/report/svg.hpp"

namespace apical::tools {
namespace {

// Text between gnuplot's single quotes.
std::string quoted(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' ? "''" : std::string(1, c);
  return safe + "'";
}

bool drawable(const Figure& f, double x, double y) {
  return std::isfinite(x) && std::isfinite(y) && (!f.log_x || x > 0.0) && (!f.log_y || y > 0.0);
}

std::string script(const Figure& f, const std::filesystem::path& svg) {
  std::string text = gnuplot_head(svg, f.x_label, f.y_label) + gnuplot_ticks("x", f.ticks);
  if (!f.ticks.empty())
    text += fmt::format("set xrange [-0.5:{}]\n", static_cast<double>(f.ticks.size()) - 0.5);
  if (f.log_x) text += "set logscale x\n";
  if (f.log_y) text += "set logscale y\n";
  if (f.bars)
    text += fmt::format("set xtics rotate by 55 right noenhanced\nset style fill solid\nset boxwidth {:g}\n",
                        0.8 / static_cast<double>(f.lines.size()));
  // Okabe and Ito's colours: told apart by colour-blind readers, too.
  const char* colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
  std::string plots, margin;  // intervals at the ends stay off the border
  for (std::size_t i = 0; i < f.lines.size(); ++i) {
    const Line& line = f.lines[i];
    const bool intervals = !line.half.empty();
    const double n = static_cast<double>(f.lines.size());
    const double aside = f.bars ? 0.8 * ((static_cast<double>(i) + 0.5) / n - 0.5) : 0.0;
    std::string points;
    for (std::size_t p = 0; p < line.points.size(); ++p) {
      const auto [x, y] = line.points[p];
      if (!drawable(f, x, y)) continue;
      points += fmt::format("{:.9g} {:.9g}", x + aside, y);
      if (intervals) points += fmt::format(" {:.9g}", std::isfinite(line.half[p]) ? line.half[p] : 0.0);
      points += "\n";
    }
    if (points.empty()) continue;
    if (intervals) margin = "set offsets graph 0.03, graph 0.03, graph 0.03, graph 0.03\n";
    const std::string style =
        f.bars ? "boxes"
        : !line.joined || line.marks
            ? fmt::format("{} pt 7 ps 0.5", intervals     ? (line.joined ? "yerrorlines" : "yerrorbars")
                                            : line.joined ? "linespoints"
                                                          : "points")
            : "lines lw 2";
    text += fmt::format("$d{} << EOD\n{}EOD\n", i, points);
    plots +=
        fmt::format("{}$d{} using {} with {} lc rgb '{}' title {}", plots.empty() ? "plot " : ", ", i,
                    intervals ? "1:2:3" : "1:2", style, colours[i % std::size(colours)], quoted(line.name));
  }
  if (plots.empty()) plots = "set xrange [0:1]; set yrange [0:1]; plot NaN notitle";
  return text + margin + plots + "\n";
}

// Blocks of eight images a line, three blocks side by side, each under its name.
std::string blocks(const Figure& f) {
  constexpr int per_line = 8, across = 3, side = 220, gap = 20, title = 18;
  std::string body;
  int x = gap, y = gap, lowest = 0;
  for (std::size_t i = 0; i < f.tiles.size(); ++i) {
    const Tiles& t = f.tiles[i];
    const ImageUri image = image_uri(t.images, t.rows, t.columns, per_line);
    const int high = side * image.high / image.wide;
    body += fmt::format(
        "<text x=\"{0}\" y=\"{1}\" font-family=\"sans-serif\" font-size=\"12\">{2}</text><image x=\"{0}\" "
        "y=\"{3}\" width=\"{4}\" height=\"{5}\" style=\"image-rendering:pixelated\" href=\"{6}\"/>",
        x, y + title - 6, escaped(t.name), y + title, side, high, image.uri);
    lowest = std::max(lowest, y + title + high);
    x += side + gap;
    if ((i + 1) % across == 0) {
      x = gap;
      y = lowest + gap;
    }
  }
  const int wide = across * (side + gap) + gap;
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\"><rect "
      "width=\"100%\" height=\"100%\" fill=\"white\"/>{2}</svg>\n",
      wide, lowest + gap, body);
}

}  // namespace

std::string gnuplot_head(const std::filesystem::path& svg, const std::string& x_label,
                         const std::string& y_label) {
  return fmt::format(
      "set terminal svg size 720,360 font 'sans-serif,12' background 'white'\nset output {}\n"
      "set encoding utf8\nset xlabel {} noenhanced\nset ylabel {} noenhanced\n"
      "set grid lc rgb '#d9dee4'\nset border lc rgb '#66707c'\nset key outside right noenhanced\n"
      "set format '%g'\n",
      quoted(svg.string()), quoted(x_label), quoted(y_label));
}

std::string gnuplot_ticks(const std::string& axis, const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", quoted(names[i]), i);
  return text.empty() ? "" : fmt::format("set {}tics ({}) noenhanced\n", axis, text);
}

void run_gnuplot(const std::string& script, const std::filesystem::path& svg) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // a gnuplot that isn't there closes the pipe
  // Beside the figure: what gnuplot warns of is no message of ours, and what it fails with becomes one.
  const std::filesystem::path log = svg.string() + ".log";
  std::FILE* const gnuplot = popen(("gnuplot 2>" + sim::shell_word(log.string())).c_str(), "w");
  int status = -1;
  if (gnuplot != nullptr) {
    std::fwrite(script.data(), 1, script.size(), gnuplot);
    status = pclose(gnuplot);
  }
  std::signal(SIGPIPE, before);
  std::string said, line;
  for (std::ifstream file(log); std::getline(file, line);)
    if (line.find_first_not_of(" \t^") != std::string::npos) said = line;  // the last one says what is wrong
  std::error_code ignored;
  std::filesystem::remove(log, ignored);
  // gnuplot doesn't say that a disk was full.
  std::ifstream drawn(svg);
  const std::string text{std::istreambuf_iterator<char>(drawn), {}};
  if (status != 0 || text.find("</svg>") == std::string::npos)
    throw InputError(
        fmt::format("{}: gnuplot failed ({}); accepted: a gnuplot that draws SVG (tools/setup installs "
                    "it) and room on the disk",
                    svg.string(), said.substr(0, 200)));
}

void draw(const Figure& figure, const std::filesystem::path& svg) {
  if (!figure.tiles.empty()) {
    std::ofstream file(svg);
    file << blocks(figure);
    file.close();
    if (!file)
      throw InputError(fmt::format("{}: can't be written; accepted: room on the disk", svg.string()));
    return;
  }
  run_gnuplot(script(figure, svg), svg);
}

std::string csv(const Figure& figure) {
  const bool intervals = std::any_of(figure.lines.begin(), figure.lines.end(),
                                     [](const Line& line) { return !line.half.empty(); });
  std::string text = intervals ? "series,x,y,half\n" : "series,x,y\n";
  for (const Line& line : figure.lines)
    for (std::size_t p = 0; p < line.points.size(); ++p) {
      const auto [x, y] = line.points[p];
      if (!std::isfinite(x) || !std::isfinite(y)) continue;
      const std::string place = figure.bars ? fmt::format("\"{}\"", figure.ticks[static_cast<std::size_t>(x)])
                                            : fmt::format("{:.9g}", x);
      text += fmt::format("\"{}\",{},{:.9g}", line.name, place, y);
      if (intervals)
        text +=
            p < line.half.size() && std::isfinite(line.half[p]) ? fmt::format(",{:.9g}", line.half[p]) : ",";
      text += "\n";
    }
  for (const Tiles& t : figure.tiles)
    for (std::size_t i = 0; i < t.images.size(); ++i)
      for (std::size_t j = 0; j < t.images[i].size(); ++j)
        text += fmt::format("\"{}, unit {}\",{},{:.9g}\n", t.name, i + 1, j, t.images[i][j]);
  return text;
}

}  // namespace apical::tools
