// SPDX-License-Identifier: Apache-2.0
// The golden network against an implementation that somebody else wrote from model/README.md alone
// (independent.md): every flow, scheme, order and response, chains and graphs, with learning.
#include <random>

#include "tests/model/independent.hpp"

using namespace apical::model;
using namespace apical::test;
using referee::Index;
using referee::Vec;

namespace {

const std::vector<int> layers{3, 5, 4, 2};
const Connections graph{{0, 1}, {1, 1}, {2, 1}, {0, 2}, {1, 2}, {1, 3}, {2, 3}};
constexpr int last = 3;

// Nothing nudges in some of the ticks.
double nudge_of(int n) {
  return n % 50 < 40 ? 1.0 : 0.0;
}

Shown shown(const GoldenSettings& s, double n) {
  return {n * s.dt, layers.front(), layers.back()};
}

std::vector<WeightMatrix> weights_of(const GoldenSettings& s, std::uint64_t seed) {
  auto weights = initial_weights(layers, bias_if(s.bias), {0.6}, seed, s.connections);
  for (WeightMatrix& w : weights)
    if (s.bias) w.col(w.cols() - 1).setLinSpaced(-0.3, 0.2);
  return weights;
}

Record golden_run(const GoldenSettings& s, const std::vector<WeightMatrix>& weights, int ticks,
                  double shift) {
  Golden golden(s, weights);
  Record record;
  for (int n = 0; n < ticks; ++n) {
    const Shown world = shown(s, n + shift);
    golden.tick(world.input.data(), world.target.data(), nudge_of(n));
    for (int k = 1; k <= last; ++k) {
      for (const auto* signal : {&golden.u(k), &golden.rate(k), &golden.slope(k), &golden.basal(k),
                                 &golden.apical(k), &golden.nudge(k), &golden.error(k), &golden.membrane(k)})
        record.add(*signal);
      record.add(golden.mismatch(k));
    }
    for (const WeightMatrix& w : golden.weights()) record.add(w);
  }
  return record;
}

referee::Layers by_layer(const std::vector<double>& values, double alone) {
  referee::Layers all(layers.size());
  for (std::size_t k = 1, i = 0; k < layers.size(); ++k)
    for (int j = 0; j < layers[k]; ++j, ++i) all[k].push_back(values.size() < 2 ? alone : values[i]);
  return all;
}

Vec rates_of_learning(const GoldenSettings& s) {
  Vec eta{0.0};
  eta.insert(eta.end(), s.eta.begin(), s.eta.end());
  return eta;
}

// The referee's network for our settings. In the parallel order it leaves two things open that (12)–(16) and
// "Delays" decide: sums are formed first, from the weights before learning, and errors and somata see them.
referee::UnitNetwork unit_network(const GoldenSettings& s, const std::vector<WeightMatrix>& weights) {
  referee::UnitSettings set;
  set.dt = s.dt;
  set.tau = s.tau;
  set.order = s.order == Order::sweep ? referee::Order::sweep : referee::Order::parallel;
  set.response =
      s.response == Response::prospective ? referee::Response::prospective : referee::Response::advanced;
  set.gamma = s.gamma != 0.0;
  set.with_m = s.flow == Flow::lagrangian;
  set.learning = s.learning;
  set.eta = rates_of_learning(s);
  set.rho =
      by_layer(s.flow == Flow::latent_equilibrium ? s.rho : Vec{}, s.flow == Flow::gradient ? 0.0 : 1.0);
  if (!s.alpha.empty()) set.alpha = by_layer(s.alpha, 0.0);
  set.readings.error_sees_new_basal = set.readings.soma_before_learning = true;
  std::vector<referee::Connection> connections;
  for (const auto& [source, target] : listed(s.connections, last + 1))
    connections.push_back({static_cast<Index>(source), static_cast<Index>(target)});
  std::vector<referee::Matrix> matrices;
  for (const WeightMatrix& w : weights) matrices.push_back(matrix_of(w));
  return {{layers.begin(), layers.end()}, referee_activation(s.activation), connections, matrices, set};
}

// The integrated scheme starts with nudge and mismatch of u = 0, as (11) asks; the referee with 0.
void start_at_rest(referee::UnitNetwork& net, const Shown& world, double beta) {
  const referee::Layers f = net.gradient_of_state(world.input, world.target, beta);
  for (Index c = 0; c < net.connections.size(); ++c) {
    const auto [source, target] = net.connections[c];
    Vec sum(net.sizes[target], 0.0);
    referee::add_product(net.weights[c], source == 0 ? world.input : net.layers[source].rate, sum);
    for (Index i = 0; i < sum.size(); ++i) net.layers[target].error[i] -= sum[i];
  }
  for (Index k = 1; k <= net.last(); ++k)
    for (Index i = 0; i < f[k].size(); ++i) net.layers[k].nudge[i] = net.layers[k].error[i] - f[k][i];
}

Record unit_run(const GoldenSettings& s, const std::vector<WeightMatrix>& weights, int ticks) {
  referee::UnitNetwork net = unit_network(s, weights);
  Record record;
  for (int n = 0; n < ticks; ++n) {
    const Shown world = shown(s, n);
    if (n == 0 && net.set.with_m) start_at_rest(net, world, s.beta);
    net.tick(world.input, world.target, s.beta * nudge_of(n));
    for (int k = 1; k <= last; ++k) {
      const referee::LayerState& l = net.layers[static_cast<Index>(k)];
      for (const Vec* signal : std::initializer_list<const Vec*>{&l.u, &l.rate, &l.slope, &l.basal, &l.apical,
                                                                 &l.nudge, &l.error, &l.membrane, &l.m})
        record.add(*signal);
    }
    for (const referee::Matrix& w : net.weights) record.add(w);
  }
  return record;
}

// Flows in continuous time of the referee, one step a tick.
Record flow_run(const GoldenSettings& s, const std::vector<WeightMatrix>& weights, int ticks) {
  referee::Network net = referee_chain(layers, referee_activation(s.activation), s.bias, weights);
  const Vec eta = rates_of_learning(s);
  referee::Layers u = referee::zero_layers(net.sizes);
  const referee::Layers zero = u;
  referee::Direct direct(net);
  Record record;
  for (int n = 0; n < ticks; ++n) {
    const Shown before = shown(s, std::max(n - 1, 0)), now = shown(s, n);
    const referee::Tick tick{before.input, now.input, before.target, now.target, s.beta * nudge_of(n), s.dt};
    if (s.scheme == Scheme::exact) {
      referee::runge_kutta(net, u, tick, s.tau, 1, referee::Flow::lagrangian);
    } else {
      direct.step(net, tick, s.tau);
      if (s.voltage_frac >= 0)  // registers: the next step differentiates what they hold
        for (Index k = 1; k < u.size(); ++k)
          for (Index i = 0; i < u[k].size(); ++i) {
            direct.u[k][i] =
                std::ldexp(std::nearbyint(std::ldexp(direct.u[k][i], s.voltage_frac)), -s.voltage_frac);
            direct.velocity[k][i] = (direct.u[k][i] - u[k][i]) / s.dt;
          }
      u = direct.u;
    }
    const referee::Layers rate = referee::rates(net, u, now.input), basal = referee::basal(net, rate);
    const referee::Layers apical = referee::apical(net, u, rate),
                          nudge = referee::errors(net, u, tick.at(1.0));
    const referee::Layers error = referee::moved(u, -1.0, basal);
    for (Index k = 1; k < u.size(); ++k) {
      Vec slope;
      for (const double x : u[k]) slope.push_back(referee::phi1(net.activation, x));
      for (const Vec* signal : std::initializer_list<const Vec*>{
               &u[k], &rate[k], &slope, &basal[k], &apical[k], &nudge[k], &error[k], &u[k], &zero[k]})
        record.add(*signal);
    }
    for (Index k = 1; k < u.size(); ++k) {
      if (s.learning) referee::add_outer(net.weights[k], eta[k] * s.dt, error[k], rate[k - 1]);
      record.add(net.weights[k]);
    }
  }
  return record;
}

// Flows on graphs, from the referee's F alone: all derivatives are differences of fourth order.
class GraphFlow {
 public:
  GraphFlow(const GoldenSettings& s, const std::vector<WeightMatrix>& weights)
      : settings_(s), net_(unit_network(s, weights)), u_(11, 0.0), velocity_(11, 0.0) {}

  void tick(const referee::Tick& tick) {
    if (settings_.scheme == Scheme::direct) {
      const Vec f = gradient(u_, tick.at(0.0)), along = change(u_, velocity_, tick, 0.0);
      for (Index i = 0; i < u_.size(); ++i) velocity_[i] += -f[i] / settings_.tau - along[i];
      u_ = moved(u_, tick.dt, velocity_);
      return;
    }
    const Vec a = exact(u_, tick, 0.0), b = exact(moved(u_, tick.dt / 2, a), tick, 0.5),
              c = exact(moved(u_, tick.dt / 2, b), tick, 0.5), d = exact(moved(u_, tick.dt, c), tick, 1.0);
    for (Index i = 0; i < u_.size(); ++i) u_[i] += tick.dt / 6 * (a[i] + 2 * b[i] + 2 * c[i] + d[i]);
  }
  const Vec& u() const { return u_; }

 private:
  static Vec moved(Vec x, double by, const Vec& direction) {
    for (Index i = 0; i < x.size(); ++i) x[i] += by * direction[i];
    return x;
  }
  Vec gradient(const Vec& u, const referee::Drive& world) {
    Index i = 0;
    for (Index k = 1; k <= net_.last(); ++k)
      for (double& x : net_.layers[k].u) x = u[i++];
    Vec flat;
    for (const Vec& layer : net_.gradient_of_state(world.input, world.target, world.beta))
      flat.insert(flat.end(), layer.begin(), layer.end());
    return flat;
  }
  // dF/dt at a part of the tick, voltages moving with `velocity` and the world as it does.
  Vec change(const Vec& u, const Vec& velocity, const referee::Tick& tick, double part) {
    constexpr double h = 1e-3;
    Vec sum(u.size(), 0.0);
    for (const auto& [at, weight] : {std::pair{-2.0, 1.0}, {-1.0, -8.0}, {1.0, 8.0}, {2.0, -1.0}})
      sum = moved(sum, weight / (12 * h),
                  gradient(moved(u, at * h, velocity), tick.at(part + at * h / tick.dt)));
    return sum;
  }
  Vec exact(const Vec& u, const referee::Tick& tick, double part) {
    const referee::Drive world = tick.at(part);
    const referee::Tick still{world.input, world.input, world.target, world.target, tick.beta, tick.dt};
    referee::Matrix hessian = referee::zero_matrix(u.size(), u.size());
    for (Index j = 0; j < u.size(); ++j) {
      Vec unit(u.size(), 0.0);
      unit[j] = 1.0;
      const Vec column = change(u, unit, still, 0.0);
      for (Index i = 0; i < u.size(); ++i) hessian[i][j] = column[i];
    }
    const Vec outside = change(u, Vec(u.size(), 0.0), tick, part), f = gradient(u, world);
    return referee::solve(hessian, moved(moved(Vec(u.size(), 0.0), -1.0 / settings_.tau, f), -1.0, outside));
  }

  GoldenSettings settings_;
  referee::UnitNetwork net_;
  Vec u_, velocity_;
};

GoldenSettings settings(Flow flow, Scheme scheme) {
  GoldenSettings s;
  s.layers = layers;
  s.flow = flow;
  s.scheme = scheme;
  s.beta = 0.3;
  s.dt = 0.25;
  s.eta = {0.01, 0.02, 0.03};
  return s;
}

}  // namespace

TEST(IndependentFlows, ExactAndDirect) {
  for (const Scheme scheme : {Scheme::exact, Scheme::direct})
    for (const Activation f :
         {Activation::logistic, Activation::tanh, Activation::softplus, Activation::silu})
      for (const bool learning : {false, true}) {
        GoldenSettings s = settings(Flow::lagrangian, scheme);
        s.activation = f;
        s.learning = learning;
        s.bias = f != Activation::tanh;
        const auto weights = weights_of(s, 7);
        expect_same(
            std::string(name_of(scheme)) + " " + name_of(f) + (learning ? ", learning" : ""),
            [&](double shift) { return golden_run(s, weights, 800, shift); }, flow_run(s, weights, 800));
      }
}

TEST(IndependentFlows, DirectFromRegisters) {
  GoldenSettings s = settings(Flow::lagrangian, Scheme::direct);
  s.voltage_frac = 20;
  const auto weights = weights_of(s, 8);
  expect_same(
      "direct, 20 fraction bits", [&](double shift) { return golden_run(s, weights, 400, shift); },
      flow_run(s, weights, 400));
}

TEST(IndependentFlows, ExactAndDirectOnGraphs) {
  for (const Scheme scheme : {Scheme::exact, Scheme::direct}) {
    GoldenSettings s = settings(Flow::lagrangian, scheme);
    s.connections = resolved(graph, last + 1);
    s.learning = false;
    const auto weights = weights_of(s, 9);
    const auto ours = [&](double shift) {
      Golden golden(s, weights);
      Record record;
      for (int n = 0; n < 200; ++n) {
        const Shown world = shown(s, n + shift);
        golden.tick(world.input.data(), world.target.data(), nudge_of(n));
        for (int k = 1; k <= last; ++k) record.add(golden.u(k));
      }
      return record;
    };
    GraphFlow flow(s, weights);
    Record theirs;
    for (int n = 0; n < 200; ++n) {
      const Shown before = shown(s, std::max(n - 1, 0)), now = shown(s, n);
      flow.tick({before.input, now.input, before.target, now.target, s.beta * nudge_of(n), s.dt});
      theirs.add(flow.u());
    }
    expect_same(std::string("graph, ") + name_of(scheme), ours, theirs);
  }
}

// Gradient flow, latent equilibrium with ρ and α of their own in every neuron, and the integrated scheme.
TEST(IndependentFlows, ProspectiveUnit) {
  const unsigned seed = 20261129;
  std::mt19937_64 random(seed);
  const auto between = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
  };
  int cases = 0;
  for (const Flow flow : {Flow::gradient, Flow::latent_equilibrium, Flow::lagrangian})
    for (const Order order : {Order::sweep, Order::parallel})
      for (const Response response : {Response::prospective, Response::advanced})
        for (const double gamma : {1.0, 0.0})
          for (const bool skips : {false, true})
            for (const bool learning : {false, true}) {
              GoldenSettings s = settings(flow, Scheme::integrated);
              s.order = order;
              s.response = response;
              s.gamma = gamma;
              s.learning = learning;
              s.dt = 0.5;
              s.activation = static_cast<Activation::Name>(cases++ % 6);
              s.bias = cases % 5 != 0;
              if (skips) s.connections = resolved(graph, last + 1);
              if (s.flow == Flow::latent_equilibrium && cases % 3 != 0) {
                s.rho.assign(11, 0.0);
                for (double& rho : s.rho) rho = between(0.3, 1.2);
                s.alpha.assign(11, 0.0);
                for (double& alpha : s.alpha) alpha = between(0.02, 0.3);
              }
              const auto weights = weights_of(s, random());
              expect_same(
                  std::string(name_of(flow)) + " " + name_of(order) + " " + name_of(response) + " gamma " +
                      std::to_string(gamma) + (skips ? " graph " : " chain ") + name_of(s.activation) +
                      " case " + std::to_string(cases) + " seed " + std::to_string(seed),
                  [&](double shift) { return golden_run(s, weights, 200, shift); },
                  unit_run(s, weights, 200));
            }
}
