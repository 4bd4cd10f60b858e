// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "model/microcircuit.hpp"
#include "model/schedule.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/experiments/baseline.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

using model::Feedback;
using model::FeedbackStart;
using model::MicrocircuitWeights;

constexpr double equal_decay = 0x1p-18;  // per ms, of W and B; a power of two, which integer machines want

struct Way {
  const char* name;
  double decay;
  Feedback feedback;
  FeedbackStart start;
};
constexpr Way ways[] = {
    {"tied", 0.0, Feedback::tied, FeedbackStart::transposed},
    {"learned, equal decay", equal_decay, Feedback::learned, FeedbackStart::random},
    {"learned, no decay", 0.0, Feedback::learned, FeedbackStart::random},
    {"learned from nothing, equal decay", equal_decay, Feedback::learned, FeedbackStart::zero},
    {"learned from nothing, no decay", 0.0, Feedback::learned, FeedbackStart::zero},
    {"fixed random", 0.0, Feedback::fixed, FeedbackStart::random}};

bool is_tied(const Way& way) {
  return way.feedback == Feedback::tied;
}

double test_error(Config config, const MicrocircuitWeights& weights, const model::Task& task) {
  config.network.learning = false;
  const auto circuit = make_machine(config, model::in_order(weights));
  const int last = static_cast<int>(config.network.layers.size()) - 1;
  model::Score score(model::measure_of(task.classification()));
  const auto stream = task.test();
  for (model::Sample sample; stream->next(sample);) {
    circuit->tick(sample.input.data(), sample.target.data(), sample.nudge, sample.changed);
    if (sample.scored) score.add(sample, circuit->read("u", last));
  }
  return 100.0 * (1.0 - score.value());
}

// Angle of B to Wᵀ, all layers together; a B of zeros has none.
double misalignment(const MicrocircuitWeights& w) {
  double product = 0.0, b = 0.0, transposed = 0.0;
  for (std::size_t k = 0; k < w.feedback.size(); ++k) {
    const Eigen::MatrixXd& forward = w.forward[k + 1];
    product += w.feedback[k].cwiseProduct(forward.leftCols(forward.cols() - 1).transpose()).sum();
    b += w.feedback[k].squaredNorm();
    transposed += forward.leftCols(forward.cols() - 1).squaredNorm();
  }
  return degrees_between(product, b, transposed);
}

struct Course {
  Line angle, error;
};

Course train(Config config, const Way& way) {
  config.microcircuit.feedback = way.feedback;
  config.microcircuit.decay = way.decay;
  config.feedback_init = way.start;
  const auto circuit = make_machine(config, starting_weights(config));
  Course course{{way.name, {{0.0, misalignment(circuit_of(*circuit, config))}}, true}, {way.name, {}, true}};
  const auto task = configured_task(config);
  for (int epoch = 0; epoch < config.epochs; ++epoch) {
    circuit->set_learning_scale(model::learning_scale(config.decay, epoch));
    const auto stream = task->training(epoch);
    for (model::Sample sample; stream->next(sample);)
      circuit->tick(sample.input.data(), sample.target.data(), sample.nudge, sample.changed);
    const MicrocircuitWeights now = circuit_of(*circuit, config);
    course.angle.points.emplace_back(epoch + 1, misalignment(now));
    course.error.points.emplace_back(epoch + 1, test_error(config, now, *task));
  }
  return course;
}

Findings analyse(const Setting& setting) {
  Findings f;
  Config config = setting.config;
  if (setting.quick) config.epochs = std::min(config.epochs, 15);
  Figure angle{"angle", "Angle of B to Wᵀ.", "epochs", "degrees", {}};
  Figure error{"error", "Test error over training.", "epochs", "%", {}, false, true};
  double tied = 0.0;
  for (const Way& way : ways) {
    Config one = config;
    if (is_tied(way)) one.machine = Machine::golden;  // a copy of weights is nothing that a machine has
    const Course course = train(one, way);
    const double off = course.angle.points.back().second, missed = course.error.points.back().second;
    const std::string what = fmt::format("angle of B to Wᵀ, degrees, {}", way.name);
    if (is_tied(way) || way.decay > 0.0)
      f.at_most(what, off, is_tied(way) ? 0.01 : 30.0);
    else
      f.numbers.emplace_back(what, off);
    f.numbers.emplace_back(fmt::format("test error, %, {}", way.name), missed);
    if (is_tied(way))
      tied = missed;
    else
      f.at_most(fmt::format("cost in accuracy against tied weights, points, {}", way.name), missed - tied,
                significant);
    angle.lines.push_back(course.angle);
    error.lines.push_back(course.error);
  }
  f.figures = {angle, error};
  f.notes.emplace_back(fmt::format(
      "All projections are plastic all the time; λ = {}, η_PI = {}, η_IP = {} per ms, the equal decay is {} "
      "per ms. Tied weights are copied, which no synapse can do; they are golden's on every machine.",
      config.microcircuit.lambda, config.microcircuit.eta_pi.front(), config.microcircuit.eta_ip.front(),
      equal_decay));
  return f;
}

}  // namespace

Experiment alignment() {
  return {
      "5", "Forward and backward weights align",
      "Coupled plasticity of forward and backward weights keeps the apical error a backpropagated one.",
      "The microcircuit learns digits with feedback B that is tied to Wᵀ, or starts at random and then "
      "learns by the product that W learns by, with and without an equal decay of both, or stays; or starts "
      "from nothing. Angle of B to Wᵀ and test error over training.",
      analyse};
}

}  // namespace apical::tools
