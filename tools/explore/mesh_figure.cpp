// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/elementary.hpp"
#include "tools/explore/mesh.hpp"
#include "tools/report/svg.hpp"

namespace apical::tools {
namespace {

constexpr const char* style =
    "<style>text{font:12px sans-serif;fill:#333}.grid{stroke:#ddd}.golden{stroke:#c8910a;fill:none}"
    ".emulator{stroke:#2a6fb0;fill:none}circle.golden{fill:#c8910a}circle.emulator{fill:#2a6fb0}</style>";

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

// From white to `deep` (red, green, blue) as share goes from 0 to 1.
std::string shade(double share, const int (&deep)[3]) {
  std::string color = "#";
  for (const int full : deep)
    color += fmt::format("{:02x}",
                         static_cast<int>(std::lround(255 - std::clamp(share, 0.0, 1.0) * (255 - full))));
  return color;
}

constexpr int of_cores[3] = {20, 80, 150}, of_links[3] = {190, 30, 20};

std::string joined(const std::vector<int>& values) {
  std::string text;
  for (const int value : values) text += fmt::format("{}{}", text.empty() ? "" : "-", value);
  return text;
}

const char* direction_name(std::size_t d) {
  constexpr const char* names[] = {"east", "west", "south", "north"};
  return names[d];
}

}  // namespace

std::string mesh_figure(const MeshMeasurement& m) {
  const double cell = std::clamp(640.0 / m.columns, 8.0, 60.0), core = 0.6 * cell, head = 44;
  double heaviest = 1e-9, fullest = 1e-9;
  for (const auto& links : m.link_load)
    for (const double load : links) heaviest = std::max(heaviest, load);
  for (const double load : m.load) fullest = std::max(fullest, load);
  const double width = std::max(560.0, m.columns * cell + 20), height = m.rows * cell + head + 20;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\">{}<rect width=\"100%\" "
      "height=\"100%\" fill=\"white\"/><text x=\"10\" y=\"16\">{}: {} on {} cores</text><text x=\"10\" "
      "y=\"33\">"
      "blue: share of clocks in operations, up to {:.0f}%; red: packets a clock on a link, up to "
      "{:.3f}</text>",
      width, height, style, escaped(m.equal ? "bits of one core" : "other bits than one core"),
      joined(m.layers), m.cores, 100.0 * fullest, heaviest);
  for (int i = 0; i < m.columns * m.rows; ++i) {
    const int column = i % m.columns, row = i / m.columns;
    const double x = 10 + (column + 0.5) * cell, y = head + (row + 0.5) * cell;
    constexpr double dx[] = {1, -1, 0, 0}, dy[] = {0, 0, 1, -1};
    for (std::size_t d = 0; d < 4; ++d) {
      const double load = m.link_load[at(i)][d];
      if (load <= 0.0) continue;
      // Both directions of a link side by side.
      const double side = 0.12 * cell, ox = -dy[d] * side, oy = dx[d] * side;
      svg += fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
          "stroke-width=\"{:.1f}\">"
          "<title>{}: {:.4f} packets a clock</title></line>",
          x + ox + dx[d] * core / 2, y + oy + dy[d] * core / 2, x + ox + dx[d] * (cell - core / 2),
          y + oy + dy[d] * (cell - core / 2), shade(0.1 + 0.9 * load / heaviest, of_links),
          std::max(1.0, 0.16 * cell), direction_name(d), load);
    }
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\" stroke=\"#888\" "
        "stroke-width=\"0.5\"><title>core {}: {:.1f}% busy, {:.1f} KiB</title></rect>",
        x - core / 2, y - core / 2, core, core, shade(m.load[at(i)] / fullest, of_cores), i,
        100.0 * m.load[at(i)], static_cast<double>(m.memory_bits[at(i)]) / 8192.0);
  }
  return svg + "</svg>\n";
}

std::string scaling_figure(const std::vector<MeshMeasurement>& same,
                           const std::vector<MeshMeasurement>& largest, double megahertz) {
  std::vector<Curve> curves;
  const auto add = [&](const std::string& name, const char* color, const std::vector<MeshMeasurement>& all) {
    Curve curve{name, color, {}};
    for (const MeshMeasurement& m : all)
      if (m.does_not_fit.empty())
        curve.points.emplace_back(model::log2(m.cores), model::log10(m.ticks_per_second(megahertz)));
    curves.push_back(curve);
  };
  add("same network", "emulator", same);
  add("largest network", "golden", largest);
  std::string svg = line_chart(curves, "log2 of cores; blue: the same network, gold: the largest that fits",
                               "log10 of ticks per second");
  // On its own it needs a namespace, and quotes around every attribute.
  std::string quoted;
  bool in_tag = false, in_quotes = false;
  for (std::size_t i = 0; i < svg.size(); ++i) {
    const char c = svg[i];
    if (c == '"') in_quotes = !in_quotes;
    if (!in_quotes && c == '<') in_tag = true;
    quoted += c;
    if (in_tag && !in_quotes && c == '=' && svg[i + 1] != '"') {
      quoted += '"';
      while (svg[i + 1] != ' ' && svg[i + 1] != '>' && !(svg[i + 1] == '/' && svg[i + 2] == '>'))
        quoted += svg[++i];
      quoted += '"';
    }
    if (!in_quotes && c == '>') in_tag = false;
  }
  return quoted.replace(0, 4, "<svg xmlns=\"http://www.w3.org/2000/svg\"")
             .insert(quoted.find('>') + 1, style) +
         "\n";
}

std::string cores_csv(const MeshMeasurement& m) {
  std::string csv = "core,x,y,memory_bits,load\n";
  for (int i = 0; i < m.columns * m.rows; ++i)
    csv += fmt::format("{},{},{},{},{:.6f}\n", i, i % m.columns, i / m.columns, m.memory_bits[at(i)],
                       m.load[at(i)]);
  return csv;
}

std::string links_csv(const MeshMeasurement& m) {
  std::string csv = "core,x,y,direction,packets_per_clock,packets_per_tick\n";
  for (int i = 0; i < m.columns * m.rows; ++i)
    for (std::size_t d = 0; d < m.link_load[at(i)].size(); ++d)
      csv += fmt::format("{},{},{},{},{:.6f},{:.2f}\n", i, i % m.columns, i / m.columns, direction_name(d),
                         m.link_load[at(i)][d], m.link_load[at(i)][d] * m.clocks);
  return csv;
}

std::string scaling_csv(const std::vector<MeshMeasurement>& same, const std::vector<MeshMeasurement>& largest,
                        double megahertz) {
  std::string csv =
      "network,layers,cores,synapses,clocks_per_tick,ticks_per_second,synapses_per_second,packets_per_tick,"
      "hops_per_tick,core_pj_per_tick,network_pj_per_tick,equal\n";
  const auto add = [&](const char* name, const std::vector<MeshMeasurement>& all) {
    for (const MeshMeasurement& m : all) {
      if (!m.does_not_fit.empty()) continue;
      const double rate = m.ticks_per_second(megahertz);
      csv += fmt::format("{},{},{},{},{:.1f},{:.2f},{:.4g},{:.1f},{:.1f},{:.1f},{:.1f},{}\n", name,
                         joined(m.layers), m.cores, m.synapses, m.clocks, rate,
                         rate * static_cast<double>(m.synapses), m.packets, m.hops, m.core_energy.total(),
                         m.network_energy, m.equal ? 1 : 0);
    }
  };
  add("same", same);
  add("largest", largest);
  return csv;
}

}  // namespace apical::tools
