// SPDX-License-Identifier: Apache-2.0
#include "tools/report/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/elementary.hpp"

namespace apical::tools {
namespace {

constexpr double left = 52, right = 12, top = 12, bottom = 40;

// Round numbers between low and high, about `count` of them.
std::vector<double> round_steps(double low, double high, int count) {
  const double raw = (high - low) / count;
  const double power = model::pow(10.0, std::floor(model::log10(raw)));
  const double factor = raw / power < 1.5 ? 1.0 : raw / power < 3.5 ? 2.0 : raw / power < 7.5 ? 5.0 : 10.0;
  const double step = factor * power;
  std::vector<double> steps;
  const double last = std::floor(high / step + 1e-9);
  for (auto i = static_cast<long>(std::ceil(low / step)); static_cast<double>(i) <= last; ++i)
    steps.push_back(static_cast<double>(i) * step);
  return steps;
}

// Maps data to the plotting area.
struct Frame {
  double width, height;  ///< of the picture, px
  double x_low, x_high, y_low, y_high;
  double x(double v) const { return left + (v - x_low) / (x_high - x_low) * (width - left - right); }
  double y(double v) const {
    return height - bottom - (v - y_low) / (y_high - y_low) * (height - top - bottom);
  }

  std::string axes(const std::string& x_label, const std::string& y_label) const {
    std::string svg;
    for (const double v : round_steps(y_low, y_high, 5))
      svg += fmt::format(
          "<line class=grid x1={:.1f} x2={:.1f} y1={:.1f} y2={:.1f} /><text x={:.1f} y={:.1f} "
          "text-anchor=end>{:g}</text>",
          left, width - right, y(v), y(v), left - 6, y(v) + 4, v);
    for (const double v : round_steps(x_low, x_high, 6))
      svg += fmt::format("<text x={:.1f} y={:.1f} text-anchor=middle>{:g}</text>", x(v), height - bottom + 16,
                         v);
    svg += fmt::format("<text x={:.1f} y={:.1f} text-anchor=middle>{}</text>", (left + width - right) / 2,
                       height - 6, escaped(x_label));
    svg += fmt::format("<text transform=\"translate(12 {:.1f}) rotate(-90)\" text-anchor=middle>{}</text>",
                       (top + height - bottom) / 2, escaped(y_label));
    return svg;
  }

  std::string open(const std::string& title) const {
    return fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=img aria-label=\"{}\">", width, height,
                       escaped(title));
  }
};

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  return safe;
}

std::string line_chart(const std::vector<Curve>& curves, const std::string& x_label,
                       const std::string& y_label) {
  Frame f{720, 270, 0.0, 0.0, 1e300, -1e300};
  for (const Curve& c : curves)
    for (const auto& [x, y] : c.points) {
      if (!std::isfinite(y)) continue;
      f.x_high = std::max(f.x_high, x);
      f.y_low = std::min(f.y_low, y);
      f.y_high = std::max(f.y_high, y);
    }
  if (f.y_low > f.y_high) return "<p>nothing was tested</p>";
  if (f.x_high <= 0.0) f.x_high = 1.0;
  const double margin = std::max(0.06 * (f.y_high - f.y_low), 1e-6 + 1e-3 * std::abs(f.y_high));
  f.y_low -= margin;
  f.y_high += margin;
  std::string svg = f.open(y_label) + f.axes(x_label, y_label);
  for (const Curve& c : curves) {
    std::string points;
    for (const auto& [x, y] : c.points)
      if (std::isfinite(y)) points += fmt::format("{:.1f},{:.1f} ", f.x(x), f.y(y));
    svg += fmt::format("<polyline class=\"{}\" points=\"{}\"/>", c.style, points);
    for (const auto& [x, y] : c.points)
      if (std::isfinite(y))
        svg +=
            fmt::format("<circle class={} cx={:.1f} cy={:.1f} r=2.5><title>{}: {:g} at {:g}</title></circle>",
                        c.style, f.x(x), f.y(y), escaped(c.name), y, x);
  }
  return svg + "</svg>";
}

std::string histogram(const std::vector<Sample1D>& samples, double format_low, double format_high, double lsb,
                      const std::string& caption) {
  constexpr int bins = 80;
  double low = 1e300, high = -1e300;
  for (const Sample1D& s : samples)
    for (const double v : *s.values) {
      if (!std::isfinite(v)) continue;
      low = std::min(low, v);
      high = std::max(high, v);
    }
  if (low > high) return "";
  if (format_low < format_high) {
    // The format's limits are shown unless they would squeeze the data into a corner.
    if (format_high < 4 * std::max(std::abs(high), std::abs(low))) high = std::max(high, format_high);
    if (-format_low < 4 * std::max(std::abs(high), std::abs(low))) low = std::min(low, format_low);
  }
  if (high - low < 1e-12) high = low + 1e-12 + 1e-3 * std::abs(low);
  std::vector<std::vector<double>> share(samples.size(), std::vector<double>(bins, 0.0));
  double tallest = 0.0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (const double v : *samples[i].values)
      if (std::isfinite(v))
        share[i][static_cast<std::size_t>(std::clamp((v - low) / (high - low) * bins, 0.0, bins - 1.0))] +=
            100.0 / static_cast<double>(samples[i].values->size());
    tallest = std::max(tallest, *std::max_element(share[i].begin(), share[i].end()));
  }
  const Frame f{460, 230, low, high, 0.0, 1.05 * tallest};
  std::string svg = f.open(caption) + f.axes(caption, "%");
  for (std::size_t i = 0; i < samples.size(); ++i) {
    std::string points = fmt::format("{:.1f},{:.1f} ", f.x(low), f.y(0));
    for (int b = 0; b < bins; ++b) {
      const double y = f.y(share[i][static_cast<std::size_t>(b)]);
      points += fmt::format("{:.1f},{:.1f} {:.1f},{:.1f} ", f.x(low + (high - low) * b / bins), y,
                            f.x(low + (high - low) * (b + 1) / bins), y);
    }
    svg += fmt::format("<polyline class=\"{}\" points=\"{}{:.1f},{:.1f}\"/>", samples[i].style, points,
                       f.x(high), f.y(0));
  }
  for (const double limit : {format_low, format_high})
    if (format_low < format_high && limit >= low && limit <= high)
      svg += fmt::format(
          "<line class=limit x1={0:.1f} x2={0:.1f} y1={1:.1f} y2={2:.1f}><title>limit of the format: "
          "{3:g}</title></line>",
          f.x(limit), top, f.height - bottom, limit);
  if (format_low < format_high) {
    const double middle = 0.5 * (low + high);
    const double length = std::clamp(f.x(low + lsb) - f.x(low), 1.0, f.width - left - right);
    svg += fmt::format(
        "<line class=lsb x1={:.1f} x2={:.1f} y1={:.1f} y2={:.1f}><title>one LSB: {:g}</title></line>",
        f.x(middle) - length / 2, f.x(middle) + length / 2, top, top, lsb);
  }
  return svg + "</svg>";
}

std::string sparkline(const std::vector<std::uint64_t>& counts) {
  if (counts.empty()) return "";
  const double tallest =
      static_cast<double>(std::max<std::uint64_t>(1, *std::max_element(counts.begin(), counts.end())));
  std::string svg = fmt::format("<svg class=spark viewBox=\"0 0 {} 18\" style=\"width:{}px\">",
                                5 * counts.size(), 5 * counts.size());
  for (std::size_t b = 0; b < counts.size(); ++b) {
    const double h = counts[b] == 0 ? 0.0 : std::max(1.0, 18.0 * static_cast<double>(counts[b]) / tallest);
    svg += fmt::format("<rect x={} y={:.1f} width=4 height={:.1f}><title>{} bits: {}</title></rect>", 5 * b,
                       18.0 - h, h, b, counts[b]);
  }
  return svg + "</svg>";
}

}  // namespace apical::tools
