// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
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
          {"fresh", p.fresh}};
}

std::string row(const std::string& name, const CostedPoint& p, const Optimum& o) {
  return fmt::format(
      "{:<12} {:>9.0f} {:>5.0f}% {:>9.0f} {:>5.0f}% {:>9.1f} {:>5.0f}% {:>9.1f} {:>5.0f}% {:>8.2f}% "
      "{:>8.2f}% {:>8.2f}%  {} "
      "{}\n",
      name, p.costs.weight_bits, 100.0 * share(p, o, [](const Costs& c) { return c.weight_bits; }),
      p.costs.bits(), 100.0 * share(p, o, [](const Costs& c) { return c.bits(); }), p.costs.area / 1e3,
      100.0 * share(p, o, [](const Costs& c) { return c.area; }), p.costs.energy / 1e3,
      100.0 * share(p, o, [](const Costs& c) { return c.energy; }), 100.0 * p.accuracy, 100.0 * p.mean,
      100.0 * p.fresh_mean(), words(weight(p)), fixedpoint::name_of(weight(p).rounding));
}

}  // namespace

std::string point_name(std::size_t index) {
  return fmt::format("point-{}.toml", index + 1);
}

std::string optimise_text(const Optimum& o, const OptimiseOptions& options) {
  std::string text = fmt::format(
      "golden {:.2f}% on the search's {} seeds, {:.2f}% on {} fresh ones; budget {:g} points; {} trainings, "
      "{:.0f} s "
      "({:.0f} s of processors)\n"
      "{:<12} {:>9} {:>6} {:>9} {:>6} {:>9} {:>6} {:>9} {:>6} {:>9} {:>9} {:>9}  {}\n",
      100.0 * o.golden, options.seeds, 100.0 * o.golden_fresh, options.fresh, options.budget, o.trainings,
      o.seconds, o.processor_seconds, "", "weights", "", "all bits", "", "area, kGE", "", "nJ/tick", "",
      "accuracy", "search", "fresh", "weights");
  text += row("uniform 16", o.uniform, o);
  for (std::size_t i = 0; i < o.front.size(); ++i) text += row(point_name(i), o.front[i], o);
  for (const std::string& note : o.notes) text += note + "\n";
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
      "lowest,"
      "weight_rounding,table_index_bits";
  for (const std::string& signal : signal_order()) text += "," + signal;
  text += "\n";
  for (std::size_t i = 0; i < o.front.size(); ++i) {
    const CostedPoint& p = o.front[i];
    text += fmt::format("{},{:.0f},{:.0f},{:.0f},{:.0f},{:.0f},{:.1f},{:.6f},{:.6f},{:.6f},{:.6f},{},{}",
                        point_name(i), p.costs.weight_bits, p.costs.state_bits, p.costs.table_bits,
                        p.costs.bits(), p.costs.area, p.costs.energy, p.accuracy, p.mean, p.fresh_mean(),
                        *std::min_element(p.fresh.begin(), p.fresh.end()),
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
           "test accuracy on fresh seeds, %",
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

std::string point_toml(const CostedPoint& p, const Optimum& o, const OptimiseOptions& options) {
  return as_toml(
      allowing_its_losses(p.config),
      fmt::format("{:.2f}% with this seed, {:.2f}% over {} fresh ones (golden {:.2f}%); {:.0f} bits of "
                  "weights, {:.0f} in all; by apical optimise --cost {}",
                  100.0 * p.accuracy, 100.0 * p.fresh_mean(), p.fresh.size(), 100.0 * o.golden_fresh,
                  p.costs.weight_bits, p.costs.bits(), options.cost));
}

}  // namespace apical::tools
