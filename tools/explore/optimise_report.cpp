// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "tools/config/loading.hpp"
#include "tools/explore/optimise.hpp"
#include "tools/explore/wide_formats.hpp"
#include "tools/report/version.hpp"

namespace apical::tools {
namespace {

using nlohmann::ordered_json;

// "8.6": bits and, behind the point, fraction bits.
std::string words(const fixedpoint::Format& f) {
  return f.frac == fixedpoint::automatic_frac ? fmt::format("{}.auto", f.bits)
                                              : fmt::format("{}.{}", f.bits, f.frac);
}

const fixedpoint::Format& weight(const CostedPoint& p) {
  return p.config.formats.at("weight", 1);
}

double share(const CostedPoint& p, const Optimum& o, double (*cost)(const Costs&)) {
  return cost(p.costs) / cost(o.uniform.costs);
}

// Not a number of none.
double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double x : values) sum += x;
  return values.empty() ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(values.size());
}

ordered_json in_json(const CostedPoint& p) {
  return {{"weight_bits", p.costs.weight_bits},
          {"state_bits", p.costs.state_bits},
          {"table_bits", p.costs.table_bits},
          {"bits", p.costs.bits()},
          {"area_gate_equivalents", p.costs.area},
          {"energy_pj_per_tick", p.costs.energy},
          {"accuracy", p.accuracy},
          {"search_mean", p.mean},
          {"fresh_mean", p.fresh_mean()},
          {"fresh", p.fresh},
          {"test_mean", mean(p.tested)},
          {"test", p.tested},
          {"first_test_seed", p.first_tested},
          {"verdict", in_words(p.decision.verdict)},
          {"verdict_seeds", p.decision.pairs},
          {"loss_points", p.decision.mean},
          {"loss_bounds_points", {p.decision.low, p.decision.high}}};
}

// "yes, loses 0.12 (-0.20..0.44) in 14 seeds", of what test data decided.
std::string verdict_text(const CostedPoint& p) {
  const Decision& d = p.decision;
  if (p.tested.empty()) return "";
  return fmt::format("{}, loses {:.2f} ({:.2f}..{:.2f}) in {} seeds", in_words(d.verdict), d.mean, d.low,
                     d.high, d.pairs);
}

std::string row(const std::string& name, const CostedPoint& p, const Optimum& o) {
  return fmt::format(
      "{:<12} {:>9.0f} {:>5.0f}% {:>9.0f} {:>5.0f}% {:>9.1f} {:>5.0f}% {:>9.1f} {:>5.0f}% {:>8.2f}% "
      "{:>8.2f}% {:>8.2f}%  {} "
      "{}  {}\n",
      name, p.costs.weight_bits, 100.0 * share(p, o, [](const Costs& c) { return c.weight_bits; }),
      p.costs.bits(), 100.0 * share(p, o, [](const Costs& c) { return c.bits(); }), p.costs.area / 1e3,
      100.0 * share(p, o, [](const Costs& c) { return c.area; }), p.costs.energy / 1e3,
      100.0 * share(p, o, [](const Costs& c) { return c.energy; }), 100.0 * p.accuracy, 100.0 * p.mean,
      100.0 * p.fresh_mean(), words(weight(p)), fixedpoint::name_of(weight(p).rounding), verdict_text(p));
}

}  // namespace

std::string point_name(std::size_t index) {
  return fmt::format("point-{}.toml", index + 1);
}

std::string optimise_text(const Optimum& o, const OptimiseOptions& options) {
  std::string text = fmt::format(
      "golden {:.2f}% on the search's {} seeds, {:.2f}% on {} fresh ones (validation data); budget {:g} "
      "points; {} trainings, "
      "{:.0f} s "
      "({:.0f} s of processors)\n"
      "{:<12} {:>9} {:>6} {:>9} {:>6} {:>9} {:>6} {:>9} {:>6} {:>9} {:>9} {:>9}  {}\n",
      100.0 * o.golden, options.seeds, 100.0 * o.golden_fresh, options.fresh, options.budget, o.trainings,
      o.seconds, o.processor_seconds, "", "weights", "", "all bits", "", "area, kGE", "", "nJ/tick", "",
      "accuracy", "search", "fresh", "weights");
  text += row("uniform 16", o.uniform, o);
  for (std::size_t i = 0; i < o.front.size(); ++i) text += row(point_name(i), o.front[i], o);
  for (const std::string& note : o.notes) text += note + "\n";
  text += fmt::format(
      "verdicts on test data, with seeds that nothing was chosen by, wrong with probability {:g} at most; "
      "golden "
      "{:.2f}% there; test data looked at by {} trainings\n",
      options.error, 100.0 * mean(o.golden_tested), o.looks_at_test);
  return text;
}

std::string optimise_json(const Config& config, const Optimum& o, const OptimiseOptions& options) {
  ordered_json json = {{"apical", provenance()},
                       {"config", config.source},
                       {"config_digest", digest(config)},
                       {"cost", options.cost},
                       {"budget_points", options.budget},
                       {"seeds", options.seeds},
                       {"fresh_seeds", options.fresh},
                       {"golden", o.golden},
                       {"golden_fresh", o.golden_fresh},
                       {"golden_test", o.golden_tested},
                       {"looks_at_test", o.looks_at_test},
                       {"error", options.error},
                       {"trainings", o.trainings},
                       {"seconds", o.seconds},
                       {"processor_seconds", o.processor_seconds},
                       {"uniform_16", in_json(o.uniform)},
                       {"notes", o.notes},
                       {"front", ordered_json::array()}};
  for (std::size_t i = 0; i < o.front.size(); ++i) {
    ordered_json one = {{"file", point_name(i)}};
    one.update(in_json(o.front[i]));
    json["front"].push_back(one);
  }
  return json.dump(2) + "\n";
}

std::string pareto_csv(const Optimum& o) {
  std::string text =
      "file,weight_bits,state_bits,table_bits,bits,area_gate_equivalents,energy_pj_per_tick,accuracy,search_"
      "mean,fresh_mean,fresh_"
      "lowest,test_mean,test_seeds,verdict,loss_points,loss_low,loss_high,"
      "weight_rounding,table_index_bits";
  for (const std::string& signal : signal_order()) text += "," + signal;
  text += "\n";
  for (std::size_t i = 0; i < o.front.size(); ++i) {
    const CostedPoint& p = o.front[i];
    text += fmt::format(
        "{},{:.0f},{:.0f},{:.0f},{:.0f},{:.0f},{:.1f},{:.6f},{:.6f},{:.6f},{:.6f},{:.6f},{},{},{:.4f},{:.4f},"
        "{:.4f},{},{}",
        point_name(i), p.costs.weight_bits, p.costs.state_bits, p.costs.table_bits, p.costs.bits(),
        p.costs.area, p.costs.energy, p.accuracy, p.mean, p.fresh_mean(),
        *std::min_element(p.fresh.begin(), p.fresh.end()), mean(p.tested), p.decision.pairs,
        in_words(p.decision.verdict), p.decision.mean, p.decision.low, p.decision.high,
        fixedpoint::name_of(weight(p).rounding), p.config.table_index_bits);
    for (const std::string& signal : signal_order()) text += "," + words(p.config.formats.at(signal, 1));
    text += "\n";
  }
  return text;
}

Figure pareto_figure(const Optimum& o, const OptimiseOptions& options) {
  const bool bits = options.cost == "bits";
  Figure f{"pareto",
           "Accuracy against cost",
           options.cost == "energy" ? "nJ per tick of training"
           : bits                   ? "bits of memory"
                                    : "area of a core, thousand gate equivalents",
           "accuracy on validation data, fresh seeds, %",
           {},
           false,
           false};
  const auto at = [&](const CostedPoint& p) {
    return std::make_pair(cost_of(p.costs, options.cost) * (bits ? 1.0 : 1e-3), 100.0 * p.fresh_mean());
  };
  Line front{"Pareto front", {}, true};
  for (const CostedPoint& p : o.front) front.points.push_back(at(p));
  const auto level = [&](const char* name, double accuracy) {
    return Line{name, {{0.0, accuracy}, {at(o.uniform).first, accuracy}}};
  };
  f.lines = {front,
             {"uniform 16 bits", {at(o.uniform)}, true},
             level("golden", 100.0 * o.golden_fresh),
             level("budget", 100.0 * o.golden_fresh - options.budget)};
  return f;
}

std::string point_toml(const Config& config, const CostedPoint& p, const Optimum& o,
                       const OptimiseOptions& options) {
  Config asked = allowing_its_losses(p.config);
  asked.task = config.task;
  asked.task.test_on = model::TestOn::test;
  asked.seed = p.first_tested;
  return as_toml(
      asked,
      fmt::format(
          "loses less than {:g} points against golden: {}; {:.2f}% with this seed, {:.2f}% over {} (golden "
          "{:.2f}% over {}); {:.0f} bits of "
          "weights, {:.0f} in all; by apical optimise --cost {}",
          options.budget, verdict_text(p), 100.0 * p.tested.front(), 100.0 * mean(p.tested), p.tested.size(),
          100.0 * mean(o.golden_tested), o.golden_tested.size(), p.costs.weight_bits, p.costs.bits(),
          options.cost));
}

}  // namespace apical::tools
