// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tools/report/figure.hpp"
#include "tools/study/statistics.hpp"

namespace apical::tools {

/// Two axes against each other, the mean score as colour and in figures.
struct HeatMap {
  std::string name, caption, x_label, y_label;
  std::vector<std::string> columns, rows;
  std::vector<std::vector<Estimate>> cells;  ///< [row][column]
};
/// Draws it with gnuplot. Throws InputError where that fails.
void draw(const HeatMap&, const std::filesystem::path& svg, model::Measure);
/// Columns x, y, mean, half, count, missing.
std::string csv(const HeatMap&);

/// Curves of a design: grids along their first axis that has sizes, a curve per value of the second axis and
/// a figure per setting of the others; other designs as points along every axis.
std::vector<Figure> curves(const Study&, const Scores&, std::size_t design);
/// Heat maps of the same pairs of axes; none for fewer than two axes and for other designs.
std::vector<HeatMap> heat_maps(const Study&, const Scores&, std::size_t design);

}  // namespace apical::tools
