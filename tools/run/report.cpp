// SPDX-License-Identifier: Apache-2.0
#include "tools/run/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "fixedpoint/emulator/signal_statistics.hpp"
#include "model/elementary.hpp"
#include "tools/report/svg.hpp"
#include "tools/report/version.hpp"

namespace apical::tools {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; --ink: #1d232b; --soft: #66707c; --line: #d9dee4; --paper: #fff; --golden: #b8860b; --emulator: #0b6bb8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #98a2ae; --line: #39424d; --paper: #14181d; --golden: #e3b341; --emulator: #58a6ff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } .soft, figcaption { color: var(--soft); font-size: .9rem; }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.2rem 0; } .card { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1.2rem; min-width: 12rem; }
.card b { display: block; font-size: 2rem; line-height: 1.2; } .card.golden b { color: var(--golden); } .card.emulator b { color: var(--emulator); }
.grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); } svg .grid { stroke: var(--line); }
polyline { fill: none; stroke-width: 1.8; } .learning { stroke-dasharray: 5 4; } polyline.golden { stroke: var(--golden); } polyline.emulator { stroke: var(--emulator); }
circle.golden { fill: var(--golden); } circle.emulator { fill: var(--emulator); } .limit { stroke: #c0392b; stroke-dasharray: 4 3; } .lsb { stroke: #c0392b; stroke-width: 4; }
.legend { margin: .3rem 0; font-size: .9rem; } .legend span { margin-right: 1.2rem; } .legend span::before { content: ""; display: inline-block; width: 1.4em; height: 3px; margin-right: .4em; vertical-align: middle; background: currentColor; } .legend .golden { color: var(--golden); } .legend .emulator { color: var(--emulator); }
svg.spark { height: 18px; } svg.spark rect { fill: var(--emulator); }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: .82rem; line-height: 1.35; white-space: nowrap; } th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } td:first-child, th:first-child, .text { text-align: left; } td { font-variant-numeric: tabular-nums; } td.wrap { text-align: left; white-space: normal; min-width: 9.5rem; } .warn { color: #c0392b; }
figure { margin: 0; } img { max-width: 100%; image-rendering: pixelated; border: 1px solid var(--line); } pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; padding: 1rem; font-size: .85rem; }
)";

constexpr double notable = 1e-3;  // share of saturated results that is worth a warning

const char* measure(const RunResult& r) {
  return r.classification ? "test accuracy" : "test error (mse)";
}

std::string cards(const Config& config, const RunOutcome& outcome) {
  std::string html = "<div class=cards>";
  for (const RunResult& r : outcome.results)
    html += fmt::format(
        "<div class=\"card {0}\">{0}<b>{1}</b><span class=soft>{2}{7}{6}, {3} ticks in {4:.1f} s, {5:.0f} "
        "ticks/s</span></div>",
        r.machine, score_text(r), measure(r), r.ticks, r.wall_seconds,
        r.wall_seconds > 0 ? static_cast<double>(r.ticks) / r.wall_seconds : 0.0,
        config.test_learning ? " on frozen weights; with learning on " + learning_score_text(r) +
                                   interval_text(r, r.score_learning)
                             : "",
        interval_text(r, r.score));
  const RunResult &first = outcome.results.front(), &last = outcome.results.back();
  if (outcome.results.size() > 1 && std::isfinite(first.score) && std::isfinite(last.score))
    html +=
        fmt::format("<div class=card>difference<b>{}</b><span class=soft>{} minus {}</span></div>",
                    first.classification ? fmt::format("{:+.2f} points", 100.0 * (last.score - first.score))
                                         : fmt::format("{:+.3g}", last.score - first.score),
                    last.machine, first.machine);
  return html + "</div>";
}

// On what was tested, and how often: who chooses by a score has used the data up.
std::string tests_text(const Config& config, const RunOutcome& outcome) {
  const std::size_t looks = outcome.results.back().curve.size();
  return fmt::format(
      "<p class=soft>{} In brackets 95 % intervals over digits (Wilson), of this one network.</p>",
      config.task.test_on == model::TestOn::test
          ? fmt::format("Tested on the test data, {} times in this run.", looks)
          : "Tested on validation data; the test data were not looked at.");
}

std::string legend(const RunOutcome& outcome) {
  std::string html = "<p class=legend>";
  for (const RunResult& r : outcome.results) html += fmt::format("<span class={0}>{0}</span>", r.machine);
  return html + "</p>";
}

std::string curves(const Config& config, const RunOutcome& outcome) {
  std::vector<Curve> all;
  for (const RunResult& r : outcome.results) {
    Curve c{r.machine, r.machine, {}}, learning{r.machine + ", learning on", r.machine + " learning", {}};
    for (const CurvePoint& p : r.curve) {
      const double ticks = static_cast<double>(p.ticks) / 1000.0, scale = r.classification ? 100.0 : 1.0;
      c.points.emplace_back(ticks, scale * p.score);
      if (config.test_learning) learning.points.emplace_back(ticks, scale * p.score_learning);
    }
    all.push_back(std::move(c));
    if (config.test_learning) all.push_back(std::move(learning));
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

// All weights into a layer.
std::vector<double> weights_into(const Config& config, const RunResult& r, int layer) {
  std::vector<double> all;
  const auto pairs =
      model::listed(config.network.connections, static_cast<int>(config.network.layers.size()));
  for (std::size_t c = 0; c < pairs.size(); ++c)
    if (pairs[c].second == layer) all.insert(all.end(), r.weights[c].begin(), r.weights[c].end());
  return all;
}

std::string histograms(const Config& config, const RunOutcome& outcome) {
  std::string html = "<div class=grid2>";
  const int depth = static_cast<int>(config.network.layers.size()) - 1;
  for (int k = 1; k <= depth; ++k)
    for (const char* signal : {"weight", "u"}) {
      std::vector<Sample1D> samples;
      std::vector<std::vector<double>> values;
      for (const RunResult& r : outcome.results)
        values.push_back(signal[0] == 'w' ? weights_into(config, r, k)
                                          : r.voltages[static_cast<std::size_t>(k - 1)]);
      for (std::size_t i = 0; i < values.size(); ++i)
        samples.push_back({outcome.results[i].machine, outcome.results[i].machine, &values[i]});
      const auto [low, high] = limits(config, outcome, signal, k);
      const double lsb = low < high ? config.formats.at(signal, k).lsb() : 0.0;
      std::string caption = fmt::format("{} of layer {}", signal[0] == 'w' ? "weights" : "voltages u", k);
      if (low < high) caption += fmt::format("; format {:g}..{:g}, LSB {:g}", low, high, lsb);
      html += fmt::format("<div>{}</div>", histogram(samples, low, high, lsb, caption));
    }
  return html + "</div>";
}

std::string fields(const Config& config, const RunOutcome& outcome) {
  const auto [rows, columns] = outcome.image;
  const auto& network = config.network;
  if (rows == 0 ||
      model::listed(network.connections, static_cast<int>(network.layers.size())).front().first != 0)
    return "";
  std::string html =
      "<h2>Receptive fields of the first layer</h2><p class=soft>Red excites, blue inhibits; each unit on "
      "its own scale.</p><div class=grid2>";
  const auto pixels = std::ptrdiff_t{rows} * columns;
  const auto stride = static_cast<std::size_t>(pixels) + (config.network.bias ? 1 : 0);
  for (const RunResult& r : outcome.results) {
    std::vector<std::vector<double>> images;
    for (std::size_t unit = 0; unit < std::min<std::size_t>(64, r.weights[0].size() / stride); ++unit) {
      const auto first = r.weights[0].begin() + static_cast<std::ptrdiff_t>(unit * stride);
      images.emplace_back(first, first + pixels);
    }
    html += image_grid(images, rows, columns, 8, rows > 16 ? 2 : 5, r.machine);
  }
  return html + "</div>";
}

// Bits that hold every value the signal took, the sign included where the format has one.
int bits_taken(const sim::SignalStatistics& s, bool is_signed) {
  const auto raw = [&](double value) {
    return static_cast<std::int64_t>(std::llround(value / s.resolution));
  };
  const int bits = std::max(fixedpoint::used_bits(raw(s.minimum)), fixedpoint::used_bits(raw(s.maximum)));
  return is_signed ? bits : std::max(bits - 1, 0);
}

// What the figures mean for a designer.
std::string needed(const sim::SignalStatistics& s, const fixedpoint::Format& format) {
  if (s.count == 0) return "not used";
  if (s.minimum == 0.0 && s.maximum == 0.0 && s.rounded_to_zero == 0) return "stayed 0";
  const int taken = bits_taken(s, format.is_signed);
  const int frac = -static_cast<int>(std::lround(model::log2(s.resolution)));
  std::string text = fmt::format("{} of {} bits", taken, format.bits);
  const auto share = [&](std::uint64_t part) {
    return static_cast<double>(part) / static_cast<double>(s.count);
  };
  if (share(s.saturated) > notable)
    text += fmt::format("; <span class=warn>saturates: frac {} or less, or more bits</span>", frac - 1);
  else if (s.saturated == 0 && taken < format.bits)
    text += fmt::format("; {} fewer, or frac {}, hold it", format.bits - taken, frac + format.bits - taken);
  if (share(s.rounded_to_zero) > 0.5)
    text += format.rounding == fixedpoint::Rounding::stochastic
                ? "; most results are below an LSB: stochastic rounding carries them"
                : "; <span class=warn>most results round to 0: more fraction bits, or STOCHASTIC</span>";
  return text;
}

std::string range_of(const sim::SignalStatistics& s) {
  return s.count == 0 ? "" : fmt::format("{:.4g} .. {:.4g}", s.minimum, s.maximum);
}

std::string share_of(std::uint64_t part, std::uint64_t all) {
  if (all == 0 || part == 0) return "0";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(all);
  return percent >= 1.0 ? fmt::format("{:.0f}%", percent) : fmt::format("{:.1g}%", percent);
}

// One row per signal and layer: what the formats of the emulator met, and the golden model's range beside it.
std::string signal_table(const Config& config, const RunOutcome& outcome) {
  const RunResult& last = outcome.results.back();
  const bool fixed = last.machine != "golden";
  const RunResult* golden = outcome.results.front().machine == "golden" ? &outcome.results.front() : nullptr;
  std::string html = "<div class=table><table><tr><th>signal<th>layer";
  if (fixed) html += "<th class=text>format<th>range";
  if (golden != nullptr) html += "<th>golden range";
  if (fixed) html += "<th>saturated<th>rounded to 0<th class=text>bits used<th class=text>needed";
  for (const sim::SignalStatistics& s : last.signals) {
    html += fmt::format("<tr><td>{}<td>{}", s.signal,
                        s.population.empty() ? std::to_string(s.layer) : s.population);
    if (fixed) html += fmt::format("<td class=wrap>{}<td>{}", s.format, range_of(s));
    if (golden != nullptr) {
      const auto same = std::find_if(golden->signals.begin(), golden->signals.end(), [&](const auto& g) {
        return g.signal == s.signal && g.layer == s.layer;
      });
      html += fmt::format("<td>{}", same == golden->signals.end() ? "" : range_of(*same));
    }
    if (!fixed) continue;
    const bool notably = static_cast<double>(s.saturated) > notable * static_cast<double>(s.count);
    html += fmt::format("<td{}>{}<td>{}<td class=text>{}<td class=wrap>{}", notably ? " class=warn" : "",
                        share_of(s.saturated, s.count), share_of(s.rounded_to_zero, s.count),
                        sparkline(s.used_bits),
                        needed(s, config.formats.at(s.signal.substr(0, s.signal.find(' ')), s.layer)));
  }
  return html + "</table></div>";
}

}  // namespace

std::string report(const Config& config, const RunOutcome& outcome) {
  std::string html = fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width, "
      "initial-scale=1\"><title>apical: {0}</title><style>{1}</style><h1>{0}</h1><p class=soft>{2} learnt by "
      "a network of {3} units, {4} flow, {6}. Configuration digest {5}.</p>",
      escaped(std::filesystem::path(config.source).stem().string()), style, name_of(config.task.kind),
      fmt::format("{}", fmt::join(config.network.layers, "-")), name_of(config.network.flow), digest(config),
      config.network.learning ? "learning in every tick, tests on frozen weights" : "learning off");
  html += cards(config, outcome);
  html += tests_text(config, outcome);
  for (const RunResult& r : outcome.results)
    if (r.interrupted) html += fmt::format("<p class=warn>{}: {}</p>", r.machine, interruption_text(r));
  for (const RunResult& r : outcome.results)
    if (!r.trouble.empty()) html += fmt::format("<p class=warn>{}: {}</p>", r.machine, escaped(r.trouble));
  for (const RunResult& r : outcome.results)
    if (r.core.lanes > 0)
      html += fmt::format(
          "<p>{}: {} MAC lanes, busy in {:.1f}% of the clocks of its ticks; {:.0f} clocks a tick. Counted by "
          "the "
          "core, tests included.</p>",
          r.machine, r.core.lanes, 100.0 * lanes_busy(r.core),
          static_cast<double>(r.core.clocks) / static_cast<double>(std::max<std::uint64_t>(r.core.ticks, 1)));
  for (const std::string& note : outcome.notes) html += fmt::format("<p class=soft>{}</p>", escaped(note));
  html += "<h2>Learning</h2>" + legend(outcome) + curves(config, outcome);
  if (config.test_learning)
    html += "<p class=soft>Dashed: the same training on a machine of its own whose tests learn, too.</p>";
  html +=
      "<h2>Weights and voltages against their formats</h2><p class=soft>Dashed red: limits of the "
      "format, where they are near; red bar at the top: one LSB.</p>" +
      legend(outcome) + histograms(config, outcome);
  html += fields(config, outcome);
  html += "<h2>What each signal needed</h2>" + signal_table(config, outcome);
  html += events_section(config, outcome);
  html += fmt::format(
      "<h2>Configuration</h2><pre>{}</pre><details><summary>All effective "
      "keys</summary><pre>{}</pre></details><p class=soft>Written by {} at {}.</p></html>\n",
      escaped(config.text), escaped(canonical(config)), program(), date());
  return html;
}

}  // namespace apical::tools
