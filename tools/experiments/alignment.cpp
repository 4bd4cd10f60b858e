#include <fmt/format.h>

#include <algorithm>

#include "model/microcircuit.hpp"
#include "model/schedule.hpp"
#include "tools/experiments/baseline.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/panels.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/stimulus.hpp"

namespace apical::tools {
namespace {

using model::Microcircuit;
using model::MicrocircuitSettings;
using model::MicrocircuitWeights;

constexpr const char* configuration =
    R"(# Digits in continuous time, learning always on; all four projections of the microcircuit learn.
[network]
layers = [64, 64, 10]
activation = "logistic"
[dynamics]
beta = 0.5
[learning]
eta = [0.1, 0.03]
decay = 0.9
[task]
kind = "digits8"
presentation = 8
test_presentation = 4
[run]
epochs = 20
machine = "golden"
)";

constexpr double lambda = 0.1, eta_pi = 0.05, eta_ip = 0.5;  // per ms; lateral weights follow fast
constexpr double equal_decay = 1e-5;                         // per ms, of W and B

struct Way {
  const char* name;
  const char* feedback;
  double decay;
};
constexpr Way ways[] = {{"tied", "tied", 0.0},
                        {"learned, equal decay", "learned", equal_decay},
                        {"learned, no decay", "learned", 0.0},
                        {"fixed random", "fixed", 0.0}};

double test_error(MicrocircuitSettings s, const MicrocircuitWeights& weights, const model::Task& task) {
  s.learning = false;
  Microcircuit circuit(s, weights);
  model::Score score(task.classification());
  const auto stream = task.test();
  for (model::Sample sample; stream->next(sample);) {
    circuit.tick(sample.input.data(), sample.target.data(), sample.nudge);
    if (!sample.scored) continue;
    const Eigen::VectorXd& output = circuit.u(circuit.depth());
    score.add(sample, {output.begin(), output.end()});
  }
  return 100.0 * (1.0 - score.value());
}

// Angle of B to Wᵀ, all layers together.
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

Course train(const Config& config, const Way& way) {
  MicrocircuitSettings s;
  s.layers = config.network.layers;
  s.activation = model::parse_activation(config.activation);
  s.dt = config.network.dt;
  s.beta = config.network.beta;
  s.lambda = lambda;
  s.eta = config.network.eta;
  s.eta_pi = {eta_pi};
  s.eta_ip = {eta_ip};
  s.feedback = way.feedback;
  s.decay = way.decay;
  MicrocircuitWeights start = model::self_predicting(first_weights(config));
  if (s.feedback != "tied") {
    Config other = config;
    other.seed = config.seed + 1000;
    start.feedback = start.pyramidal = model::self_predicting(first_weights(other)).feedback;
  }
  Microcircuit circuit(s, start);
  Course course{{way.name, {{0.0, misalignment(start)}}, true}, {way.name, {}, true}};
  const auto task = configured_task(config);
  for (int epoch = 0; epoch < config.epochs; ++epoch) {
    circuit.set_learning_scale(model::learning_scale(config.decay, epoch));
    const auto stream = task->training(epoch);
    for (model::Sample sample; stream->next(sample);)
      circuit.tick(sample.input.data(), sample.target.data(), sample.nudge);
    course.angle.points.emplace_back(epoch + 1, misalignment(circuit.weights()));
    course.error.points.emplace_back(epoch + 1, test_error(s, circuit.weights(), *task));
  }
  return course;
}

Findings analyse(const Setting& setting) {
  Findings f;
  Config config = setting.config;
  if (setting.quick) config.epochs = std::min(config.epochs, 10);
  Figure angle{"angle", "Angle of B to Wᵀ.", "epochs", "degrees", {}};
  Figure error{"error", "Test error over training.", "epochs", "%", {}, false, true};
  double tied = 0.0;
  for (const Way& way : ways) {
    const Course course = train(config, way);
    const double off = course.angle.points.back().second, missed = course.error.points.back().second;
    const bool bounded = std::string(way.feedback) == "tied" || way.decay > 0.0;
    const std::string what = fmt::format("angle of B to Wᵀ, degrees, {}", way.name);
    if (bounded)
      f.at_most(what, off, way.decay > 0.0 ? 30.0 : 0.01);
    else
      f.numbers.emplace_back(what, off);
    f.numbers.emplace_back(fmt::format("test error, %, {}", way.name), missed);
    if (std::string(way.feedback) == "tied")
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
      "per ms and falls with the rates. Tied weights are copied, which no synapse can do.",
      lambda, eta_pi, eta_ip, equal_decay));
  return f;
}

}  // namespace

Experiment alignment() {
  return {"alignment",
          "5",
          "Forward and backward weights align",
          "Coupled plasticity of forward and backward weights keeps the apical error a backpropagated one.",
          "The microcircuit learns digits with feedback B that is tied to Wᵀ, or starts at random and then "
          "learns by the product that W learns by, with and without an equal decay of both, or stays. Angle "
          "of B to Wᵀ and test error over training.",
          configuration,
          analyse,
          true};
}

}  // namespace apical::tools
