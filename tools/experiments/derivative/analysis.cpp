// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "model/elementary.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

using model::Scheme;
using Course = std::vector<model::Layers<double>>;

// ms. Rounding that a membrane keeps for τ gives some 30 samples a neuron: enough for an exponent within
// 0.05.
constexpr double warm = 50.0, shown = 600.0;
constexpr int finest = 20;  // fraction bits; fine enough that rounding is noise

// Voltages of all layers once they have forgotten the start; frac -1: not rounded.
Course follow(Config config, Scheme scheme, double dt, int frac) {
  config.network.scheme = scheme;
  config.network.dt = dt;
  config.network.voltage_frac = frac;
  const auto machine = make_machine(config, first_weights(config));
  const int depth = static_cast<int>(config.network.layers.size()) - 1;
  const auto before = static_cast<std::size_t>(std::lround(warm / dt));
  const auto samples =
      first_ticks(*configured_task(config), before + static_cast<std::size_t>(std::lround(shown / dt)));
  return course(*machine, samples, before, depth);
}

double distance(const Course& a, const Course& b) {
  double sum = 0.0, count = 0.0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    sum += squared_distance(a[n], b[n]);
    for (std::size_t k = 1; k < a[n].size(); ++k) count += static_cast<double>(a[n][k].size());
  }
  return std::sqrt(sum / count);
}

// u + τ du/dt, what a neuron of the direct scheme fires on, from the voltages that it holds.
Course advanced(const Course& u, double ticks) {
  Course result;
  for (std::size_t n = 1; n < u.size(); ++n) {
    result.push_back(u[n]);
    for (std::size_t k = 1; k < u[n].size(); ++k) result.back()[k] += ticks * (u[n][k] - u[n - 1][k]);
  }
  return result;
}

Findings analyse(const Setting& setting) {
  Findings f;
  Figure error{"error-over-bits",
               "Distance of the voltages to the exact flow, root mean square, over the fraction bits that "
               "voltages are held in, by scheme and tick.",
               "fraction bits of a voltage",
               "distance",
               {},
               false,
               true};
  Line sent{"direct, u + τ du/dt as it is sent", {}, true}, held{"direct, u", {}, true},
      integrated{"integrated, u: held and sent", {}, true};
  double furthest = 0.0;
  const std::vector<double> steps =
      setting.quick ? std::vector<double>{1.0, 0.1} : std::vector<double>{1.0, 0.5, 0.25, 0.1, 0.05};
  for (const double dt : steps) {
    const double ticks = setting.config.network.tau / dt;
    const Course exact = follow(setting.config, Scheme::exact, dt, -1);
    std::vector<double> away;  // of the schemes without rounding
    for (const Scheme scheme : {Scheme::direct, Scheme::integrated}) {
      const Course unrounded = follow(setting.config, scheme, dt, -1);
      away.push_back(distance(unrounded, exact));
      f.numbers.emplace_back(
          fmt::format("distance to the exact flow, {}, dt {} ms, not rounded", name_of(scheme), dt),
          away.back());
      Line line{fmt::format("{}, dt {} ms", name_of(scheme), dt), {}, true};
      Course rounded;
      for (int frac = 2; frac <= finest; frac += setting.quick ? 6 : 2) {
        rounded = follow(setting.config, scheme, dt, frac);
        line.points.emplace_back(frac, distance(rounded, exact));
      }
      error.lines.push_back(line);
      (scheme == Scheme::direct ? held : integrated)
          .points.emplace_back(ticks, std::ldexp(distance(rounded, unrounded), finest));
      if (scheme == Scheme::direct)
        sent.points.emplace_back(
            ticks, std::ldexp(distance(advanced(rounded, ticks), advanced(unrounded, ticks)), finest));
    }
    furthest = std::max(furthest, away.front() / away.back());
    const double reference = integrated.points.back().second;
    f.numbers.emplace_back(fmt::format("bits that differentiating costs a voltage, dt {} ms", dt),
                           model::log2(held.points.back().second / reference));
    f.numbers.emplace_back(fmt::format("bits that it costs what is sent, dt {} ms", dt),
                           model::log2(sent.points.back().second / reference));
  }
  double worst = 0.0;
  for (const auto& point : integrated.points) worst = std::max(worst, point.second);
  f.at_most("distance of direct to the exact flow over that of integrated, any tick", furthest, 1.0,
            "voltages of the start of a tick with inputs of its end");
  f.at_most("rounding of a voltage, integrated, LSB at any tick", worst, 0.5);
  f.at_least("rounding of a voltage, direct: its exponent over τ / dt", exponent(held.points), 0.4);
  f.at_least("rounding of what is sent, direct: its exponent over τ / dt", exponent(sent.points), 0.8);
  f.figures = {
      error,
      {"rounding-over-tick",
       "What rounding to 20 fraction bits adds, root mean square, over the ticks of a time constant.",
       "τ / dt",
       "LSB",
       {sent, held, integrated},
       true,
       true}};
  return f;
}

}  // namespace

Experiment derivative() {
  return {"2",
          "What a derivative costs in bits",
          "Neurons respond to the derivative of what they receive: r = r̄ + τ dr̄/dt.",
          "The Lagrangian flow by the direct scheme, which differentiates voltages that registers hold, and "
          "by the "
          "integrated scheme, which carries the mismatch instead, both against the exact flow, over fraction "
          "bits "
          "and ticks. Rounding is the distance to the same scheme in double precision.",
          analyse,
          true};
}

}  // namespace apical::tools
