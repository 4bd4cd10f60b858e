// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace apical::tools {

/// Text with &, <, > and quotes made safe for HTML.
std::string escaped(const std::string& text);

/// One curve of a chart; `style` is the CSS class that gives its colour ("golden", "emulator").
struct Curve {
  std::string name, style;
  std::vector<std::pair<double, double>> points;
};

/// A line chart with axes; points that aren't finite are left out.
std::string line_chart(const std::vector<Curve>& curves, const std::string& x_label,
                       const std::string& y_label);

/// A histogram of one or two samples; values that aren't finite are left out. Vertical rules mark the limits
/// of a format and a bar the width of its LSB (none when low == high).
struct Sample1D {
  std::string name, style;
  const std::vector<double>* values;
};
std::string histogram(const std::vector<Sample1D>& samples, double format_low, double format_high, double lsb,
                      const std::string& caption);

/// Counts as tiny bars in one line of text height.
std::string sparkline(const std::vector<std::uint64_t>& counts);

/// Images (values row by row, each scaled to its own largest magnitude; blue negative, red positive) side by
/// side as one PNG in a data URI, wide × high pixels.
struct ImageUri {
  std::string uri;
  int wide = 0, high = 0;
};
ImageUri image_uri(const std::vector<std::vector<double>>& images, int rows, int columns, int per_line);

/// The same as an HTML figure, every pixel `zoom` pixels wide.
std::string image_grid(const std::vector<std::vector<double>>& images, int rows, int columns, int per_line,
                       int zoom, const std::string& caption);

}  // namespace apical::tools
