// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/experiments/baseline.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

constexpr int shown_digits = 6;

// Test digits pass a trained machine, nothing nudges: voltages of the outputs that the digits belong to.
// Ticks after a change until every output is within 1 % of the largest settled voltage, the worst digit.
int transitions(Config config, const Trained& trained, Findings& f) {
  config.network.learning = false;
  config.task.test_presentation = std::max(config.task.test_presentation, 8);
  const auto machine = make_machine(config, trained.weights);
  const auto task = configured_task(config);
  const int last = static_cast<int>(config.network.layers.size()) - 1;
  Figure figure{
      "transitions",
      fmt::format("Output voltages of the trained network ({}) while test digits follow one another "
                  "and nothing nudges; each output belongs to the digit in its name.",
                  name_of(config.machine)),
      "ticks",
      "u",
      {}};
  std::vector<std::vector<double>> since;  // the outputs of every tick of a digit
  int slowest = 0, tick = 0, digits = 0;
  const auto stream = task->test();
  for (model::Sample s; digits < shown_digits && stream->next(s); ++tick) {
    machine->tick(s.input.data(), s.target.data(), s.nudge, s.changed);
    since.push_back(machine->read("u", last));
    for (std::size_t i = 0; i < since.back().size(); ++i) {
      if (figure.lines.size() <= i) figure.lines.push_back({fmt::format("{}", i), {}, true});
      figure.lines[i].points.emplace_back(tick, since.back()[i]);
    }
    if (!s.scored) continue;
    const std::vector<double>& settled = since.back();
    double size = 0.0;
    for (const double u : settled) size = std::max(size, std::abs(u));
    for (std::size_t n = 0; n < since.size(); ++n)
      for (std::size_t i = 0; i < settled.size(); ++i)
        if (std::abs(since[n][i] - settled[i]) > 0.01 * size)
          slowest = std::max(slowest, static_cast<int>(n) + 1);
    since.clear();
    ++digits;
  }
  f.figures.push_back(std::move(figure));
  return slowest;
}

Findings analyse(const Setting& setting) {
  Findings f;
  Config config = setting.config;
  if (setting.quick) config.epochs = std::min(config.epochs, 8);
  model::Network<double> net = first_network(config);
  std::vector<Line> lines{train_backpropagation(config, net)};
  const Trained machine = train(config);
  lines.push_back(machine.error);
  if (config.machine != Machine::golden) {
    Config golden = config;
    golden.machine = Machine::golden;
    lines.push_back(train_machine(golden));
  }
  lines.push_back(train_machine(as_microcircuit(config)));
  lines.back().name = "microcircuit, golden";
  const auto last = [](const Line& line) { return line.points.back().second; };
  const double backpropagation = last(lines.front()), plain = last(machine.error),
               circuit = last(lines.back());
  f.numbers.emplace_back("test error of backpropagation, %", backpropagation);
  f.at_most(fmt::format("test error in continuous time minus that of backpropagation, {}, points",
                        name_of(config.machine)),
            plain - backpropagation, significant, "a hidden layer that doesn't learn");
  f.at_most("test error of the microcircuit minus that of backpropagation, golden, points",
            circuit - backpropagation, significant, "apical dendrites that hear no error");
  if (config.machine != Machine::golden)
    f.at_most("test error of the machine minus that of golden, points", plain - last(lines[2]), significant,
              "weights of 4 bits");
  f.numbers.emplace_back(fmt::format("test error in continuous time, {}, %", name_of(config.machine)), plain);
  if (setting.full)
    f.at_most("test error of the microcircuit on MNIST, %", circuit, 3.0,
              "apical dendrites that hear no error");
  else
    f.numbers.emplace_back("test error of the microcircuit, golden, %", circuit);
  f.figures.push_back({"error", "Test error over training.", "epochs", "%", lines, false, true});
  // The sweep carries an input through all layers in the tick that brings it: what is left is the last nudge.
  f.illustrations.emplace_back("ticks from a change of digit until the outputs have settled to 1 %",
                               transitions(config, machine, f));
  return f;
}

}  // namespace

Experiment digits() {
  return {"4",
          "Digits in continuous time",
          "Digits that follow one another without a pause are learned while they change, by local plasticity "
          "that is never switched off, as well as by error backpropagation.",
          "The network, and the microcircuit with random fixed feedback, learn digits one after another, 8 "
          "ticks each (3 on MNIST), without a reset; beside them a network of the same size that learns "
          "the same digits in the same order by one exact gradient step each.",
          analyse,
          false,
          {"task.kind=mnist", "network.layers=[784,300,100,10]", "task.presentation=3",
           "learning.eta=[0.8,0.112,0.04]", "learning.eta_ip=[0.02,0.0667]", "learning.eta_pi=0",
           "learning.decay=0.8", "run.epochs=10"}};
}

}  // namespace apical::tools
