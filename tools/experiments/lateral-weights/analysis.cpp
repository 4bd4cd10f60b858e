// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <boost/random/uniform_real_distribution.hpp>
#include <cmath>

#include "model/backpropagation.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/run/machines.hpp"

namespace apical::tools {
namespace {

constexpr double eta_pi = 0.02, eta_ip = 0.2;  // per ms

double angle(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return degrees_between(a.cwiseProduct(b).sum(), a.squaredNorm(), b.squaredNorm());
}

// Cosine between the local update of W_1 and the exact gradient, mean over inputs and targets at random.
double cosine_to_gradient(const Config& config, const model::MicrocircuitWeights& weights) {
  const auto circuit = make_machine(config, model::in_order(weights));
  const model::Network<double> net = network_of(*circuit, config);
  const auto& layers = config.network.layers;
  boost::random::mt19937_64 random(config.seed + 500);
  boost::random::uniform_real_distribution<double> uniform(-1.0, 1.0);
  constexpr int count = 100;
  double sum = 0.0;
  for (int n = 0; n < count; ++n) {
    Eigen::VectorXd input(layers.front()), target(layers.back());
    for (double& x : input) x = uniform(random) > 0.0 ? 1.0 : -1.0;
    for (double& x : target) x = uniform(random);
    for (int settle = 0; settle < 10; ++settle) circuit->tick(input.data(), target.data(), 1.0, settle == 0);
    const auto gradient = model::backpropagate<double>(net, input, target);
    // Both updates are an error times the same rates: the errors alone decide the cosine.
    const Eigen::VectorXd exact = -gradient[0].col(gradient[0].cols() - 1),
                          local = values(*circuit, "error", 1);
    sum += local.dot(exact) / (local.norm() * exact.norm()) / count;
  }
  return sum;
}

struct Way {
  const char* name;
  double lambda;
  bool rich;  ///< inputs of ±1; else between 0.4 and 0.6
};

Config learning_laterally(Config config, double lambda) {
  config.microcircuit.lambda = lambda;
  config.network.eta = {0.0};
  config.microcircuit.eta_pi = {eta_pi};
  config.microcircuit.eta_ip = {eta_ip};
  return config;
}

Eigen::VectorXd draw(const Config& config, bool rich, boost::random::mt19937_64& random) {
  boost::random::uniform_real_distribution<double> uniform(0.0, 1.0);
  Eigen::VectorXd input(config.network.layers.front());
  for (double& x : input) {
    const double value = uniform(random);
    x = rich ? (value > 0.5 ? 1.0 : -1.0) : 0.4 + 0.2 * value;
  }
  return input;
}

// Lateral weights that are where they should be, rich inputs, learning on: on integers nothing may stir.
void stay(const Setting& setting, Findings& f) {
  const Config config = learning_laterally(setting.config, 0.1);
  const auto circuit = make_machine(config, model::in_order(model::self_predicting(first_weights(config))));
  boost::random::mt19937_64 random(config.seed);
  double loudest = 0.0;
  for (int n = 0; n < 5000; ++n) {
    circuit->tick(draw(config, true, random).data(), nullptr, 0.0, true);
    loudest = std::max(loudest, apical_in_lsb(*circuit, config, 1));
  }
  f.at_most("largest apical potential from the self-predicting state, in LSB · √fan-in", loudest, 1.0);
}

void learn(const Setting& setting, const Way& way, Findings& f, std::vector<Figure>& figures) {
  const Config config = learning_laterally(setting.config, way.lambda);
  Config still = config;
  still.network.learning = false;
  model::MicrocircuitWeights start = model::self_predicting(first_weights(config));
  Config other = config;
  other.seed = config.seed + 1000;
  const auto random_lateral = model::self_predicting(first_weights(other));
  start.pyramidal = random_lateral.pyramidal;
  start.interneurons = random_lateral.interneurons;
  const auto circuit = make_machine(config, model::in_order(start));
  boost::random::mt19937_64 random(config.seed);
  const int ticks = 30000, block = 500;
  Line residual{way.name, {}, true}, pi_angle = residual, ip_angle = residual, cosine = residual;
  const auto show = [&] { return draw(config, way.rich, random); };
  const auto unlearnt = make_machine(still, model::in_order(start));
  double first = 0.0, sum = 0.0;
  for (int n = 0; n < block; ++n) {
    unlearnt->tick(show().data(), nullptr, 0.0, true);
    first += values(*unlearnt, "apical", 1).norm() / block;
  }
  const double cosine_before = cosine_to_gradient(still, start);
  for (int n = 1; n <= ticks; ++n) {
    circuit->tick(show().data(), nullptr, 0.0, true);
    sum += values(*circuit, "apical", 1).norm() / block;
    if (n % block != 0) continue;
    const model::MicrocircuitWeights w = circuit_of(*circuit, config);
    residual.points.emplace_back(n, sum);
    pi_angle.points.emplace_back(n, angle(w.pyramidal[0], w.feedback[0]));
    ip_angle.points.emplace_back(n, angle(w.interneurons[0], w.forward[1]));
    cosine.points.emplace_back(n, cosine_to_gradient(still, w));
    sum = 0.0;
  }
  const double fall = first / residual.points.back().second;
  const double last_angle = pi_angle.points.back().second, last_cosine = cosine.points.back().second;
  if (way.rich && way.lambda > 0.0) {
    f.at_least(fmt::format("apical residual falls by a factor, {}", way.name), fall, 10.0);
    f.at_most(fmt::format("W^PI to B after learning, degrees, {}", way.name), last_angle, 10.0);
    f.at_least(fmt::format("cosine of ΔW to the gradient after learning, {}", way.name), last_cosine, 0.95);
  } else {
    f.numbers.emplace_back(fmt::format("apical residual falls by a factor, {}", way.name), fall);
    f.numbers.emplace_back(fmt::format("W^PI to B after learning, degrees, {}", way.name), last_angle);
    f.numbers.emplace_back(fmt::format("cosine of ΔW to the gradient after learning, {}", way.name),
                           last_cosine);
  }
  f.numbers.emplace_back(fmt::format("cosine of ΔW to the gradient before learning, {}", way.name),
                         cosine_before);
  f.numbers.emplace_back(fmt::format("W^IP to W after learning, degrees, {}", way.name),
                         ip_angle.points.back().second);
  const Line lines[] = {residual, pi_angle, ip_angle, cosine};
  for (std::size_t i = 0; i < figures.size(); ++i) figures[i].lines.push_back(lines[i]);
}

Findings analyse(const Setting& setting) {
  Findings f;
  std::vector<Figure> figures{
      {"residual",
       "Size of the apical potential while nothing nudges the output, mean over 500 ticks.",
       "ticks",
       "‖a‖",
       {},
       false,
       true},
      {"angle-pi", "Angle between W^PI and B.", "ticks", "degrees", {}},
      {"angle-ip", "Angle between W^IP and W.", "ticks", "degrees", {}},
      {"cosine",
       "Cosine of the local update of W_1 to the exact gradient; feedback is Wᵀ.",
       "ticks",
       "cosine",
       {}}};
  for (const Way& way : {Way{"nudged, rich inputs", 0.1, true}, Way{"free, rich inputs", 0.0, true},
                         Way{"nudged, narrow inputs", 0.1, false}})
    learn(setting, way, f, figures);
  if (setting.config.machine != Machine::golden) stay(setting, f);
  f.figures = figures;
  f.notes.emplace_back(
      "Narrow inputs silence the dendrite without aligning its weights: silence alone proves nothing.");
  return f;
}

}  // namespace

Experiment lateral_weights() {
  return {
      "5", "Lateral weights learn to silence the apical dendrite",
      "Lateral weights learn to cancel the top-down input until, without a target, no error is left; with "
      "nudged interneurons they reach the self-predicting state, without nudging they take another course.",
      "W^PI and W^IP start at random and learn by their own rules while inputs change every tick and "
      "nothing nudges the output. Residual, angles and the cosine of ΔW to the gradient, with nudged and "
      "with free interneurons, with rich inputs (±1) and with narrow ones (0.4 to 0.6).",
      analyse};
}

}  // namespace apical::tools
