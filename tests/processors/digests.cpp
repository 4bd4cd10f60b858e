// SPDX-License-Identifier: Apache-2.0
// A digest of a short run of every kind of golden network, of what is drawn and shown, and of emulators, a
// line each: what processors.py compares between processors.
#include <fmt/format.h>
#include <xxhash.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>

#include "fixedpoint/emulator/digest.hpp"
#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/program/random_network.hpp"
#include "model/adam.hpp"
#include "model/equilibrium_propagation.hpp"
#include "model/event_flow.hpp"
#include "model/flow.hpp"
#include "model/golden.hpp"
#include "model/hodgkin_huxley.hpp"
#include "model/microcircuit.hpp"
#include "model/microcircuit_2018.hpp"
#include "model/predictive_coding.hpp"
#include "model/task.hpp"

namespace {

using namespace apical::model;

class Digest {
 public:
  template <class Values>
  void add(const Values& v) {
    add(v.data(), static_cast<std::size_t>(v.size()) * sizeof(*v.data()));
  }
  template <class S>
  void add(const std::vector<Matrix<S>>& all) {
    for (const auto& w : all) add(w);
  }
  std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  void add(const void* data, std::size_t size) { hash_ = XXH3_64bits_withSeed(data, size, hash_); }
  std::uint64_t hash_ = 0;
};

void say(const std::string& name, const Digest& digest) {
  fmt::print("{}  {}\n", digest.text(), name);
}

// Numbers from 0 to 1 that nothing of a library rounds.
class Uniform {
 public:
  explicit Uniform(std::uint64_t seed) : random_(seed) {}
  double operator()() { return static_cast<double>(random_() >> 11U) * 0x1p-53; }
  template <class M>
  M matrix(Eigen::Index rows, Eigen::Index columns) {
    M m(rows, columns);
    for (Eigen::Index j = 0; j < columns; ++j)
      for (Eigen::Index i = 0; i < rows; ++i) m(i, j) = static_cast<typename M::Scalar>((*this)());
    return m;
  }
  Eigen::VectorXd vector(Eigen::Index size) { return matrix<Eigen::VectorXd>(size, 1); }

 private:
  std::mt19937_64 random_;
};

const std::vector<int> layers = {37, 29, 23, 10};

// Inputs that hold and jump, half of them dark; a nudge that comes and goes.
template <class Machine>
void train(Machine& machine, int ticks) {
  Uniform uniform(5);
  Eigen::VectorXd input, target;
  for (int t = 0; t < ticks; ++t) {
    if (t % 5 == 0) {
      input = uniform.vector(layers.front());
      for (double& x : input)
        if (uniform() < 0.5) x = 0.0;
      target = uniform.vector(layers.back());
    }
    machine.tick(input.data(), target.data(), t % 7 == 6 ? 0.0 : 1.0);
  }
}

void golden(const std::string& name, const GoldenSettings& changed, int ticks = 40,
            const std::optional<ImperfectionSettings>& imperfections = {}) {
  GoldenSettings s = changed;
  s.layers = layers;
  std::shared_ptr<Imperfections> chip;
  if (imperfections)
    chip = std::make_shared<Imperfections>(*imperfections, s.layers, bias_if(s.bias), s.connections, s.dt,
                                           Polarity::unipolar);
  Golden machine(s, initial_weights(s.layers, bias_if(s.bias), {1.0}, 3, s.connections), chip);
  train(machine, ticks);
  Digest digest;
  for (int k = 1; k <= machine.depth(); ++k)
    for (const auto* signal : {&machine.u(k), &machine.rate(k), &machine.slope(k), &machine.basal(k),
                               &machine.apical(k), &machine.error(k), &machine.membrane(k)})
      digest.add(*signal);
  digest.add(machine.network().weights);
  say(name, digest);
}

GoldenSettings lagrangian(Scheme scheme) {
  GoldenSettings s;
  s.flow = Flow::lagrangian;
  s.scheme = scheme;
  return s;
}

void golden_networks() {
  for (const Activation f : {Activation::logistic, Activation::tanh, Activation::hard_sigmoid,
                             Activation::softplus, Activation::relu, Activation::linear, Activation::silu}) {
    GoldenSettings s;
    s.activation = f;
    golden(fmt::format("latent-equilibrium, {}", name_of(f)), s);
  }
  GoldenSettings s;
  const apical::ActivationSamples samples{
      {-2.0, -0.7, 0.1, 0.9}, {-0.5, 0.0, 0.3, 1.0}, {0.1, 0.3, 0.7, 0.2}, ""};
  s.activation = Activation(std::make_shared<const apical::ActivationSamples>(samples));
  golden("latent-equilibrium, samples", s);
  s = {};
  s.flow = Flow::gradient;
  golden("gradient", s);
  s = {};
  s.response = Response::advanced;
  s.rho = {0.75};
  golden("latent-equilibrium, advanced response, rho 0.75", s);
  s = {};
  s.order = Order::parallel;
  s.gamma = 0.0;
  s.trace = Trace::round_trip;
  golden("latent-equilibrium, parallel, round trips", s);
  golden("lagrangian, integrated", lagrangian(Scheme::integrated));
  golden("lagrangian, direct", lagrangian(Scheme::direct));
  for (const Activation f :
       {Activation::logistic, Activation::tanh, Activation::softplus, Activation::silu}) {
    s = lagrangian(Scheme::exact);
    s.activation = f;
    golden(fmt::format("lagrangian, exact, {}", name_of(f)), s, 10);
  }
  for (const Scheme scheme : {Scheme::integrated, Scheme::direct, Scheme::exact}) {
    s = lagrangian(scheme);
    s.connections = {{0, 1}, {1, 2}, {2, 3}, {0, 2}, {1, 3}, {1, 1}};
    golden(fmt::format("graph, {}", name_of(scheme)), s, 10);
  }
  ImperfectionSettings chip;
  chip.gain_spread = chip.slope_spread = chip.offset_spread = chip.weight_spread = 0.2;
  chip.noise = chip.error_noise = 0.05;
  chip.noise_tau = 20.0;
  chip.rate_bits = chip.error_bits = 8;
  chip.delay = chip.delay_jitter = 1;
  chip.weight_leak = 1e4;
  chip.update_asymmetry = 0.1;
  chip.update_bound = 4.0;
  chip.update_step = 0x1p-10;
  golden("imperfections", {}, 40, chip);
}

void circuits() {
  const auto forward = initial_weights(layers, Bias::with, {1.0}, 3);
  for (const Feedback feedback : {Feedback::fixed, Feedback::tied, Feedback::learned}) {
    MicrocircuitSettings s;
    s.layers = layers;
    s.feedback = feedback;
    s.eta_pi = s.eta_ip = {0.01};
    s.decay = 1e-3;
    CircuitStart start;
    start.feedback = FeedbackStart::random;
    start.lateral = LateralStart::random;
    Microcircuit circuit(s, initial_circuit(forward, start));
    train(circuit, 40);
    Digest digest;
    for (const auto& w : in_order(circuit.weights())) digest.add(w);
    say(fmt::format("microcircuit, {} feedback", name_of(feedback)), digest);
  }
  Microcircuit2018Settings s;
  s.layers = layers;
  s.eta = {0.01, 0.01, 0.01};
  s.eta_pi = s.eta_ip = 0.01;
  std::vector<Eigen::MatrixXd> w, b;
  for (std::size_t k = 0; k < forward.size(); ++k) {
    w.emplace_back(forward[k].leftCols(layers[k]));
    if (k > 0) b.emplace_back(w.back().transpose());
  }
  Microcircuit2018 circuit(s, self_predicting(s, w, b));
  Uniform uniform(5);
  for (int t = 0; t < 40; ++t) {
    const Eigen::VectorXd target = uniform.vector(layers.back());
    circuit.tick(uniform.vector(layers.front()), t % 4 == 0 ? nullptr : &target);
  }
  Digest digest;
  digest.add(circuit.weights().forward);
  digest.add(circuit.weights().pyramidal);
  digest.add(circuit.weights().interneurons);
  say("microcircuit of 2018", digest);
}

template <class S>
void predictive(const char* name) {
  Network<S> net;
  net.activation = Activation::logistic;
  for (const WeightMatrix& w : initial_weights(layers, Bias::with, {1.0}, 3))
    net.weights.push_back(w.cast<S>());
  Uniform uniform(5);
  Adam<S> adam;
  for (int n = 0; n < 5; ++n) {
    const auto input = uniform.matrix<Matrix<S>>(layers.front(), 13);
    adam.step(net.weights, predictive_coding(net, input, uniform.matrix<Matrix<S>>(layers.back(), 13), {}),
              1e-3);
  }
  Digest digest;
  digest.add(net.weights);
  say(name, digest);
}

void baselines() {
  const auto weights = initial_weights(layers, Bias::with, {1.0}, 3);
  for (const Activation f : {Activation::hard_sigmoid, Activation::logistic}) {
    EquilibriumPropagationSettings s;
    s.activation = f;
    s.eta = {0.1, 0.1, 0.1};
    EquilibriumPropagation net(s, weights);
    Uniform uniform(5);
    for (int n = 0; n < 5; ++n) {
      const auto input = uniform.matrix<Eigen::MatrixXd>(layers.front(), 13);
      net.learn(input, uniform.matrix<Eigen::MatrixXd>(layers.back(), 13));
    }
    Digest digest;
    digest.add(net.weights());
    say(fmt::format("equilibrium propagation, {}", name_of(f)), digest);
  }
  predictive<double>("predictive coding");
  predictive<float>("predictive coding, floats");
}

void continuous_time() {
  Network<double> net;
  for (const WeightMatrix& w : initial_weights(layers, Bias::with, {1.0}, 3)) net.weights.emplace_back(w);
  Uniform uniform(5);
  Layers<double> u(layers.size());
  for (std::size_t k = 0; k < u.size(); ++k) u[k] = uniform.vector(layers[k]);
  const auto input = uniform.vector(layers.front());
  EventFlow flow(net, {}, u, input, uniform.vector(layers.back()));
  for (int n = 1; n <= 20; ++n) {
    flow.input(n, n % layers.front(), uniform());
    flow.target(n, n % layers.back(), uniform());
    flow.run_until(n + 0.5);
  }
  Digest digest;
  for (int k = 1; k <= net.depth(); ++k) digest.add(flow.u(k));
  say("lagrangian, in event time", digest);

  Digest gates;
  SodiumChannel channel(-65.0);
  for (int n = 0; n < 1000; ++n) {
    const double v = -90.0 + 0.1 * n;
    channel.step(v, v, v, 0.01);
    const SodiumResponse r = sodium_response(v);
    gates.add(std::vector<double>{r.phi, r.slope, r.tau_h, r.tau_eff, channel.open(v)});
  }
  say("sodium gating", gates);
}

// Streams of tasks, and a training on one.
void tasks() {
  TaskSettings s;
  s.kind = TaskKind::teacher;
  s.teacher_layers = {8, 20, 3};
  const auto teacher = make_task(s);
  Digest shown;
  for (const auto& stream : {teacher->training(0), teacher->test()}) {
    Sample sample;
    for (int t = 0; t < 200 && stream->next(sample); ++t) {
      shown.add(sample.input);
      shown.add(sample.target);
    }
  }
  say("teacher", shown);

  GoldenSettings g;
  g.layers = {64, 64, 10};
  g.beta = 0.5;
  g.eta = {0.1, 0.03};
  Golden machine(g, initial_weights(g.layers, Bias::with, {1.0}, 1));
  const auto digits = make_task({});
  const auto stream = digits->training(0);
  Sample sample;
  for (int t = 0; t < 400 && stream->next(sample); ++t)
    machine.tick(sample.input.data(), sample.target.data(), sample.nudge);
  Digest digest;
  digest.add(machine.network().weights);
  say("digits8", digest);
}

void emulators() {
  namespace fixedpoint = apical::fixedpoint;
  fixedpoint::RandomNetwork random(3);
  for (int done = 0; done < 20;) {
    const fixedpoint::NetworkDescription net = done % 2 == 0 ? random() : random.graph();
    std::shared_ptr<const fixedpoint::Program> program;
    try {
      program = std::make_shared<fixedpoint::Program>(fixedpoint::compile(net));
    } catch (const std::invalid_argument&) {
      continue;
    }
    fixedpoint::Emulator emulator(program);
    fixedpoint::RandomStimulus stimulus(net, 7);
    for (int t = 0; t < 16; ++t) {
      stimulus.next();
      emulator.write_input(stimulus.input.data());
      emulator.write_target(stimulus.target.data());
      emulator.set_beta(stimulus.beta);
      emulator.tick();
    }
    fmt::print("{}  emulator of random network {}\n", emulator.digest(), done++);
  }
}

}  // namespace

int main() {
  golden_networks();
  circuits();
  baselines();
  continuous_time();
  tasks();
  emulators();
}
