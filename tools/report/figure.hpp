// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace apical::tools {

/// One curve of a figure; points that aren't finite are left out.
struct Line {
  std::string name;
  std::vector<std::pair<double, double>> points;
  bool marks = false;          ///< a dot at every point
  bool joined = true;          ///< by a line from point to point
  std::vector<double> half{};  ///< half the width of the interval around each point; empty: none
};

/// Images of rows × columns values each, in one block; colours as image_uri() has them.
struct Tiles {
  std::string name;
  std::vector<std::vector<double>> images;
  int rows = 0, columns = 0;
};

/// One figure: NAME.svg and, with the same points, NAME.csv (columns series, x, y and, with intervals, half).
/// Lines, or blocks of images, of which x is the value's place and y the value.
struct Figure {
  std::string name, caption, x_label, y_label;
  std::vector<Line> lines;
  bool log_x = false, log_y = false;
  std::vector<std::string> ticks{};  ///< names of x = 0, 1, ...; empty: numbers
  bool bars = false;                 ///< bars side by side at the ticks instead of curves
  std::vector<Tiles> tiles{};        ///< in place of lines
};

/// Runs a gnuplot script that writes `svg`. Throws InputError where that fails.
void run_gnuplot(const std::string& script, const std::filesystem::path& svg);
/// The head of such a script: terminal, output, fonts, labels.
std::string gnuplot_head(const std::filesystem::path& svg, const std::string& x_label,
                         const std::string& y_label);
/// Names of the axis ("x" or "y") at 0, 1, ...
std::string gnuplot_ticks(const std::string& axis, const std::vector<std::string>& names);
/// Draws the figure, lines with gnuplot. Throws InputError where that fails.
void draw(const Figure&, const std::filesystem::path& svg);
std::string csv(const Figure&);

}  // namespace apical::tools
