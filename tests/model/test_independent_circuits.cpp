// SPDX-License-Identifier: Apache-2.0
// The microcircuit, the baselines and sodium gating against an implementation that somebody else wrote from
// model/README.md alone (independent.md).
#include "model/equilibrium_propagation.hpp"
#include "model/hodgkin_huxley.hpp"
#include "model/microcircuit.hpp"
#include "model/predictive_coding.hpp"
#include "tests/model/independent.hpp"
#include "tests/model/independent_baselines.hpp"

using namespace apical::model;
using namespace apical::test;
using referee::Index;
using referee::Vec;

namespace {

const std::vector<int> layers{3, 5, 4, 2};
constexpr int last = 3;
constexpr double dt = 0.5;

struct CircuitCase {
  Feedback feedback;
  double decay, lambda, eta_pi;
  bool learning;
};

MicrocircuitSettings settings_of(const CircuitCase& c) {
  MicrocircuitSettings s;
  s.layers = layers;
  s.activation = Activation::tanh;
  s.dt = dt;
  s.beta = 0.3;
  s.lambda = c.lambda;
  s.feedback = c.feedback;
  s.decay = c.decay;
  s.eta = {0.02, 0.05, 0.03};
  s.eta_pi = {c.eta_pi};
  s.eta_ip = {0.04, 0.06};
  s.learning = c.learning;
  return s;
}

MicrocircuitWeights start() {
  return initial_circuit(initial_weights(layers, Bias::with, {1.0}, 5),
                         {FeedbackStart::random, LateralStart::random, {1.0}, 6});
}

// All signals and matrices of every tick, in the order of referee_run.
Record circuit_run(const CircuitCase& c, int ticks, double shift) {
  Microcircuit circuit(settings_of(c), start());
  Record record;
  for (int n = 0; n < ticks; ++n) {
    const Shown world((n + shift) * dt, layers.front(), layers.back());
    circuit.tick(world.input.data(), world.target.data(), n % 40 < 30 ? 1.0 : 0.0);
    for (int k = 1; k <= last; ++k) {
      for (const auto* signal : {&circuit.u(k), &circuit.basal(k), &circuit.apical(k), &circuit.rate(k),
                                 &circuit.slope(k), &circuit.error(k)})
        record.add(*signal);
      if (k < last) record.add(circuit.interneuron(k));
    }
    for (const WeightMatrix& w : in_order(circuit.weights())) record.add(w);
  }
  return record;
}

// The signal u is that of (27)–(30), with the error of this tick, where anything hears it (`sent`). W decays
// in every layer, with any B: the referee takes B's part in that back where B is fixed.
Record referee_run(const CircuitCase& c, int ticks) {
  const MicrocircuitSettings s = settings_of(c);
  const MicrocircuitWeights w = start();
  const bool learned = s.feedback == Feedback::learned;
  referee::MicrocircuitSettings set;
  set.dt = dt;
  set.lambda = s.lambda;
  set.decay = s.decay;
  set.learn_forward = set.learn_ip = set.learn_pi = s.learning;
  set.learn_feedback = s.learning && (learned || s.decay > 0.0);
  set.decay_first = true;
  set.eta = {0.0, s.eta[0], s.eta[1], s.eta[2]};
  set.eta_pi = {0.0, c.eta_pi, c.eta_pi};
  set.eta_ip = {0.0, s.eta_ip[0], s.eta_ip[1]};
  referee::Microcircuit circuit(referee_chain(layers, referee::Activation::tanh, true, w.forward), set);
  for (Index k = 1; k < last; ++k) {
    circuit.B[k + 1] = matrix_of(w.feedback[k - 1]);
    circuit.W_pi[k] = matrix_of(w.pyramidal[k - 1]);
    circuit.W_ip[k] = matrix_of(w.interneurons[k - 1]);
  }
  Record record;
  for (int n = 0; n < ticks; ++n) {
    const Shown world(n * dt, layers.front(), layers.back());
    const std::vector<referee::Matrix> feedback = circuit.B;
    circuit.tick(world.input, world.target, n % 40 < 30 ? s.beta : 0.0);
    if (!learned) circuit.B = feedback;
    for (Index k = 1; k < last && s.learning && s.feedback == Feedback::tied; ++k)
      for (Index i = 0; i < circuit.B[k + 1].size(); ++i)
        for (Index j = 0; j < circuit.B[k + 1][i].size(); ++j)
          circuit.B[k + 1][i][j] = circuit.net.weights[k + 1][j][i];
    for (Index k = 1; k <= last; ++k) {
      record.add(k == 1 ? circuit.u[k] : circuit.sent[k]);
      for (const Vec* signal :
           {&circuit.basal[k], &circuit.apical[k], &circuit.rate[k], &circuit.slope[k], &circuit.error[k]})
        record.add(*signal);
      if (k < last) record.add(circuit.interneuron[k]);
    }
    for (Index k = 1; k <= last; ++k) record.add(circuit.net.weights[k]);
    for (Index k = 2; k <= last; ++k) record.add(circuit.B[k]);
    for (Index k = 1; k < last; ++k) record.add(circuit.W_pi[k]);
    for (Index k = 1; k < last; ++k) record.add(circuit.W_ip[k]);
  }
  return record;
}

Eigen::MatrixXd column(const std::vector<double>& x) {
  return Eigen::Map<const Eigen::VectorXd>(x.data(), static_cast<Eigen::Index>(x.size()));
}

// Changes of the weights by `change(input, target)` for the world of many moments, one after another.
template <class Change>
Record of_moments(double shift, const Change& change) {
  Record record;
  for (int n = 0; n < 20; ++n) {
    const Shown world((n + shift) * dt, layers.front(), layers.back());
    for (const auto& w : change(world)) record.add(w);
  }
  return record;
}

}  // namespace

TEST(IndependentCircuits, Microcircuit) {
  for (const CircuitCase& c : {CircuitCase{Feedback::fixed, 0.0, 0.0, 0.0, false},
                               {Feedback::fixed, 0.0, 0.3, 0.01, true},
                               {Feedback::tied, 0.0, 0.2, 0.02, true},
                               {Feedback::learned, 0.0, 0.3, 0.01, true},
                               {Feedback::learned, 0.01, 0.1, 0.02, true},
                               {Feedback::fixed, 0.01, 0.3, 0.01, true}})
    expect_same(
        std::string(name_of(c.feedback)) + " B, decay " + std::to_string(c.decay),
        [&](double shift) { return circuit_run(c, 300, shift); }, referee_run(c, 300));
}

TEST(IndependentCircuits, EquilibriumPropagation) {
  const auto weights = initial_weights(layers, Bias::with, {1.0}, 7);
  for (const auto& [ours, theirs] : {std::pair{Activation::hard_sigmoid, referee::Activation::hard_sigmoid},
                                     {Activation::tanh, referee::Activation::tanh}}) {
    EquilibriumPropagationSettings s;
    s.activation = ours;
    s.eta = {0.1, 0.1, 0.1};
    EquilibriumPropagation network(s, weights);
    const referee::Network net = referee_chain(layers, theirs, true, weights);
    const double beta = 0.7;
    const auto change = [&](const Shown& world) {
      referee::Layers free = referee::zero_layers(net.sizes);
      for (int n = 0; n < s.free_steps; ++n)
        referee::ep_step(net, free, {world.input, world.target, 0.0}, s.step);
      referee::Layers nudged = free;
      for (int n = 0; n < s.nudged_steps; ++n)
        referee::ep_step(net, nudged, {world.input, world.target, beta}, s.step);
      auto all = referee::ep_change(net, free, nudged, world.input, Vec(4, 1.0), beta);
      all.erase(all.begin());
      return all;
    };
    expect_same(
        name_of(ours),
        [&](double shift) {
          return of_moments(shift, [&](const Shown& world) {
            return network.direction(column(world.input), column(world.target), beta);
          });
        },
        of_moments(0.0, change));
  }
}

TEST(IndependentCircuits, PredictiveCoding) {
  for (const auto& [ours, theirs] : {std::pair{Activation::logistic, referee::Activation::logistic},
                                     {Activation::softplus, referee::Activation::softplus}}) {
    Network<double> net;
    net.activation = ours;
    for (const WeightMatrix& w : initial_weights(layers, Bias::with, {1.0}, 8)) net.weights.emplace_back(w);
    const referee::Network other = referee_chain(layers, theirs, true, net.weights);
    const PredictiveCodingSettings s{3.0, 0.1, 50};
    const auto change = [&](const Shown& world) {
      referee::Layers u = referee::zero_layers(other.sizes);
      for (Index k = 1; k < last; ++k) u[k] = referee::basal(other, referee::rates(other, u, world.input))[k];
      for (int n = 0; n < s.steps; ++n)
        referee::pc_step(other, u, world.input, world.target, s.variance, s.step, 1.0);
      auto all = referee::pc_change(other, u, world.input, world.target, s.variance, Vec(4, 1.0));
      all.erase(all.begin());
      return all;
    };
    expect_same(
        name_of(ours),
        [&](double shift) {
          return of_moments(shift, [&](const Shown& world) {
            return predictive_coding<double>(net, column(world.input), column(world.target), s);
          });
        },
        of_moments(0.0, change));
  }
}

TEST(IndependentCircuits, SodiumGating) {
  const double step = 0.05;  // ms
  const auto voltage = [](double t) { return -60.0 + 15.0 * std::sin(0.4 * t); };
  const auto ours = [&](double shift) {
    Record record;
    SodiumChannel channel(voltage(0.0));
    for (int n = 0; n < 1000; ++n) {
      const double t = (n + shift) * step;
      channel.step(voltage(t), voltage(t + step / 2), voltage(t + step), step);
      record.add(Vec{channel.open(voltage(t + step))});
      const SodiumResponse around = sodium_response(voltage(t));
      const auto transfer = around.transfer(0.3);
      record.add(
          Vec{around.phi, around.slope, around.tau_h, around.tau_eff, transfer.real(), transfer.imag()});
    }
    return record;
  };
  // (23) by Runge–Kutta of its own, ten steps in one of ours.
  Record theirs;
  double h = referee::inactivation_gate(voltage(0.0)).steady();
  const auto change = [&](double t, double at) {
    const referee::Gate g = referee::inactivation_gate(voltage(t));
    return g.open * (1.0 - at) - g.close * at;
  };
  constexpr int fine = 10;
  for (int n = 0; n < 1000; ++n) {
    for (int m = 0; m < fine; ++m) {
      const double d = step / fine, t = n * step + m * d;
      const double a = change(t, h), b = change(t + d / 2, h + d / 2 * a),
                   c = change(t + d / 2, h + d / 2 * b);
      h += d / 6 * (a + 2 * b + 2 * c + change(t + d, h + d * c));
    }
    const double t = n * step, m = referee::activation_gate(voltage(t + step)).steady();
    theirs.add(Vec{m * m * m * h});
    const double v = voltage(t);
    const auto transfer = referee::sodium_transfer(v, 0.3);
    theirs.add(Vec{referee::sodium_phi(v), referee::sodium_slope(v), referee::inactivation_gate(v).time(),
                   referee::tau_eff(v), transfer.real(), transfer.imag()});
  }
  expect_same("sodium", ours, theirs);
}
