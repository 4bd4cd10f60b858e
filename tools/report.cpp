#include "tools/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/svg.hpp"

namespace apical::tools {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; --ink: #1d232b; --soft: #66707c; --line: #d9dee4; --paper: #fff; --golden: #b8860b; --emulator: #0b6bb8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #98a2ae; --line: #39424d; --paper: #14181d; --golden: #e3b341; --emulator: #58a6ff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } .soft, figcaption { color: var(--soft); font-size: .9rem; }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.2rem 0; } .card { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1.2rem; min-width: 12rem; }
.card b { display: block; font-size: 2rem; line-height: 1.2; } .card.golden b { color: var(--golden); } .card.emulator b { color: var(--emulator); }
.grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); } svg .grid { stroke: var(--line); }
polyline { fill: none; stroke-width: 1.8; } polyline.golden { stroke: var(--golden); } polyline.emulator { stroke: var(--emulator); }
circle.golden { fill: var(--golden); } circle.emulator { fill: var(--emulator); } .limit { stroke: #c0392b; stroke-dasharray: 4 3; }
svg.spark { height: 18px; } svg.spark rect { fill: var(--emulator); }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; white-space: nowrap; } th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } td:first-child, th:first-child, td.text { text-align: left; } .warn { color: #c0392b; }
figure { margin: 0; } img { max-width: 100%; image-rendering: pixelated; border: 1px solid var(--line); } pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; padding: 1rem; font-size: .85rem; }
)";

std::string score_text(const RunResult& r) {
  return r.classification ? fmt::format("{:.2f}%", 100.0 * r.score) : fmt::format("{:.3g}", r.score);
}

std::string cards(const RunOutcome& outcome) {
  std::string html = "<div class=cards>";
  for (const RunResult& r : outcome.results)
    html += fmt::format(
        "<div class=\"card {0}\">{0}<b>{1}</b><span class=soft>{2} after {3} ticks, {4:.1f} s, {5:.0f} "
        "ticks/s</span></div>",
        r.machine, score_text(r), r.classification ? "test accuracy" : "test error (mse)", r.ticks,
        r.wall_seconds, r.wall_seconds > 0 ? static_cast<double>(r.ticks) / r.wall_seconds : 0.0);
  return html + "</div>";
}

std::string curves(const RunOutcome& outcome) {
  std::vector<Curve> all;
  for (const RunResult& r : outcome.results) {
    Curve c{r.machine, r.machine, {}};
    for (const CurvePoint& p : r.curve)
      c.points.emplace_back(static_cast<double>(p.ticks) / 1000.0,
                            r.classification ? 100.0 * p.score : p.score);
    all.push_back(std::move(c));
  }
  return line_chart(all, "training, thousand ticks",
                    outcome.results[0].classification ? "test accuracy, %" : "test error, mse");
}

// Limits of a format in real units; equal when there is none.
std::pair<double, double> limits(const Config& config, const RunOutcome& outcome, const std::string& signal,
                                 int layer) {
  if (outcome.results.back().machine == "golden") return {0.0, 0.0};
  const fixedpoint::Format& f = config.formats.at(signal, layer);
  return {f.value(f.minimum_raw()), f.value(f.maximum_raw())};
}

std::string histograms(const Config& config, const RunOutcome& outcome) {
  std::string html = "<div class=grid2>";
  const int depth = static_cast<int>(config.network.layers.size()) - 1;
  for (int k = 1; k <= depth; ++k)
    for (const char* signal : {"weight", "u"}) {
      std::vector<Sample1D> samples;
      for (const RunResult& r : outcome.results)
        samples.push_back({r.machine, r.machine,
                           signal[0] == 'w' ? &r.weights[static_cast<std::size_t>(k - 1)]
                                            : &r.voltages[static_cast<std::size_t>(k - 1)]});
      const auto [low, high] = limits(config, outcome, signal, k);
      std::string caption = fmt::format("{} of layer {}", signal[0] == 'w' ? "weights" : "voltages u", k);
      if (low < high)
        caption +=
            fmt::format(", format {:g}..{:g}, LSB {:g}", low, high, config.formats.at(signal, k).lsb());
      html += fmt::format("<div>{}</div>", histogram(samples, low, high, caption));
    }
  return html + "</div>";
}

std::string fields(const Config& config, const RunOutcome& outcome) {
  const auto [rows, columns] = outcome.image;
  if (rows == 0) return "";
  std::string html =
      "<h2>Receptive fields of the first layer</h2><p class=soft>Red excites, blue inhibits; each unit on "
      "its own scale.</p><div class=grid2>";
  const auto stride = static_cast<std::size_t>(rows * columns + (config.network.bias ? 1 : 0));
  for (const RunResult& r : outcome.results) {
    std::vector<std::vector<double>> images;
    for (std::size_t unit = 0; unit < std::min<std::size_t>(64, r.weights[0].size() / stride); ++unit) {
      const auto first = r.weights[0].begin() + static_cast<std::ptrdiff_t>(unit * stride);
      images.emplace_back(first, first + rows * columns);
    }
    html += image_grid(images, rows, columns, 8, rows > 16 ? 2 : 5, r.machine);
  }
  return html + "</div>";
}

// What the figures mean for a designer.
std::string needed(const sim::SignalStatistics& s) {
  if (s.resolution == 0.0 || s.count == 0) return "";
  const double largest = std::max(std::abs(s.minimum), std::abs(s.maximum));
  if (largest == 0.0) return "never moved";
  const int whole = largest < s.resolution ? 0 : static_cast<int>(std::floor(std::log2(largest))) + 1;
  std::string text = fmt::format("within ±2<sup>{}</sup>", whole);
  if (s.saturated * 1000 > s.count) return text + ", <span class=warn>saturates: more integer bits</span>";
  if (s.rounded_to_zero * 2 > s.count)
    return text + ", mostly rounds to 0: more fraction bits, or stochastic rounding";
  return text;
}

std::string signal_table(const RunResult& r) {
  std::string html = fmt::format(
      "<h3 class=soft>{}</h3><div "
      "class=table><table><tr><th>signal<th>format<th>min<th>max<th>saturated<th>rounded to 0<th>bits "
      "used<th>what it needed</tr>",
      r.machine);
  const auto share = [](std::uint64_t part, std::uint64_t all) {
    return all == 0 || part == 0
               ? std::string("0")
               : fmt::format("{:.2g}%", 100.0 * static_cast<double>(part) / static_cast<double>(all));
  };
  for (const sim::SignalStatistics& s : r.signals) {
    html += fmt::format(
        "<tr><td>{} {}<td class=text>{}<td>{:.4g}<td>{:.4g}<td{}>{}<td>{}<td class=text>{}<td "
        "class=text>{}</tr>",
        s.signal, s.layer, s.format, s.minimum, s.maximum, s.saturated * 1000 > s.count ? " class=warn" : "",
        s.resolution == 0 ? "" : share(s.saturated, s.count),
        s.resolution == 0 ? "" : share(s.rounded_to_zero, s.count), sparkline(s.used_bits), needed(s));
  }
  return html + "</table></div>";
}

}  // namespace

std::string report(const Config& config, const RunOutcome& outcome) {
  std::string html = fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width, "
      "initial-scale=1\"><title>apical: {0}</title><style>{1}</style><h1>{0}</h1><p class=soft>{2} learnt by "
      "a network of {3} units, {4} flow, every tick, never switched off. Configuration digest {5}.</p>",
      escaped(config.source), style, escaped(config.task.kind),
      fmt::format("{}", fmt::join(config.network.layers, "-")), config.network.flow, digest(config));
  html += cards(outcome);
  for (const RunResult& r : outcome.results)
    if (!r.trouble.empty()) html += fmt::format("<p class=warn>{}: {}</p>", r.machine, escaped(r.trouble));
  for (const std::string& note : outcome.notes) html += fmt::format("<p class=warn>{}</p>", escaped(note));
  html += "<h2>Learning</h2>" + curves(outcome);
  html +=
      "<h2>Weights and voltages against their formats</h2><p class=soft>Dashed red: limits of the "
      "format.</p>" +
      histograms(config, outcome);
  html += fields(config, outcome);
  html += "<h2>What each signal needed</h2>";
  for (auto r = outcome.results.rbegin(); r != outcome.results.rend(); ++r) html += signal_table(*r);
  html += fmt::format(
      "<h2>Configuration</h2><pre>{}</pre><details><summary>All effective "
      "keys</summary><pre>{}</pre></details></html>\n",
      escaped(config.text), escaped(canonical(config)));
  return html;
}

}  // namespace apical::tools
