// SPDX-License-Identifier: Apache-2.0
// The part of the report about events and work.
#include <fmt/format.h>

#include "tools/report/svg.hpp"
#include "tools/run/report.hpp"

namespace apical::tools {
namespace {

std::string amount(double x) {
  if (x >= 1e6) return fmt::format("{:.3g} M", x / 1e6);
  if (x >= 1e4) return fmt::format("{:.3g} k", x / 1e3);
  return fmt::format("{:.4g}", x);
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? ""
                    : fmt::format("{:.1f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string work_table(const RunResult& r, double shown) {
  std::string html =
      "<div class=table><table><tr><th>layer<th>rate events<th>error events<th>events received<th>FORWARD<th>"
      "BACKWARD<th>LEARN<th>of dense<th>weight reads<th>weight writes<th>state words<th>arithmetic, nJ<th>"
      "memory, nJ";
  const auto row = [&](const std::string& name, const fixedpoint::Activity& a, const sim::Energy& e) {
    html += fmt::format("<tr><td>{}", name);
    const fixedpoint::Traffic t = a.traffic();
    for (const std::uint64_t count : {a.rate_events, a.error_events, a.rate_received + a.error_received,
                                      t.forward_macs, t.backward_macs, t.learn_macs})
      html += fmt::format("<td>{}", amount(static_cast<double>(count) / shown));
    html += fmt::format("<td>{}", share(a.macs(), a.dense_macs));
    for (const std::uint64_t count : {t.weight_reads, t.weight_writes, a.state_reads + a.state_writes})
      html += fmt::format("<td>{}", amount(static_cast<double>(count) / shown));
    html += fmt::format("<td>{:.4g}<td>{:.4g}", e.arithmetic / shown / 1e3,
                        (e.weight_memory + e.state_memory) / shown / 1e3);
  };
  fixedpoint::Activity sum;
  sim::Energy energy;
  for (std::size_t k = 0; k < r.activity.size(); ++k) {
    row(k == 0 ? "input" : std::to_string(k), r.activity[k], r.energy[k]);
    sum.add({}, r.activity[k]);
    energy += r.energy[k];
  }
  row("all", sum, energy);
  return html + "</table></div>";
}

std::string threshold_table(const RunOutcome& outcome, double per, const char* unit) {
  std::string html = fmt::format(
      "<div class=table><table><tr><th>theta of rates, LSB<th>{}<th>events each {}<th>MACs of dense",
      outcome.results.back().classification ? "test accuracy" : "mse", unit);
  for (const ThresholdResult& t : outcome.thresholds)
    html += fmt::format("<tr><td>{}<td>{}<td>{}<td>{:.1f}%", t.theta,
                        outcome.results.back().classification ? fmt::format("{:.2f}%", 100.0 * t.score)
                                                              : fmt::format("{:.4g}", t.score),
                        amount(static_cast<double>(t.events) / static_cast<double>(t.ticks) * per),
                        100.0 * t.macs_of_dense);
  return html + "</table></div>";
}

}  // namespace

std::string events_section(const Config& config, const RunOutcome& outcome) {
  const RunResult& r = outcome.results.back();
  if (r.activity.empty() || r.ticks == 0) return "";
  const double per = r.classification ? config.task.presentation : 1;
  const char* unit = r.classification ? "digit" : "tick";
  const double shown = static_cast<double>(r.ticks) / per;
  std::string html = fmt::format(
      "<h2>Events and work</h2><p class=soft>Of the training, each {}; {} schedule. Events are what units "
      "send when "
      "they move; \"of dense\" is the share of the multiply-accumulates that visiting every weight in every "
      "tick "
      "would take. Energy from the costs in [energy].</p>",
      unit, name_of(config.schedule));
  html += work_table(r, shown);
  if (outcome.thresholds.empty()) return html;
  html += "<h2>Accuracy against the threshold of sending</h2>";
  Curve score{"score", r.machine, {}};
  for (const ThresholdResult& t : outcome.thresholds)
    score.points.emplace_back(static_cast<double>(t.events) / static_cast<double>(t.ticks) * per,
                              r.classification ? 100.0 * t.score : t.score);
  return html +
         line_chart({score}, fmt::format("events each {}", unit),
                    r.classification ? "test accuracy, %" : "mse") +
         threshold_table(outcome, per, unit);
}

}  // namespace apical::tools
