// SPDX-License-Identifier: Apache-2.0
#include "model/microcircuit_2018.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "model/normal.hpp"
#include "tools/experiments/baseline.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"

namespace apical::tools {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using model::Learning;
using model::Microcircuit2018;
using model::Microcircuit2018Settings;
using model::MicrocircuitWeights;

constexpr int settle = 60;  // steps of 0.1 ms: eleven time constants of a soma

class Random {
 public:
  explicit Random(std::uint64_t seed) : random_(seed) {}
  MatrixXd matrix(int rows, int columns, double deviation) {
    boost::random::normal_distribution<double> normal(0.0, deviation);
    MatrixXd m(rows, columns);
    for (double& x : m.reshaped()) x = normal(random_);
    return m;
  }
  VectorXd bits(int size) {
    boost::random::uniform_int_distribution<int> bit(0, 1);
    VectorXd v(size);
    for (double& x : v) x = bit(random_);
    return v;
  }

 private:
  boost::random::mt19937_64 random_;
};

double angle(const MatrixXd& a, const MatrixXd& b) {
  return degrees_between(a.cwiseProduct(b).sum(), a.squaredNorm(), b.squaredNorm());
}

// Lateral weights from a random start, in continuous time: patterns of 10 ms pass and nothing nudges.
void silence(const Setting& setting, Findings& f) {
  Microcircuit2018Settings s;
  s.layers = {30, 20, 10};
  s.activation = setting.config.network.activation;
  s.eta = {0.0, 0.0};
  s.eta_pi = 0.2;
  s.eta_ip = 0.4;
  Random random(setting.config.seed);
  MicrocircuitWeights w;
  w.forward = {random.matrix(20, 30, 0.6), random.matrix(10, 20, 0.6)};
  w.feedback = {random.matrix(20, 10, 0.6)};
  w.pyramidal = {random.matrix(20, 10, 0.6)};
  w.interneurons = {random.matrix(10, 20, 0.6)};
  const int block = 200, blocks = setting.quick ? 20 : 60, hold = 100;
  Line residual{"‖v_A‖", {}, true}, pi_angle{"W^PI to B", {}, true}, ip_angle{"W^IP to W", {}, true};
  const auto mean = [&](Microcircuit2018& circuit, Learning learning) {
    double sum = 0.0;
    for (int n = 0; n < block; ++n) {
      const VectorXd input = random.bits(30);
      for (int step = 0; step < hold; ++step) circuit.tick(input, nullptr, learning);
      sum += circuit.apical(1).norm() / block;
    }
    return sum;
  };
  Microcircuit2018 circuit(s, w);
  residual.points.emplace_back(0, mean(circuit, Learning::off));
  for (int n = 1; n <= blocks; ++n) {
    residual.points.emplace_back(n * block, mean(circuit, Learning::on));
    const MicrocircuitWeights& now = circuit.weights();
    pi_angle.points.emplace_back(n * block, angle(now.pyramidal[0], now.feedback[0]));
    ip_angle.points.emplace_back(n * block, angle(now.interneurons[0], now.forward[1]));
  }
  f.at_least("apical potential falls by a factor while nothing nudges",
             residual.points.front().second / residual.points.back().second, 5.0);
  f.at_most("W^PI to B afterwards, degrees", pi_angle.points.back().second, 20.0);
  f.at_most("W^IP to W afterwards, degrees", ip_angle.points.back().second, 20.0);
  f.figures.push_back({"residual",
                       "Apical potential at the end of patterns of 10 ms, mean over 200.",
                       "patterns",
                       "‖v_A‖",
                       {residual},
                       false,
                       true});
  f.figures.push_back({"angles",
                       "Lateral weights find the self-predicting state.",
                       "patterns",
                       "degrees",
                       {pi_angle, ip_angle}});
}

// Digits as published for MNIST: weights learn once a pattern, when its dynamics have settled.
void digits(const Setting& setting, Findings& f) {
  Config config = setting.config;
  if (setting.quick) config.epochs = std::min(config.epochs, 12);
  Microcircuit2018Settings s;
  s.layers = config.network.layers;
  s.activation = config.network.activation;
  s.tau_w = s.dt;  // one step of learning a pattern needs no average
  s.eta = {12.0, 1.0};
  s.eta_pi = 0.2;
  s.eta_ip = 2.0;
  if (s.layers.size() != 3)
    throw InputError(fmt::format("network.layers: {} of them; accepted: 3", s.layers.size()));
  Random random(config.seed);
  const int in = s.layers[0], hidden = s.layers[1], out = s.layers[2];
  std::vector<MatrixXd> forward{random.matrix(hidden, in, 1.0 / std::sqrt(in)),
                                random.matrix(out, hidden, 1.0 / std::sqrt(hidden))};
  Microcircuit2018 circuit(s,
                           model::self_predicting(s, std::move(forward), {random.matrix(hidden, out, 2.0)}));
  double cosine = 0.0, last_scale = 1.0;
  int count = 0;
  const Line baseline = train_baseline(
      config, "microcircuit of 2018",
      [&](const VectorXd& input, const VectorXd& target, double scale) {
        if (scale != last_scale) cosine = count = 0;
        last_scale = scale;
        circuit.set_learning_scale(scale);
        for (int step = 1; step <= settle; ++step)
          circuit.tick(input, &target, step == settle ? Learning::on : Learning::off);
        // The error of the output, back through B: what the soma's surprise in the hidden layer stands for.
        const auto slope = [&](int k) { return map_prime(s.activation, circuit.predicted(k)); };
        const VectorXd error = slope(2).cwiseProduct(target - circuit.predicted(2));
        const VectorXd back = slope(1).cwiseProduct(circuit.weights().feedback[0] * error);
        cosine += back.dot(circuit.surprise(1)) / (back.norm() * circuit.surprise(1).norm());
        ++count;
      },
      [&](const VectorXd& input) {
        for (int step = 0; step < settle; ++step) circuit.tick(input, nullptr, Learning::off);
        return circuit.u(2);
      });
  const Line machine = train_machine(config);
  const MicrocircuitWeights& w = circuit.weights();
  f.at_most("test error of the microcircuit, %", baseline.points.back().second, 5.0);
  f.at_most("test error in continuous time minus that of the microcircuit, points",
            machine.points.back().second - baseline.points.back().second, significant);
  f.at_least("cosine of the hidden surprise to the error sent back through B, last epoch", cosine / count,
             0.95);
  f.numbers.emplace_back(fmt::format("test error in continuous time, {}, %", name_of(config.machine)),
                         machine.points.back().second);
  f.numbers.emplace_back("B to Wᵀ after learning, degrees, B fixed",
                         angle(w.feedback[0], w.forward[1].transpose()));
  f.numbers.emplace_back("W^PI to B after learning, degrees", angle(w.pyramidal[0], w.feedback[0]));
  f.numbers.emplace_back("W^IP to W after learning, degrees", angle(w.interneurons[0], w.forward[1]));
  f.figures.push_back(
      {"error", "Test error over training.", "epochs", "%", {baseline, machine}, false, true});
}

Findings analyse(const Setting& setting) {
  Findings f;
  silence(setting, f);
  digits(setting, f);
  f.notes.emplace_back(
      "As published: conductances g_lk 0.1, g_B = g_D = 1, g_A = g_som = 0.8 per ms, steps of 0.1 ms, weight "
      "changes averaged over 30 ms, no biases, fixed random B, MNIST by the settled state. Ours: logistic "
      "units, no noise, patterns of 10 ms, learning rates and 8x8 digits.");
  f.notes.emplace_back(
      "Published is 1.96 % on MNIST with 784-500-500-10, not repeated here: that network was measured at "
      "0.57 ms of processor time a step, which makes 34 minutes of training an epoch at 60 steps a digit, "
      "and this experiment has learning rates for one hidden layer. Membranes delay every layer: a pattern "
      "has to settle before it teaches, which the prospective microcircuit doesn't need.");
  return f;
}

}  // namespace

Experiment microcircuit_2018() {
  return {"references",
          "Dendritic microcircuit with leaky compartments (Sacramento et al. 2018)",
          "Apical dendrites, silenced by lateral interneurons, carry the errors of backpropagation.",
          "Lateral weights learn from a random start in continuous time while nothing nudges. Then, from the "
          "self-predicting state, all but B learn digits, once a digit when its potentials have settled, "
          "beside the machine in continuous time.",
          analyse,
          true};
}

}  // namespace apical::tools
