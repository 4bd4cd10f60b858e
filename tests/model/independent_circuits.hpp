// SPDX-License-Identifier: Apache-2.0
// Referee: networks that go tick by tick, and the baselines. Equations (12)-(16), (25)-(37), (41)-(43).
#pragma once
#include <complex>

#include "independent_flows.hpp"

namespace referee {

// W += factor y r^T, and the bias column learns from the constant 1.
inline void add_outer(Matrix& W, double factor, const Vec& y, const Vec& r) {
  for (Index i = 0; i < W.size(); ++i)
    for (Index j = 0; j < W[i].size(); ++j) W[i][j] += factor * y[i] * (j < r.size() ? r[j] : 1.0);
}

enum class Order { sweep, parallel };
enum class Response { prospective, advanced };

// Where the text can be read in two ways. The defaults are the referee's choice, see NOTES.md.
struct Readings {
  bool membrane_sees_old_nudge = false;  // sweep: (15) with the nudge the soma saw
  bool error_sees_new_basal = false;     // parallel: (14) with I of this tick, not of the last
  bool error_sees_old_m = false;         // parallel: (14) with m of the last tick
  bool soma_before_learning = false;     // parallel: I from the weights before this tick's (16)
  bool learn_from_old_input = false;     // parallel: (16) of connections from layer 0 with the last input
  bool soma_sees_old_input = false;      // parallel: (12) of connections from layer 0 with the last input
};

struct UnitSettings {
  double dt = 1, tau = 10;
  Order order = Order::sweep;
  Response response = Response::prospective;
  bool gamma = true;    // 1 or 0
  bool with_m = false;  // m of (11), else m = 0
  bool learning = false;
  Vec eta;            // eta[k], k = 1..N
  Layers rho, alpha;  // [k][i]; left empty: rho = 1, alpha = dt / tau
  Readings readings;
};

struct LayerState {
  Vec u, membrane, rate, slope, basal, apical, nudge, error, m;  // layer 0 has a rate only
};

struct Connection {
  Index source, target;
};

inline std::vector<Connection> chain(Index last) {
  std::vector<Connection> c;
  for (Index k = 1; k <= last; ++k) c.push_back({k - 1, k});
  return c;
}

// The prospective unit on any graph of layers: (12)-(16), (36), (37).
struct UnitNetwork {
  std::vector<Index> sizes;
  Activation activation;
  std::vector<Connection> connections;
  std::vector<Matrix> weights;  // one per connection; the first of every target has a bias column
  UnitSettings set;
  std::vector<LayerState> layers;
  Layers first;  // F(0)
  Index ticks = 0;

  UnitNetwork(std::vector<Index> layer_sizes, Activation f, std::vector<Connection> list,
              std::vector<Matrix> matrices, UnitSettings settings)
      : sizes(std::move(layer_sizes)),
        activation(f),
        connections(std::move(list)),
        weights(std::move(matrices)),
        set(std::move(settings)),
        layers(sizes.size()) {
    start();
  }
  UnitNetwork(const Network& net, UnitSettings settings)
      : UnitNetwork(net.sizes, net.activation, chain(net.last()),
                    std::vector<Matrix>(net.weights.begin() + 1, net.weights.end()), std::move(settings)) {}

  Index last() const { return sizes.size() - 1; }

  void tick(const Vec& input, const Vec& target, double beta) {
    if (ticks == 0) {
      first = gradient_of_state(input, target, beta);
      layers[0].rate = input;
    }
    ++ticks;
    const double t = static_cast<double>(ticks) * set.dt;
    std::vector<Vec> old_m;
    for (Index k = 1; k <= last(); ++k) {
      old_m.push_back(layers[k].m);
      for (Index i = 0; set.with_m && i < sizes[k]; ++i)
        layers[k].m[i] = first[k][i] * std::exp(-t / set.tau);  // (11)
    }
    if (set.order == Order::sweep) {
      layers[0].rate = input;
      for (Index k = 1; k <= last(); ++k) {
        forward(k, layers);
        soma(k);
      }
      std::vector<Vec> old_nudge(1);
      for (Index k = 1; k <= last(); ++k) old_nudge.push_back(layers[k].nudge);
      for (Index k = last(); k >= 1; --k) {
        backward(k, layers, target, beta);
        error(k, layers[k].basal, layers[k].m);
      }
      for (Index k = 1; k <= last(); ++k)
        membrane(k, set.readings.membrane_sees_old_nudge ? old_nudge[k] : layers[k].nudge);
      if (set.learning) learn(layers);
      return;
    }
    // Parallel: errors, learning, somata, membranes, from what the last tick left.
    const std::vector<LayerState> old = layers;
    std::vector<LayerState> sent = old;
    sent[0].rate = input;  // the input arrives at once
    const Readings& readings = set.readings;
    std::vector<LayerState> learned_from = sent, seen = sent;
    if (readings.learn_from_old_input) learned_from[0] = old[0];
    if (readings.soma_sees_old_input) seen[0] = old[0];
    for (Index k = 1; k <= last(); ++k) {
      if (readings.error_sees_new_basal) forward(k, seen);
      backward(k, old, target, beta);
      error(k, layers[k].basal, readings.error_sees_old_m ? old_m[k - 1] : layers[k].m);
    }
    if (readings.soma_before_learning)
      for (Index k = 1; k <= last(); ++k) forward(k, seen);
    if (set.learning) learn(learned_from);
    for (Index k = 1; k <= last(); ++k) {
      if (!readings.soma_before_learning) forward(k, seen);
      soma(k);
      membrane(k, layers[k].nudge);
    }
    layers[0].rate = input;
  }

  // F of the present state, from the energy of (38). On a chain that is (2).
  Layers gradient_of_state(const Vec& input, const Vec& target, double beta) const {
    Layers d = zero_layers(sizes), fed = zero_layers(sizes), F;
    for (Index k = 1; k <= last(); ++k) d[k] = layers[k].u;
    for (Index c = 0; c < connections.size(); ++c) {
      const Index j = connections[c].source, k = connections[c].target;
      Vec r = input;
      if (j > 0) {
        r.clear();
        for (double x : layers[j].u) r.push_back(phi(activation, x));
      }
      add_product(weights[c], r, fed[k]);
    }
    d = moved(d, -1.0, fed);
    F = d;
    for (Index c = 0; c < connections.size(); ++c) {
      const Index j = connections[c].source, k = connections[c].target;
      if (j == 0) continue;
      Vec a(sizes[j], 0.0);
      add_transposed(weights[c], d[k], a);
      for (Index i = 0; i < a.size(); ++i) F[j][i] -= phi1(activation, layers[j].u[i]) * a[i];
    }
    const Index N = last();
    for (Index i = 0; i < sizes[N]; ++i) F[N][i] -= beta * (target[i] - layers[N].u[i]);
    return F;
  }

 private:
  double rho(Index k, Index i) const { return set.rho.empty() ? 1.0 : set.rho[k][i]; }
  double alpha(Index k, Index i) const { return set.alpha.empty() ? set.dt / set.tau : set.alpha[k][i]; }

  // Voltages, membranes, nudges and errors are 0, rates phi(0), slopes phi'(0).
  void start() {
    layers[0].rate.assign(sizes[0], 0.0);
    for (Index k = 1; k <= last(); ++k) {
      LayerState& s = layers[k];
      s.u = s.membrane = s.basal = s.apical = s.nudge = s.error = s.m = Vec(sizes[k], 0.0);
      s.rate.assign(sizes[k], phi(activation, 0.0));
      s.slope.assign(sizes[k], phi1(activation, 0.0));
    }
  }
  // I_k of (36).
  void forward(Index k, const std::vector<LayerState>& from) {
    Vec I(sizes[k], 0.0);
    for (Index c = 0; c < connections.size(); ++c)
      if (connections[c].target == k) add_product(weights[c], from[connections[c].source].rate, I);
    layers[k].basal = I;
  }
  // (12), (13).
  void soma(Index k) {
    LayerState& s = layers[k];
    for (Index i = 0; i < sizes[k]; ++i) {
      const double drive = s.basal[i] + (set.gamma ? s.nudge[i] : 0.0) + s.m[i];
      // The same as s + rho (drive - s), without rounding at rho = 1.
      s.u[i] = (1.0 - rho(k, i)) * s.membrane[i] + rho(k, i) * drive;
      if (set.response == Response::prospective) {
        s.rate[i] = phi(activation, s.u[i]);
        s.slope[i] = phi1(activation, s.u[i]);
      } else {
        s.slope[i] = phi1(activation, s.membrane[i]);
        s.rate[i] = phi(activation, s.membrane[i]) + s.slope[i] * (s.u[i] - s.membrane[i]);
      }
    }
  }
  // a_k of (36) and e of (14).
  void backward(Index k, const std::vector<LayerState>& from, const Vec& target, double beta) {
    LayerState& s = layers[k];
    Vec a(sizes[k], 0.0);
    for (Index c = 0; c < connections.size(); ++c)
      if (connections[c].source == k) add_transposed(weights[c], from[connections[c].target].error, a);
    for (Index i = 0; i < sizes[k]; ++i)
      s.nudge[i] = k == last() ? beta * (target[i] - from[k].u[i]) : from[k].slope[i] * a[i];
    s.apical = a;
  }
  // err of (14), as (1 - rho) (s - I) + rho (e + m).
  void error(Index k, const Vec& I, const Vec& m) {
    LayerState& s = layers[k];
    for (Index i = 0; i < sizes[k]; ++i)
      s.error[i] = set.gamma ? (1.0 - rho(k, i)) * (s.membrane[i] - I[i]) + rho(k, i) * (s.nudge[i] + m[i])
                             : s.nudge[i];
  }
  // (15).
  void membrane(Index k, const Vec& e) {
    LayerState& s = layers[k];
    for (Index i = 0; i < sizes[k]; ++i)
      s.membrane[i] += alpha(k, i) * (s.basal[i] + (set.gamma ? e[i] : 0.0) + s.m[i] - s.membrane[i]);
  }
  // (16), (37).
  void learn(const std::vector<LayerState>& from) {
    for (Index c = 0; c < connections.size(); ++c) {
      const Index k = connections[c].target;
      add_outer(weights[c], set.eta[k] * set.dt, layers[k].error, from[connections[c].source].rate);
    }
  }
};

struct MicrocircuitSettings {
  double dt = 1, lambda = 0, decay = 0;
  bool learn_forward = false, learn_ip = false, learn_pi = false, learn_feedback = false;  // (29)..(32)
  bool decay_bias = true, decay_first = false;  // does (32) reach the bias of W_{k+1}, and W_1?
  Vec eta, eta_ip, eta_pi;                      // [k]; eta of B_{k+1} is eta[k + 1]
};

// The dendritic microcircuit (27)-(32), in sweep order.
struct Microcircuit {
  Network net;                        // W_k
  std::vector<Matrix> B, W_ip, W_pi;  // B[k+1] [n_k][n_{k+1}], W_ip[k], W_pi[k], k = 1..N-1
  MicrocircuitSettings set;
  // u has the nudge of the tick before, sent is W r + the nudge of this tick.
  Layers u, sent, interneuron, rate, slope, basal, apical, nudge, error;

  // Starts in the self-predicting state, with B = W^T.
  Microcircuit(const Network& network, MicrocircuitSettings settings)
      : net(network),
        B(net.sizes.size()),
        W_ip(B),
        W_pi(B),
        set(std::move(settings)),
        u(zero_layers(net.sizes)),
        sent(u),
        interneuron(u),
        rate(u),
        slope(u),
        basal(u),
        apical(u),
        nudge(u),
        error(u) {
    interneuron[net.last()].clear();
    for (Index k = 1; k <= net.last(); ++k) {
      rate[k].assign(net.sizes[k], phi(net.activation, 0.0));
      slope[k].assign(net.sizes[k], phi1(net.activation, 0.0));
      if (k == net.last()) continue;
      interneuron[k].assign(net.sizes[k + 1], 0.0);
      B[k + 1] = zero_matrix(net.sizes[k], net.sizes[k + 1]);
      for (Index i = 0; i < net.sizes[k]; ++i)
        for (Index j = 0; j < net.sizes[k + 1]; ++j) B[k + 1][i][j] = net.weights[k + 1][j][i];
      W_pi[k] = B[k + 1];
      W_ip[k] = net.weights[k + 1];
    }
  }

  void tick(const Vec& input, const Vec& target, double beta) {
    const Index N = net.last();
    rate[0] = input;
    Layers predicted = zero_layers(net.sizes);  // W^IP_k r_k, at index k + 1
    for (Index k = 1; k <= N; ++k) {            // soma (29)
      basal[k].assign(net.sizes[k], 0.0);
      add_product(net.weights[k], rate[k - 1], basal[k]);
      for (Index i = 0; i < net.sizes[k]; ++i) {
        u[k][i] = basal[k][i] + nudge[k][i];
        rate[k][i] = phi(net.activation, u[k][i]);
        slope[k][i] = phi1(net.activation, u[k][i]);
      }
    }
    for (Index k = N; k >= 1; --k) {
      apical[k].assign(net.sizes[k], 0.0);
      if (k < N) {
        add_product(W_ip[k], rate[k], predicted[k + 1]);
        for (Index i = 0; i < net.sizes[k + 1]; ++i)  // (28)
          interneuron[k][i] = (1.0 - set.lambda) * predicted[k + 1][i] + set.lambda * sent[k + 1][i];
        Vec explained(net.sizes[k], 0.0);
        add_product(B[k + 1], sent[k + 1], apical[k]);  // (27)
        add_product(W_pi[k], interneuron[k], explained);
        for (Index i = 0; i < net.sizes[k]; ++i) apical[k][i] -= explained[i];
      }
      for (Index i = 0; i < net.sizes[k]; ++i) {
        nudge[k][i] = k == N ? beta * (target[i] - u[k][i]) : slope[k][i] * apical[k][i];
        sent[k][i] = basal[k][i] + nudge[k][i];
        error[k][i] = nudge[k][i];  // sent - W r, without rounding
      }
    }
    learn(predicted);
  }

 private:
  void learn(const Layers& predicted) {
    for (Index k = 1; k <= net.last(); ++k) {
      Matrix& W = net.weights[k];
      const Matrix before = W;
      if (set.learn_forward) {  // (29)
        add_outer(W, set.eta[k] * set.dt, error[k], rate[k - 1]);
        if (set.learn_feedback && (k > 1 || set.decay_first)) decay(W, before, error[k], rate[k - 1], false);
      }
      if (k == 1) continue;
      if (set.learn_feedback) {  // (32)
        const Matrix old = B[k];
        add_outer(B[k], set.eta[k] * set.dt, rate[k - 1], error[k]);
        decay(B[k], old, error[k], rate[k - 1], true);
      }
      if (set.learn_ip) {  // (30), with the interneurons of layer k - 1
        Vec d(net.sizes[k], 0.0);
        for (Index i = 0; i < d.size(); ++i) d[i] = sent[k][i] - predicted[k][i];
        add_outer(W_ip[k - 1], set.lambda * set.eta_ip[k - 1] * set.dt, d, rate[k - 1]);
      }
      if (set.learn_pi)  // (31)
        add_outer(W_pi[k - 1], set.eta_pi[k - 1] * set.dt, apical[k - 1], interneuron[k - 1]);
    }
  }
  // The decay of (32), only where error and rate aren't 0.
  void decay(Matrix& W, const Matrix& before, const Vec& e, const Vec& r, bool transposed) const {
    for (Index i = 0; i < W.size(); ++i) {
      for (Index j = 0; j < W[i].size(); ++j) {
        const Index to = transposed ? j : i, from = transposed ? i : j;
        const bool bias = from >= r.size();
        if (bias && !set.decay_bias) continue;
        const bool asked = std::fabs(e[to]) > 0 && (bias || std::fabs(r[from]) > 0);
        if (asked) W[i][j] -= set.dt * set.decay * before[i][j];
      }
    }
  }
};

}  // namespace referee
