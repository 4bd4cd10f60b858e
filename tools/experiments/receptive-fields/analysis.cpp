// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/schedule.hpp"
#include "tools/experiments/baseline.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

constexpr Eigen::Index shown = 16;  // units

// W_1 without its bias.
Eigen::MatrixXd fields(const sim::Machine& machine, const Config& config) {
  return network_of(machine, config).synapses(1);
}

Tiles tiles(const std::string& name, const Eigen::MatrixXd& w, std::pair<int, int> image) {
  Tiles t{name, {}, image.first, image.second};
  for (Eigen::Index i = 0; i < std::min(shown, w.rows()); ++i) {
    const Eigen::VectorXd row = w.row(i);
    t.images.emplace_back(row.begin(), row.end());
  }
  return t;
}

void train_epoch(sim::Machine& machine, const model::Task& task, const Config& config, int epoch) {
  machine.set_learning_scale(model::learning_scale(config.decay, epoch));
  const auto stream = task.training(epoch);
  for (model::Sample s; stream->next(s);) machine.tick(s.input.data(), s.target.data(), s.nudge, s.changed);
}

double correlation(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  const Eigen::ArrayXXd x = a.array() - a.mean(), y = b.array() - b.mean();
  return (x * y).sum() / std::sqrt(x.square().sum() * y.square().sum());
}

// Pixels that are 0 in every training digit.
std::vector<Eigen::Index> silent_pixels(const model::Task& task) {
  std::vector<bool> seen(static_cast<std::size_t>(task.inputs()), false);
  const auto stream = task.training(0);
  for (model::Sample s; stream->next(s);)
    for (std::size_t i = 0; i < seen.size(); ++i)
      if (s.input[i] != 0.0) seen[i] = true;
  std::vector<Eigen::Index> silent;
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (!seen[i]) silent.push_back(static_cast<Eigen::Index>(i));
  return silent;
}

Findings analyse(const Setting& setting) {
  Findings f;
  Config config = setting.config;
  if (setting.quick) config.epochs = std::min(config.epochs, 4);
  const auto task = configured_task(config);
  const auto start = first_weights(config);
  const auto machine = make_machine(config, start);
  Config reference = config;
  reference.machine = Machine::golden;
  const auto golden = make_machine(reference, start);
  const bool integers = config.machine != Machine::golden;
  const Eigen::MatrixXd first = fields(*machine, config), exact_first = fields(*golden, config);
  Eigen::MatrixXd after_one;
  Figure figure{
      "fields",
      fmt::format("Weights of the first {} units of layer 1 over training; red excites, blue inhibits, "
                  "each unit on its own scale.",
                  shown),
      "pixel",
      "weight",
      {}};
  Line similar{fmt::format("{} to golden", name_of(config.machine)), {}, true},
      start_similar{fmt::format("{} to the start", name_of(config.machine)), {}, true};
  figure.tiles.push_back(tiles("start", first, task->image()));
  for (int epoch = 0; epoch < config.epochs; ++epoch) {
    train_epoch(*machine, *task, config, epoch);
    if (integers) train_epoch(*golden, *task, reference, epoch);
    const Eigen::MatrixXd now = fields(*machine, config);
    if (epoch == 0) after_one = now;
    start_similar.points.emplace_back(epoch + 1, correlation(now, first));
    if (integers)
      similar.points.emplace_back(epoch + 1, correlation(now - first, fields(*golden, config) - exact_first));
    if (epoch != 0 && epoch != config.epochs / 3 && epoch + 1 != config.epochs) continue;
    figure.tiles.push_back(
        tiles(fmt::format("{}, {} epochs", name_of(config.machine), epoch + 1), now, task->image()));
    if (integers)
      figure.tiles.push_back(
          tiles(fmt::format("golden, {} epochs", epoch + 1), fields(*golden, config), task->image()));
  }
  // Nudging that is not small and 64 units that share the work let the paths part: 0 would be chance.
  Config brief = config;
  brief.epochs = 1;
  model::Network<double> briefly = first_network(config), net = briefly;
  train_backpropagation(brief, briefly);
  train_backpropagation(config, net);
  figure.tiles.push_back(
      tiles(fmt::format("backpropagation, {} epochs", config.epochs), net.synapses(1), task->image()));
  const Eigen::MatrixXd learned = fields(*machine, config) - first;
  f.at_least("correlation of what W_1 learned to what it learns by backpropagation, 1 epoch",
             correlation(after_one - first, briefly.synapses(1) - exact_first), 0.5,
             "errors of the wrong sign or from other weights");
  f.numbers.emplace_back("correlation of what W_1 learned to what it learns by backpropagation, all epochs",
                         correlation(learned, net.synapses(1) - exact_first));
  if (integers)
    f.at_least("correlation of what W_1 learned to golden's", similar.points.back().second, 0.8,
               "weights of 4 bits");
  const std::vector<Eigen::Index> silent = silent_pixels(*task);
  double moved = 0.0;
  for (const Eigen::Index i : silent) moved = std::max(moved, learned.col(i).cwiseAbs().maxCoeff());
  // A synapse whose source is 0 learns 0 in every rule that multiplies.
  f.illustrations.emplace_back(
      fmt::format("largest change of a weight from the {} pixels that are always 0", silent.size()), moved);
  f.at_least("mean size of a weight's change over that of the start",
             learned.cwiseAbs().mean() / first.cwiseAbs().mean(), 0.1, "a layer 1 that doesn't learn");
  f.numbers.emplace_back("correlation of W_1 to its start", start_similar.points.back().second);
  f.figures.push_back(std::move(figure));
  std::vector<Line> lines{start_similar};
  if (integers) lines.push_back(similar);
  f.figures.push_back({"correlation",
                       "Correlation of W_1 to its start, and of its change to golden's, over training.",
                       "epochs", "correlation", lines});
  return f;
}

}  // namespace

Experiment receptive_fields() {
  return {"4",
          "Receptive fields of the first layer",
          "The first layer's weights grow into receptive fields of the digits.",
          "A network learns digits one after another; the weights of its first layer as images at the start "
          "and over training, the machine beside golden and beside exact gradient steps.",
          analyse,
          false,
          {"task.kind=mnist", "network.layers=[784,300,100,10]", "task.presentation=3",
           "learning.eta=[0.8,0.112,0.04]", "learning.decay=0.8", "run.epochs=3"}};
}

}  // namespace apical::tools
