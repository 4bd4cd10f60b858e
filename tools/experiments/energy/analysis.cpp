// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "model/equilibrium.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

using model::Layers;

constexpr model::Flow flows[] = {model::Flow::gradient, model::Flow::lagrangian};

// The teacher's inputs are sines of mean angular frequency 0.7 pi / correlation_time; `speed` is that
// frequency in units of 1/tau.
void set_speed(Config& config, double speed) {
  config.task.correlation_time = 0.7 * pi * config.network.tau / speed;
}

int ticks_of(const Config& config, double time) {
  return static_cast<int>(std::lround(time / config.network.dt));
}

// Delay of every layer after a step behind the first entry: the time integral of what is missing of its final
// change, along that change.
std::vector<double> delays(const std::vector<Layers<double>>& course, double step) {
  const Layers<double>&from = course.front(), &to = course.back();
  std::vector<double> delay(from.size(), 0.0);
  for (std::size_t n = 1; n < course.size(); ++n)
    for (std::size_t k = 1; k < from.size(); ++k) {
      const Eigen::VectorXd change = to[k] - from[k];
      delay[k] += change.dot(to[k] - course[n][k]) / change.squaredNorm() * step;
    }
  return delay;
}

void input_step(const Setting& setting, Findings& f) {
  Config config = setting.config;
  config.network.learning = false;
  set_speed(config, 0.1);
  const auto task = configured_task(config);
  const auto samples = first_ticks(*task, static_cast<std::size_t>(ticks_of(config, 1000.0)));
  model::Sample before = samples.front(), after = samples.back();
  after.target = before.target;
  const int settling = ticks_of(config, 60 * config.network.tau),
            shown = ticks_of(config, 40 * config.network.tau);
  const int drawn_before = ticks_of(config, config.network.tau),
            drawn = ticks_of(config, 10 * config.network.tau);
  const int depth = static_cast<int>(config.network.layers.size()) - 1;
  Figure output{"step-output", "One input step at t = 0: the output unit that moves most.", "t / τ", "u", {}};
  Figure energy{"step-energy", "The same: energy E(t).", "t / τ", "E", {}};
  for (const model::Flow flow : flows) {
    config.network.flow = flow;
    const auto machine = make_machine(config, first_weights(config));
    const model::Network<double> net = network_of(*machine, config);
    const auto settled = [&](const model::Sample& s) {
      const auto drive = world(s, config.network.beta);
      return model::equilibrium(net, model::feedforward(net, drive.input), drive);
    };
    const Layers<double> from = settled(before), to = settled(after);
    Eigen::Index unit = 0;
    (to.back() - from.back()).cwiseAbs().maxCoeff(&unit);
    Line line{name_of(flow), {}, false}, e_line = line, equilibrium{"moving equilibrium", {}, false};
    std::vector<Layers<double>> course;  // from just before the step
    for (int n = -settling; n < shown; ++n) {
      const model::Sample& now = n < 0 ? before : after;
      machine->tick(now.input.data(), now.target.data(), 1.0, n == -settling || n == 0);
      const Layers<double> u = voltages(*machine, depth);
      if (n >= -1) course.push_back(u);
      if (n < -drawn_before || n > drawn) continue;
      const double t = n * config.network.dt / config.network.tau;
      line.points.emplace_back(t, u.back()[unit]);
      equilibrium.points.emplace_back(t, (n < 0 ? from : to).back()[unit]);
      e_line.points.emplace_back(t, model::energy(net, u, world(now, config.network.beta)));
    }
    output.lines.push_back(line);
    energy.lines.push_back(e_line);
    const std::vector<double> delay = delays(course, config.network.dt / config.network.tau);
    for (std::size_t k = 1; k < delay.size(); ++k)
      f.numbers.emplace_back(fmt::format("delay of layer {} after a step, in tau, {}", k, name_of(flow)),
                             delay[k]);
    if (flow == flows[0]) {
      f.at_least("gradient flow: delay of the output after a step, in tau a layer", delay.back() / depth,
                 0.8);
    } else {
      f.at_most("Lagrangian flow: delay of the output after a step, in tau", std::abs(delay.back()), 0.05);
      output.lines.push_back(equilibrium);
    }
  }
  f.figures.push_back(output);
  f.figures.push_back(energy);
}

// Distance to the moving equilibrium over what the equilibrium moves by, both root mean square.
double tracking_error(Config config, double speed) {
  config.network.learning = false;
  set_speed(config, speed);
  const auto task = configured_task(config);
  const auto machine = make_machine(config, first_weights(config));
  const model::Network<double> net = network_of(*machine, config);
  const int depth = net.depth();
  const int warm = ticks_of(config, 15 * config.network.tau);
  const int count = ticks_of(config, std::max(10.0, 10.0 / speed) * config.network.tau);
  const int every = std::max(1, count / 2000);
  double error = 0.0;
  Layers<double> at, sum;
  double square = 0.0;
  int looks = 0;
  const auto samples = first_ticks(*task, static_cast<std::size_t>(warm) + static_cast<std::size_t>(count));
  for (int n = 0; n < warm + count; ++n) {
    const model::Sample& s = samples[static_cast<std::size_t>(n)];
    machine->tick(s.input.data(), s.target.data(), 1.0, true);
    if (n < warm || n % every != 0) continue;
    const auto drive = world(s, config.network.beta);
    at = model::equilibrium(net, at.empty() ? model::feedforward(net, drive.input) : at, drive);
    error += squared_distance(voltages(*machine, depth), at);
    if (sum.empty()) sum = Layers<double>(at.size());
    for (std::size_t k = 1; k < at.size(); ++k) {
      if (sum[k].size() == 0) sum[k] = Eigen::VectorXd::Zero(at[k].size());
      sum[k] += at[k];
      square += at[k].squaredNorm();
    }
    ++looks;
  }
  double variance = square / looks;
  for (std::size_t k = 1; k < sum.size(); ++k) variance -= (sum[k] / looks).squaredNorm();
  return std::sqrt(error / looks / variance);
}

void tracking(const Setting& setting, const std::vector<double>& speeds, Findings& f) {
  Figure figure{"tracking",
                "Distance of the voltages to the moving equilibrium, over what that moves by; weights fixed.",
                "speed of the input, 1 / τ",
                "tracking error",
                {},
                true,
                true};
  double at_one[2] = {0.0, 0.0};
  for (int i = 0; i < 2; ++i) {
    Config config = setting.config;
    config.network.flow = flows[i];
    Line line{name_of(flows[i]), {}, true};
    for (const double speed : speeds) {
      const double error = tracking_error(config, speed);
      line.points.emplace_back(speed, error);
      if (speed == 1.0) at_one[i] = error;
    }
    figure.lines.push_back(line);
  }
  f.figures.push_back(figure);
  f.numbers.emplace_back("tracking error at speed 1/tau, gradient flow", at_one[0]);
  f.numbers.emplace_back("tracking error at speed 1/tau, Lagrangian flow", at_one[1]);
  f.at_least("tracking error at speed 1/tau, gradient flow over Lagrangian", at_one[0] / at_one[1], 20.0);
}

// Mean squared error of the weights' own forward pass on inputs all over the teacher's range.
double test_error(const Config& config, const model::Network<double>& net) {
  Config still = config;
  still.network.dt = still.network.tau;
  still.task.correlation_time = 5 * still.network.tau;
  model::Score score(model::Measure::mse);
  const auto task = configured_task(still);
  const auto stream = task->test();
  for (model::Sample s; stream->next(s);) {
    const Eigen::VectorXd u = model::feedforward(net, world(s, 0.0).input).back();
    score.add(s, {u.begin(), u.end()});
  }
  return score.value();
}

void learning(const Setting& setting, const std::vector<double>& speeds, Findings& f) {
  const double time = setting.quick ? 4000.0 : 20000.0;  // ms
  Figure figure{
      "learning",
      fmt::format("Test error after {:g} s of learning that never stops while the input moves.", time / 1000),
      "speed of the input, 1 / τ",
      "mean squared error",
      {},
      true,
      true};
  double at_one[2] = {0.0, 0.0}, start = 0.0;
  for (int i = 0; i < 2; ++i) {
    Config config = setting.config;
    config.network.flow = flows[i];
    Line line{name_of(flows[i]), {}, true};
    for (const double speed : speeds) {
      set_speed(config, speed);
      const auto task = configured_task(config);
      const auto machine = make_machine(config, first_weights(config));
      start = test_error(config, network_of(*machine, config));
      int left = ticks_of(config, time);
      for (int epoch = 0; left > 0; ++epoch) {
        const auto stream = task->training(epoch);
        for (model::Sample s; left > 0 && stream->next(s); --left)
          machine->tick(s.input.data(), s.target.data(), 1.0, true);
      }
      const double error = test_error(config, network_of(*machine, config));
      line.points.emplace_back(speed, error);
      if (speed == 1.0) at_one[i] = error;
    }
    figure.lines.push_back(line);
  }
  figure.lines.push_back({"before learning", {{speeds.front(), start}, {speeds.back(), start}}, false});
  f.figures.push_back(figure);
  f.numbers.emplace_back("test error before learning", start);
  f.numbers.emplace_back("test error at speed 1/tau, gradient flow", at_one[0]);
  f.numbers.emplace_back("test error at speed 1/tau, Lagrangian flow", at_one[1]);
  f.at_most("test error at speed 1/tau after learning over before, Lagrangian flow", at_one[1] / start, 0.5);
  f.at_least("test error at speed 1/tau, gradient flow over Lagrangian", at_one[0] / at_one[1], 3.0);
}

Findings analyse(const Setting& setting) {
  Findings f;
  const std::vector<double> speeds = setting.quick
                                         ? std::vector<double>{0.1, 1.0, 10.0}
                                         : std::vector<double>{0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0};
  input_step(setting, f);
  tracking(setting, speeds, f);
  learning(setting, speeds, f);
  f.notes.emplace_back(
      "Learning has the same time at every speed: at the slowest it saw only a few different inputs, which "
      "no "
      "dynamics makes up for.");
  return f;
}

}  // namespace

Experiment energy() {
  return {
      "1", "Moving equilibrium",
      "Gradient flow on the energy lags its input, layer after layer; the Lagrangian flow on the same "
      "energy rides in a moving equilibrium, so that plasticity can stay on while the input moves.",
      "A network is shown an input step, then a teacher's inputs that move at a given speed (mean angular "
      "frequency in 1/tau), under both flows. The moving equilibrium is solved by Newton's method for the "
      "machine's own weights. Then plasticity stays on for the same time at every speed.",
      analyse};
}

}  // namespace apical::tools
