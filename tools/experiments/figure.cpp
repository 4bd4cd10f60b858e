#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>

#include <fstream>

#include "tools/experiments/experiment.hpp"
#include "tools/svg.hpp"

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
  std::string text = fmt::format(
      "set terminal svg size 720,360 font 'sans-serif,12' background 'white'\nset output {}\n"
      "set encoding utf8\nset xlabel {} noenhanced\nset ylabel {} noenhanced\n"
      "set grid lc rgb '#d9dee4'\nset border lc rgb '#66707c'\nset key outside right noenhanced\n"
      "set format '%g'\n",
      quoted(svg.string()), quoted(f.x_label), quoted(f.y_label));
  if (f.log_x) text += "set logscale x\n";
  if (f.log_y) text += "set logscale y\n";
  // Okabe and Ito's colours: told apart by colour-blind readers, too.
  const char* colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
  std::string plots;
  for (std::size_t i = 0; i < f.lines.size(); ++i) {
    const Line& line = f.lines[i];
    std::string points;
    for (const auto& [x, y] : line.points)
      if (drawable(f, x, y)) points += fmt::format("{:.9g} {:.9g}\n", x, y);
    if (points.empty()) continue;
    text += fmt::format("$d{} << EOD\n{}EOD\n", i, points);
    plots += fmt::format("{}$d{} using 1:2 with {} lc rgb '{}' title {}", plots.empty() ? "plot " : ", ", i,
                         line.marks ? "linespoints pt 7 ps 0.5" : "lines lw 2",
                         colours[i % std::size(colours)], quoted(line.name));
  }
  if (plots.empty()) plots = "set xrange [0:1]; set yrange [0:1]; plot NaN notitle";
  return text + plots + "\n";
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

void draw(const Figure& figure, const std::filesystem::path& svg) {
  if (!figure.tiles.empty()) {
    std::ofstream file(svg);
    file << blocks(figure);
    file.close();
    if (!file)
      throw InputError(fmt::format("{}: can't be written; accepted: room on the disk", svg.string()));
    return;
  }
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // a gnuplot that isn't there closes the pipe
  std::FILE* const gnuplot = popen("gnuplot", "w");
  int status = -1;
  if (gnuplot != nullptr) {
    const std::string text = script(figure, svg);
    std::fwrite(text.data(), 1, text.size(), gnuplot);
    status = pclose(gnuplot);
  }
  std::signal(SIGPIPE, before);
  if (status != 0 || !std::filesystem::exists(svg))
    throw InputError(
        fmt::format("{}: gnuplot failed; accepted: a gnuplot that draws SVG (tools/setup installs it) and "
                    "room on the disk",
                    svg.string()));
}

std::string csv(const Figure& figure) {
  std::string text = "series,x,y\n";
  for (const Line& line : figure.lines)
    for (const auto& [x, y] : line.points)
      if (std::isfinite(x) && std::isfinite(y))
        text += fmt::format("\"{}\",{:.9g},{:.9g}\n", line.name, x, y);
  for (const Tiles& t : figure.tiles)
    for (std::size_t i = 0; i < t.images.size(); ++i)
      for (std::size_t j = 0; j < t.images[i].size(); ++j)
        text += fmt::format("\"{}, unit {}\",{},{:.9g}\n", t.name, i + 1, j, t.images[i][j]);
  return text;
}

}  // namespace apical::tools
