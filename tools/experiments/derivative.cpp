#include <fmt/format.h>

#include <cmath>
#include <map>

#include "tools/experiments/panels.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/machines.hpp"
#include "tools/stimulus.hpp"

namespace apical::tools {
namespace {

using Course = std::vector<model::Layers<double>>;

constexpr const char* configuration = R"(# A nudged network whose inputs move at about 0.4/tau; weights fixed.
[network]
layers = [4, 8, 6, 2]
activation = "tanh"
[dynamics]
flow = "lagrangian"
tau = 10.0
beta = 0.3
[learning]
enabled = false
[task]
kind = "teacher"
teacher_layers = [4, 6, 2]
correlation_time = 50.0
[run]
machine = "golden"
)";

constexpr double warm = 50.0, shown = 150.0;  // ms
constexpr const char* schemes[] = {"direct", "integrated"};
constexpr int finest = 20;  // fraction bits at which rounding is small against the steps of the scheme

// Voltages of all layers once they have forgotten the start; frac -1: not rounded.
Course follow(Config config, const std::string& scheme, double dt, int frac) {
  config.network.scheme = scheme;
  config.network.dt = dt;
  config.network.voltage_frac = frac;
  const auto machine = make_machine(config, first_weights(config));
  const int depth = static_cast<int>(config.network.layers.size()) - 1;
  const auto before = static_cast<std::size_t>(std::lround(warm / dt));
  const auto samples =
      first_ticks(*configured_task(config), before + static_cast<std::size_t>(std::lround(shown / dt)));
  Course course;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    machine->tick(samples[n].input.data(), samples[n].target.data(), 1.0, true);
    if (n >= before) course.push_back(voltages(*machine, depth));
  }
  return course;
}

double distance(const Course& a, const Course& b) {
  double sum = 0.0, count = 0.0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    sum += squared_distance(a[n], b[n]);
    for (std::size_t k = 1; k < a[n].size(); ++k) count += static_cast<double>(a[n][k].size());
  }
  return std::sqrt(sum / count);
}

Findings analyse(const Setting& setting) {
  Findings f;
  Figure error{
      "error-over-bits",
      "Distance of the voltages to the exact flow, root mean square, over the fraction bits that voltages "
      "are held in, by scheme and tick.",
      "fraction bits of a voltage",
      "distance",
      {},
      false,
      true};
  Figure rounding{"rounding-over-tick",
                  "What rounding alone adds, in LSB, over the ticks of a time constant.",
                  "τ / dt",
                  "root mean square, LSB",
                  {},
                  true,
                  true};
  const std::vector<double> steps =
      setting.quick ? std::vector<double>{1.0, 0.25} : std::vector<double>{1.0, 0.5, 0.25, 0.1, 0.05};
  std::map<std::string, Line> lsb;
  for (const double dt : steps) {
    const Course exact = follow(setting.config, "exact", dt, -1);
    std::map<std::string, double> noise;
    for (const char* scheme : schemes) {
      const Course unrounded = follow(setting.config, scheme, dt, -1);
      Line line{fmt::format("{}, dt {} ms", scheme, dt), {}, true};
      for (int frac = 2; frac <= finest; frac += setting.quick ? 6 : 2) {
        const Course rounded = follow(setting.config, scheme, dt, frac);
        line.points.emplace_back(frac, distance(rounded, exact));
        noise[scheme] = std::ldexp(distance(rounded, unrounded), frac);
      }
      f.numbers.emplace_back(fmt::format("distance to the exact flow, {}, dt {} ms, not rounded", scheme, dt),
                             distance(unrounded, exact));
      f.numbers.emplace_back(fmt::format("rounding, {}, dt {} ms, LSB", scheme, dt), noise[scheme]);
      error.lines.push_back(line);
      lsb[scheme].points.emplace_back(setting.config.network.tau / dt, noise[scheme]);
    }
    f.numbers.emplace_back(fmt::format("bits that the derivative costs, dt {} ms", dt),
                           std::log2(noise["direct"] / noise["integrated"]));
  }
  for (auto& [scheme, line] : lsb) {
    line.name = scheme;
    line.marks = true;
    rounding.lines.push_back(line);
  }
  f.figures = {error, rounding};
  return f;
}

}  // namespace

Experiment derivative() {
  return {"derivative",
          "2",
          "What a derivative costs in bits",
          "Neurons respond to the derivative of what they receive: r = r̄ + τ dr̄/dt.",
          "The Lagrangian flow by the direct scheme, which differentiates voltages that registers hold, and "
          "by the "
          "integrated scheme, which carries the mismatch instead, both against the exact flow, over fraction "
          "bits "
          "and ticks. Rounding is the distance to the same scheme in double precision.",
          configuration,
          analyse,
          true};
}

}  // namespace apical::tools
