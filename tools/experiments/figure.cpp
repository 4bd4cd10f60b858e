#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>

#include "tools/experiments/experiment.hpp"

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
  std::string tics;
  for (std::size_t i = 0; i < f.labels.size(); ++i)
    tics += fmt::format("{}{} {}", i == 0 ? "" : ", ", quoted(f.labels[i]), i);
  if (!tics.empty())
    text += fmt::format(
        "set xtics rotate by 55 right noenhanced ({})\nset xrange [-0.5:{}.5]\nset style fill solid\n"
        "set boxwidth {:g}\n",
        tics, f.labels.size() - 1, 0.8 / static_cast<double>(f.lines.size()));
  // Okabe and Ito's colours: told apart by colour-blind readers, too.
  const char* colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
  std::string plots;
  for (std::size_t i = 0; i < f.lines.size(); ++i) {
    const Line& line = f.lines[i];
    std::string points;
    const double n = static_cast<double>(f.lines.size());
    const double aside = tics.empty() ? 0.0 : 0.8 * ((static_cast<double>(i) + 0.5) / n - 0.5);
    for (const auto& [x, y] : line.points)
      if (drawable(f, x, y)) points += fmt::format("{:.9g} {:.9g}\n", x + aside, y);
    if (points.empty()) continue;
    text += fmt::format("$d{} << EOD\n{}EOD\n", i, points);
    plots += fmt::format("{}$d{} using 1:2 with {} lc rgb '{}' title {}", plots.empty() ? "plot " : ", ", i,
                         !tics.empty() ? "boxes"
                         : line.marks  ? "linespoints pt 7 ps 0.5"
                                       : "lines lw 2",
                         colours[i % std::size(colours)], quoted(line.name));
  }
  if (plots.empty()) plots = "set xrange [0:1]; set yrange [0:1]; plot NaN notitle";
  return text + plots + "\n";
}

}  // namespace

void draw(const Figure& figure, const std::filesystem::path& svg) {
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

std::string csv(const Figure& f) {
  std::string text = "series,x,y\n";
  for (const Line& line : f.lines)
    for (const auto& [x, y] : line.points)
      if (std::isfinite(x) && std::isfinite(y))
        text += f.labels.empty() ? fmt::format("\"{}\",{:.9g},{:.9g}\n", line.name, x, y)
                                 : fmt::format("\"{}\",\"{}\",{:.9g}\n", line.name,
                                               f.labels[static_cast<std::size_t>(x)], y);
  return text;
}

}  // namespace apical::tools
