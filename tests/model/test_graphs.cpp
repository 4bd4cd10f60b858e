// SPDX-License-Identifier: Apache-2.0
// Recurrent and skip connections: the exact flow against 50 digits, ticks against plain loops over units,
// learning against finite differences of the settled loss.
#include <gtest/gtest.h>

#include "model/equilibrium.hpp"
#include "model/golden.hpp"
#include "tests/model/theory.hpp"
#include "tests/scratch.hpp"

using namespace apical::model;
using namespace apical::test;

namespace {

const std::vector<int> layers{3, 5, 4, 2};
/// Skips from the input and over a layer, a layer that feeds itself and one that feeds back.
const Connections graph{{0, 1}, {2, 1}, {0, 2}, {1, 2}, {2, 2}, {1, 3}, {2, 3}};

template <class S>
Network<S> graph_network(std::uint64_t seed, const Connections& connections = graph) {
  Network<S> net;
  net.connections = resolved(connections, 4);
  for (const auto& w : initial_weights(layers, Bias::with, {1.0}, seed, net.connections))
    net.weights.push_back(Matrix<double>(w).cast<S>());
  return net;
}

template <class S>
Vector<S> stacked(const Layers<S>& values) {
  Vector<S> all(0);
  for (std::size_t k = 1; k < values.size(); ++k) {
    all.conservativeResize(all.size() + values[k].size());
    all.tail(values[k].size()) = values[k];
  }
  return all;
}

/// E written from (38) with a loop over units.
Exact plain_energy(const Network<Exact>& net, const Layers<Exact>& u, const Drive<Exact>& drive) {
  Exact sum = 0;
  std::vector<Vector<Exact>> inside(4);
  for (std::size_t k = 1; k < 4; ++k) inside[k] = u[k];
  for (std::size_t c = 0; c < net.connections.size(); ++c) {
    const auto source = static_cast<std::size_t>(net.connections[c].first);
    const auto target = static_cast<std::size_t>(net.connections[c].second);
    const bool first = c == 0 || net.connections[c - 1].second != net.connections[c].second;
    for (Eigen::Index i = 0; i < layers[target]; ++i) {
      for (Eigen::Index j = 0; j < layers[source]; ++j)
        inside[target][i] -=
            net.weights[c](i, j) * (source == 0 ? drive.input[j] : Exact(1 / (1 + exp(-u[source][j]))));
      if (first) inside[target][i] -= net.weights[c](i, layers[source]);
    }
  }
  for (std::size_t k = 1; k < 4; ++k)
    for (const Exact& x : inside[k]) sum += x * x / 2;
  for (Eigen::Index i = 0; i < 2; ++i) sum += drive.beta * pow(drive.target[i] - u[3][i], 2) / 2;
  return sum;
}

}  // namespace

TEST(Graphs, EnergyGradientAndHessianAgreeIn50Digits) {
  const Network<Exact> net = graph_network<Exact>(3);
  const Drive<Exact> drive = smooth_drive<Exact>(net, Exact(7), 0.3);
  const Layers<Exact> u = random_state<Exact>(net, 6);
  EXPECT_LT(abs(energy(net, u, drive) - plain_energy(net, u, drive)), Exact("1e-45"));
  const Moment<Exact> m = evaluate(net, u, drive);
  const Vector<Exact> f = stacked(gradient(m));
  const Matrix<Exact> h = hessian(net, u, m, drive.beta).dense();
  const Exact step("1e-15");
  Eigen::Index row = 0;
  for (std::size_t k = 1; k < 4; ++k)
    for (Eigen::Index i = 0; i < u[k].size(); ++i, ++row) {
      Layers<Exact> up = u, down = u;
      up[k][i] += step;
      down[k][i] -= step;
      EXPECT_LT(abs((plain_energy(net, up, drive) - plain_energy(net, down, drive)) / (2 * step) - f[row]),
                Exact("1e-25"));
      const Vector<Exact> slope =
          (stacked(gradient(evaluate(net, up, drive))) - stacked(gradient(evaluate(net, down, drive)))) /
          (2 * step);
      EXPECT_LT((slope - h.col(row)).cwiseAbs().maxCoeff(), Exact("1e-25")) << "layer " << k << " unit " << i;
    }
  const Exact t(7);
  const Vector<Exact> later = stacked(gradient(evaluate(net, u, smooth_drive<Exact>(net, t + step, 0.3))));
  const Vector<Exact> earlier = stacked(gradient(evaluate(net, u, smooth_drive<Exact>(net, t - step, 0.3))));
  EXPECT_LT(((later - earlier) / (2 * step) - stacked(gradient_change(net, u, drive))).cwiseAbs().maxCoeff(),
            Exact("1e-25"));
}

// F decays as e^{−t/τ} along the exact flow, whatever the input does.
TEST(Graphs, ExactFlowRidesInTheMovingEquilibrium) {
  const Network<Exact> net = graph_network<Exact>(4);
  const Exact tau(10), dt("0.25");
  const auto world = [&](const Exact& t) { return smooth_drive<Exact>(net, t, 0.3); };
  Layers<Exact> u = zero_state<Exact>(net);
  const Vector<Exact> first = stacked(gradient(evaluate(net, u, world(Exact(0)))));
  for (int n = 0; n < 40; ++n)
    u = runge_kutta<Exact>(u, Exact(n * dt), dt, [&](const Layers<Exact>& v, const Exact& t) {
      return exact_flow(net, v, world(t), tau);
    });
  const Vector<Exact> f = stacked(gradient(evaluate(net, u, world(Exact(10)))));
  EXPECT_LT((f - exp(Exact(-1)) * first).cwiseAbs().maxCoeff(), Exact("1e-7"));
  EXPECT_GT(first.cwiseAbs().maxCoeff(), Exact("0.1"));
}

TEST(Graphs, SchemesOfTheLagrangianFlowAgree) {
  std::vector<Eigen::VectorXd> end;
  for (const Scheme scheme : {Scheme::exact, Scheme::direct, Scheme::integrated}) {
    GoldenSettings s;
    s.layers = layers;
    s.connections = graph;
    s.flow = Flow::lagrangian;
    s.scheme = scheme;
    s.beta = 0.3;
    s.dt = 0.05;
    s.learning = false;
    Golden golden(s, initial_weights(layers, Bias::with, {1.0}, 3, resolved(graph, 4)));
    for (int n = 0; n < 1200; ++n) {
      const double t = 0.05 * n;
      const double input[3] = {std::sin(0.1 * t), std::cos(0.07 * t), 0.5};
      const double target[2] = {std::sin(0.05 * t), 0.3};
      golden.tick(input, target, 1.0);
    }
    end.push_back(golden.u(3));
  }
  EXPECT_LT((end[1] - end[0]).norm(), 0.01);
  EXPECT_LT((end[2] - end[0]).norm(), 0.01);
  EXPECT_GT((end[1] - end[0]).norm(), 0.0);
}

// Both orders against (36), (37) and the unit written as loops over what every layer last sent.
TEST(Graphs, TicksAreWhatTheEquationsSay) {
  for (const bool sweep : {true, false}) {
    GoldenSettings s;
    s.layers = layers;
    s.connections = graph;
    s.order = sweep ? Order::sweep : Order::parallel;
    s.activation = Activation::tanh;
    s.rho = {0.8};
    s.beta = 0.3;
    s.eta = {0.05, 0.02, 0.01};
    std::vector<WeightMatrix> w = initial_weights(layers, Bias::with, {1.0}, 8, resolved(graph, 4));
    Golden golden(s, w);
    std::vector<Eigen::VectorXd> rate(4), error(4), nudge(4), membrane(4), basal(4), slope(4);
    for (std::size_t k = 0; k < 4; ++k)
      for (auto* v : {&rate, &error, &nudge, &membrane, &basal, &slope})
        (*v)[k] = Eigen::VectorXd::Zero(layers[k]);
    for (auto& v : slope) v.setOnes();
    Eigen::VectorXd target(2), u(2);
    const Connections& all = graph;  // listed by target, then source
    const auto forward = [&](std::size_t k) {
      basal[k].setZero();
      for (std::size_t c = 0; c < all.size(); ++c) {
        if (all[c].second != static_cast<int>(k)) continue;
        const auto& r = rate[static_cast<std::size_t>(all[c].first)];
        basal[k] += w[c].leftCols(r.size()) * r;
        if (w[c].cols() > r.size()) basal[k] += w[c].col(r.size());
      }
    };
    const auto soma = [&](std::size_t k) {
      const Eigen::VectorXd p = membrane[k] + 0.8 * (basal[k] + nudge[k] - membrane[k]);
      rate[k] = p.array().tanh();
      slope[k] = 1.0 - rate[k].array().square();
      if (k == 3) u = p;
    };
    const auto backward = [&](std::size_t k) {
      Eigen::VectorXd apical = Eigen::VectorXd::Zero(layers[k]);
      for (std::size_t c = 0; c < all.size(); ++c)
        if (all[c].first == static_cast<int>(k))
          apical += w[c].leftCols(layers[k]).transpose() * error[static_cast<std::size_t>(all[c].second)];
      return apical;
    };
    const auto send_error = [&](std::size_t k, const Eigen::VectorXd& apical) {
      nudge[k] =
          k == 3 ? Eigen::VectorXd(0.3 * (target - u)) : Eigen::VectorXd(slope[k].cwiseProduct(apical));
      error[k] = membrane[k] + 0.8 * (basal[k] + nudge[k] - membrane[k]) - basal[k];
    };
    const auto settle = [&](std::size_t k) { membrane[k] += 0.1 * (basal[k] + nudge[k] - membrane[k]); };
    const auto learn = [&] {
      for (std::size_t c = 0; c < all.size(); ++c) {
        const auto k = static_cast<std::size_t>(all[c].second);
        const auto& r = rate[static_cast<std::size_t>(all[c].first)];
        w[c].leftCols(r.size()) += s.eta[k - 1] * error[k] * r.transpose();
        if (w[c].cols() > r.size()) w[c].col(r.size()) += s.eta[k - 1] * error[k];
      }
    };
    u.setZero();
    for (int n = 0; n < 60; ++n) {
      rate[0] << std::sin(0.3 * n), std::cos(0.2 * n), 0.5;
      target << std::sin(0.1 * n), 0.4;
      golden.tick(rate[0].data(), target.data(), 1.0);
      if (sweep) {
        for (std::size_t k = 1; k <= 3; ++k) forward(k), soma(k);
        for (std::size_t k = 3; k >= 1; --k) send_error(k, k < 3 ? backward(k) : target);
        for (std::size_t k = 1; k <= 3; ++k) settle(k);
        learn();
      } else {
        std::vector<Eigen::VectorXd> apical(4);
        for (std::size_t k = 1; k <= 3; ++k) forward(k);
        for (std::size_t k = 1; k <= 3; ++k) apical[k] = k < 3 ? backward(k) : target;
        for (std::size_t k = 1; k <= 3; ++k) send_error(k, apical[k]);
        learn();
        for (std::size_t k = 1; k <= 3; ++k) soma(k);
        for (std::size_t k = 1; k <= 3; ++k) settle(k);
      }
      for (int k = 1; k <= 3; ++k) {
        ASSERT_LT((golden.rate(k) - rate[static_cast<std::size_t>(k)]).norm(), 1e-12)
            << name_of(s.order) << n;
        ASSERT_LT((golden.error(k) - error[static_cast<std::size_t>(k)]).norm(), 1e-12)
            << name_of(s.order) << n;
      }
    }
    for (std::size_t c = 0; c < w.size(); ++c)
      EXPECT_LT((golden.weights()[c] - w[c]).norm(), 1e-12) << name_of(s.order) << " connection " << c;
  }
}

// For small nudges the change is beta times minus the slope of the loss of the settled graph, loops included.
TEST(Graphs, LearningDescendsTheLossOfTheSettledGraph) {
  const Eigen::VectorXd input = Eigen::VectorXd::LinSpaced(3, -1.0, 1.0), target = Eigen::VectorXd::Ones(2);
  Network<double> net = graph_network<double>(12);
  const auto loss = [&] {
    Drive<double> free{input, 0 * input, target, 0 * target, 0.0};
    Layers<double> u = feedforward(net, input);
    for (int n = 0; n < 500; ++n) {
      Layers<double> rate = evaluate(net, u, free).rate;
      for (int k = 1; k <= 3; ++k) u[static_cast<std::size_t>(k)] = net.basal(k, rate);
    }
    return (target - u[3]).squaredNorm() / 2;
  };
  for (const Order order : {Order::sweep, Order::parallel}) {
    GoldenSettings s;
    s.layers = layers;
    s.connections = graph;
    s.order = order;
    s.beta = 1e-6;
    s.learning = false;
    Golden golden(s, {net.weights.begin(), net.weights.end()});
    for (int n = 0; n < 300; ++n) golden.tick(input.data(), target.data(), 1.0);
    for (std::size_t c = 0; c < graph.size(); ++c) {
      const auto [source, to] = graph[c];
      const Eigen::MatrixXd change =
          golden.error(to) * (source == 0 ? input : golden.rate(source)).transpose() / s.beta;
      for (Eigen::Index i = 0; i < change.rows(); ++i)
        for (Eigen::Index j = 0; j < change.cols(); ++j) {
          double& w = net.weights[c](i, j);
          const double was = w;
          w = was + 1e-5;
          const double up = loss();
          w = was - 1e-5;
          const double down = loss();
          w = was;
          ASSERT_NEAR(change(i, j), -(up - down) / 2e-5, 2e-6) << name_of(order) << " connection " << c;
        }
    }
  }
}

TEST(Graphs, AChainWrittenOutIsTheChain) {
  EXPECT_TRUE(resolved({{2, 3}, {0, 1}, {1, 2}}, 4).empty());
  EXPECT_EQ(resolved({{1, 3}, {2, 3}, {0, 2}, {1, 2}, {0, 1}}, 4),
            (Connections{{0, 1}, {0, 2}, {1, 2}, {1, 3}, {2, 3}}));
  EXPECT_EQ(weight_names({}, 3), (std::vector<std::string>{"W1", "W2"}));
  EXPECT_EQ(weight_names({{0, 1}, {0, 2}, {1, 2}}, 3), (std::vector<std::string>{"W1_0", "W2_0", "W2_1"}));
  EXPECT_EQ(weight_shapes({3, 4, 2}, Bias::with, {{0, 1}, {0, 2}, {1, 2}}),
            (std::vector<std::pair<int, int>>{{4, 4}, {2, 4}, {2, 4}}));
}

TEST(Graphs, RefuseWhatIsNone) {
  const std::pair<Connections, const char*> cases[] = {
      {{{0, 1}, {1, 2}, {2, 3}, {3, 1}},
       "[3, 1]; accepted: [source, target] with source 0..2 (nothing leaves"},
      {{{0, 1}, {1, 0}, {1, 2}, {2, 3}}, "[1, 0]; accepted"},
      {{{0, 1}, {1, 2}, {2, 4}}, "[2, 4]; accepted"},
      {{{0, 1}, {1, 2}, {1, 2}, {2, 3}}, "[1, 2] twice; accepted: every pair once"},
      {{{0, 1}, {0, 3}, {1, 3}}, "layer 2 has no input; accepted: a connection into each of 1..3"},
      {{{0, 1}, {1, 2}, {1, 3}}, "layer 2 does not lead to the output; accepted: a path"},
      {{{1, 1}, {1, 2}, {2, 3}}, "layer 0 does not lead to the output"},
  };
  for (const auto& [connections, message] : cases) {
    const auto refused = message_of([c = connections] { resolved(c, 4); });
    EXPECT_TRUE(contains(refused, std::string("network.connections: ") + message)) << refused;
  }
}
