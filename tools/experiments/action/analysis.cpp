// SPDX-License-Identifier: Apache-2.0
#include "model/action.hpp"

#include <fmt/format.h>

#include <boost/random/mersenne_twister.hpp>
#include <cmath>

#include "model/elementary.hpp"
#include "model/normal.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

using model::Flow;
using model::Scheme;
using Path = model::Path<double>;

constexpr double warm = 50.0, shown = 100.0;  // ms

// A machine's trajectory as the theory sees it: its path, and the world in the middle of every step.
struct Course {
  model::Network<double> net;
  Path path;
  std::vector<model::Drive<double>> drives;
  double dt, tau;

  Path residual() const { return model::euler_lagrange(net, path, drives, dt, tau); }
  double action(const Path& p) const { return model::action(net, p, drives, dt, tau); }
};

Course follow(Config config, Flow flow, Scheme scheme, double dt) {
  config.network.flow = flow;
  config.network.scheme = scheme;
  config.network.dt = dt;
  const auto machine = make_machine(config, first_weights(config));
  Course c{network_of(*machine, config), {}, {}, dt, config.network.tau};
  const auto before = static_cast<std::size_t>(std::lround(warm / dt));
  const auto samples =
      first_ticks(*configured_task(config), before + static_cast<std::size_t>(std::lround(shown / dt)) + 1);
  const Path u = course(*machine, samples, before, c.net.depth());
  for (std::size_t n = before + 1; n < samples.size(); ++n) {
    model::Drive<double> now = world(samples[n], config.network.beta);
    const model::Drive<double> last = world(samples[n - 1], config.network.beta);
    now.input = (now.input + last.input) / 2;
    now.target = (now.target + last.target) / 2;
    c.drives.push_back(now);
  }
  c.path = model::discounted_future(u, dt, c.tau);
  return c;
}

double root_mean_square(const Path& residual) {
  double sum = 0.0, count = 0.0;
  for (const auto& r : residual)
    for (std::size_t k = 1; k < r.size(); ++k) {
      sum += r[k].squaredNorm();
      count += static_cast<double>(r[k].size());
    }
  return std::sqrt(sum / count);
}

// A smooth random change of the path that leaves its ends where they are: sines of 1 to 8 half-waves.
Path perturbation(const Course& c, std::uint64_t seed) {
  boost::random::mt19937_64 random(seed);
  boost::random::normal_distribution<double> normal;
  Path change = c.path;
  for (auto& layers : change)
    for (std::size_t k = 1; k < layers.size(); ++k) layers[k].setZero();
  const auto last = static_cast<double>(change.size() - 1);
  for (int wave = 1; wave <= 8; ++wave)
    for (std::size_t k = 1; k < change[0].size(); ++k) {
      Eigen::VectorXd size(change[0][k].size());
      for (double& s : size) s = normal(random) / std::sqrt(8.0);
      for (std::size_t n = 0; n < change.size(); ++n)
        change[n][k] += model::sin(pi * wave * static_cast<double>(n) / last) * size;
    }
  return change;
}

Path moved(const Path& path, double by, const Path& change) {
  Path result = path;
  for (std::size_t n = 0; n < path.size(); ++n)
    for (std::size_t k = 1; k < path[n].size(); ++k) result[n][k] += by * change[n][k];
  return result;
}

struct Way {
  const char* name;
  Flow flow;
  Scheme scheme;
};

std::vector<Way> ways(const Config& config) {
  std::vector<Way> all{{"gradient flow", Flow::gradient, Scheme::integrated},
                       {"Lagrangian, integrated", Flow::lagrangian, Scheme::integrated}};
  if (config.machine == Machine::golden)
    all.push_back({"Lagrangian, exact", Flow::lagrangian, Scheme::exact});
  return all;
}

void residual_over_dt(const Setting& setting, Findings& f) {
  Figure figure{
      "residual",
      "Euler–Lagrange residual of L(ũ, dũ/dt) = −E along the trajectory, root mean square, over the tick.",
      "dt, ms",
      "residual",
      {},
      true,
      true};
  const std::vector<double> steps = setting.quick
                                        ? std::vector<double>{1.0, 0.3, 0.1}
                                        : std::vector<double>{1.0, 0.5, 0.25, 0.1, 0.05, 0.025, 0.01};
  double gradient_at_best = 0.0, best = 1e300;
  for (const Way& way : ways(setting.config)) {
    Line line{way.name, {}, true};
    for (const double dt : steps)
      line.points.emplace_back(dt,
                               root_mean_square(follow(setting.config, way.flow, way.scheme, dt).residual()));
    if (way.flow == Flow::gradient) {
      const double first = line.points.front().second, last = line.points.back().second;
      f.at_least("residual along gradient flow, finest tick over coarsest", last / first, 0.5);
      gradient_at_best = last;
    } else if (way.scheme == Scheme::integrated) {
      for (const auto& [dt, residual] : line.points) best = std::min(best, residual);
      if (setting.config.machine == Machine::golden)
        f.at_least("order in dt at which it vanishes, integrated scheme", exponent(line.points), 0.9);
    } else {
      f.at_least("order in dt at which it vanishes, exact scheme", exponent(line.points), 1.9);
    }
    figure.lines.push_back(line);
  }
  f.figures.push_back(figure);
  f.numbers.emplace_back("residual along gradient flow, finest tick", gradient_at_best);
  f.numbers.emplace_back("residual along the Lagrangian flow, integrated, best tick", best);
  f.at_least("residual, gradient flow over Lagrangian at its best tick", gradient_at_best / best, 20.0);
}

void stationarity(const Setting& setting, Findings& f) {
  Figure figure{
      "stationary",
      "What the action changes by when the path is moved by ε times a smooth random change with fixed "
      "ends (mean over the changes).",
      "ε",
      "|S(ũ + ε δ) − S(ũ)|",
      {},
      true,
      true};
  const int count = setting.quick ? 4 : 16;
  double first[2] = {0.0, 0.0};
  int i = 0;
  for (const Way& way : ways(setting.config)) {
    if (way.scheme == Scheme::exact) continue;
    const Course c = follow(setting.config, way.flow, way.scheme, setting.config.network.dt);
    const double here = c.action(c.path);
    Line line{way.name, {}, true};
    for (const double size : logarithmic(1e-3, 1.0, 7)) line.points.emplace_back(size, 0.0);
    for (int seed = 1; seed <= count; ++seed) {
      const Path change = perturbation(c, static_cast<std::uint64_t>(seed));
      for (auto& [size, moves] : line.points)
        moves += std::abs(c.action(moved(c.path, size, change)) - here) / count;
      const double h = 1e-3;
      first[i] += std::abs(c.action(moved(c.path, h, change)) - c.action(moved(c.path, -h, change))) /
                  (2 * h) / count;
    }
    f.numbers.emplace_back(fmt::format("first variation of the action, mean size, {}", way.name), first[i]);
    figure.lines.push_back(line);
    ++i;
  }
  f.figures.push_back(figure);
  f.at_least("first variation of the action, gradient flow over Lagrangian", first[0] / first[1], 50.0);
}

Findings analyse(const Setting& setting) {
  Findings f;
  residual_over_dt(setting, f);
  stationarity(setting, f);
  return f;
}

}  // namespace

Experiment action() {
  return {
      "1, 2", "Least action",
      "Neurons follow a least-action principle in their discounted future voltage ũ, u = ũ − τ dũ/dt, with "
      "the Lagrangian L(ũ, dũ/dt) = −E.",
      "The machine's voltages are turned into ũ. The derivative of the action by ũ, which only needs E, is "
      "the Euler–Lagrange residual: it is measured over the length of a tick, and along random changes of "
      "the path with fixed ends. On integers it can't vanish: differencing amplifies an LSB by τ/dt.",
      analyse};
}

}  // namespace apical::tools
