// SPDX-License-Identifier: Apache-2.0
// Referee: energy, gradient, Hessian and flows of a chain, from equations (1)-(6), (10), (11).
// Written from the equations alone. Layer 0 is the input, index 0 of Layers is empty for voltages.
#pragma once
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/model/independent_activation.hpp"

namespace referee {

using Vec = std::vector<double>;
using Matrix = std::vector<Vec>;  // [row][column]
using Layers = std::vector<Vec>;  // [layer][unit]
using Index = std::size_t;

// y += W r. A matrix with one column more than r has units has a bias, whose source is `constant`.
inline void add_product(const Matrix& W, const Vec& r, Vec& y, double constant = 1.0) {
  for (Index i = 0; i < W.size(); ++i) {
    for (Index j = 0; j < r.size(); ++j) y[i] += W[i][j] * r[j];
    if (W[i].size() == r.size() + 1) y[i] += W[i][r.size()] * constant;
  }
}

// x += W^T y, without a bias column.
inline void add_transposed(const Matrix& W, const Vec& y, Vec& x) {
  for (Index i = 0; i < W.size(); ++i)
    for (Index j = 0; j < x.size(); ++j) x[j] += W[i][j] * y[i];
}

inline Matrix zero_matrix(Index rows, Index columns) {
  return Matrix(rows, Vec(columns, 0.0));
}

// Zero in every unit of layers 1..N, layer 0 empty.
inline Layers zero_layers(const std::vector<Index>& sizes) {
  Layers x(sizes.size());
  for (Index k = 1; k < sizes.size(); ++k) x[k].assign(sizes[k], 0.0);
  return x;
}

// x + h y
inline Layers moved(Layers x, double h, const Layers& y) {
  for (Index k = 1; k < x.size(); ++k)
    for (Index i = 0; i < x[k].size(); ++i) x[k][i] += h * y[k][i];
  return x;
}

inline double distance(const Layers& x, const Layers& y) {
  double d = 0;
  for (Index k = 1; k < x.size(); ++k)
    for (Index i = 0; i < x[k].size(); ++i) d = std::fmax(d, std::fabs(x[k][i] - y[k][i]));
  return d;
}

struct Network {
  std::vector<Index> sizes;  // n_0 .. n_N
  Activation activation;
  bool bias;                    // false: no constant source, no last column
  std::vector<Matrix> weights;  // weights[k] is W_k, weights[0] is empty

  Network(std::vector<Index> layer_sizes, Activation f, bool with_bias = true)
      : sizes(std::move(layer_sizes)), activation(f), bias(with_bias), weights(sizes.size()) {
    for (Index k = 1; k < sizes.size(); ++k)
      weights[k] = zero_matrix(sizes[k], sizes[k - 1] + (bias ? 1 : 0));
  }
  Index last() const { return sizes.size() - 1; }
};

// What the world shows at one instant.
struct Drive {
  Vec input, target;
  double beta = 0;
};

inline Layers rates(const Network& net, const Layers& u, const Vec& input) {
  Layers r(u.size());
  r[0] = input;
  for (Index k = 1; k < u.size(); ++k)
    for (double x : u[k]) r[k].push_back(phi(net.activation, x));
  return r;
}

// W_k r_{k-1}, from layer 1 up.
inline Layers basal(const Network& net, const Layers& r) {
  Layers p = zero_layers(net.sizes);
  for (Index k = 1; k <= net.last(); ++k) add_product(net.weights[k], r[k - 1], p[k]);
  return p;
}

// a_k of (3) for k < N, 0 in layer N.
inline Layers apical(const Network& net, const Layers& u, const Layers& r) {
  Layers a = zero_layers(net.sizes);
  const Layers mismatch = moved(u, -1.0, basal(net, r));
  for (Index k = 1; k < net.last(); ++k) add_transposed(net.weights[k + 1], mismatch[k + 1], a[k]);
  return a;
}

// The errors e_k of (3).
inline Layers errors(const Network& net, const Layers& u, const Drive& world) {
  Layers e = apical(net, u, rates(net, u, world.input));
  const Index N = net.last();
  for (Index k = 1; k < N; ++k)
    for (Index i = 0; i < e[k].size(); ++i) e[k][i] *= phi1(net.activation, u[k][i]);
  for (Index i = 0; i < e[N].size(); ++i) e[N][i] = world.beta * (world.target[i] - u[N][i]);
  return e;
}

// E of (1).
inline double energy(const Network& net, const Layers& u, const Drive& world) {
  const Layers d = moved(u, -1.0, basal(net, rates(net, u, world.input)));
  double E = 0;
  for (const Vec& layer : d)
    for (double x : layer) E += 0.5 * x * x;
  const Vec& out = u[net.last()];
  for (Index i = 0; i < out.size(); ++i) {
    const double x = world.target[i] - out[i];
    E += 0.5 * world.beta * x * x;
  }
  return E;
}

// F of (2).
inline Layers gradient(const Network& net, const Layers& u, const Drive& world) {
  return moved(moved(u, -1.0, basal(net, rates(net, u, world.input))), -1.0, errors(net, u, world));
}

// dF/dt at fixed u, used in (6). `rate` holds the derivatives of input and target.
inline Layers gradient_in_time(const Network& net, const Drive& rate) {
  Layers f = zero_layers(net.sizes);
  const Index N = net.last();
  Vec moving(net.sizes[1], 0.0);
  add_product(net.weights[1], rate.input, moving, 0.0);
  for (Index i = 0; i < moving.size(); ++i) f[1][i] -= moving[i];
  for (Index i = 0; i < f[N].size(); ++i) f[N][i] -= rate.beta * rate.target[i];
  return f;
}

// Where the units of every layer start in a flat vector.
inline std::vector<Index> offsets(const Network& net) {
  std::vector<Index> start(net.sizes.size() + 1, 0);
  for (Index k = 1; k < net.sizes.size(); ++k) start[k + 1] = start[k] + net.sizes[k];
  return start;
}

// The Hessian, as derivatives of F_ki = u_ki - (W_k r_{k-1})_i - r'_ki a_ki, term by term.
inline Matrix hessian(const Network& net, const Layers& u, const Drive& world) {
  const std::vector<Index> at = offsets(net);
  const Index N = net.last();
  const Activation f = net.activation;
  Matrix H = zero_matrix(at[N + 1], at[N + 1]);
  const Layers a = apical(net, u, rates(net, u, world.input));
  for (Index k = 1; k <= N; ++k) {
    for (Index i = 0; i < net.sizes[k]; ++i) {
      Vec& row = H[at[k] + i];
      row[at[k] + i] += 1.0;
      if (k > 1)  // through r_{k-1}
        for (Index j = 0; j < net.sizes[k - 1]; ++j)
          row[at[k - 1] + j] -= net.weights[k][i][j] * phi1(f, u[k - 1][j]);
      if (k == N) {  // -beta (target - u_N)
        row[at[k] + i] += world.beta;
        continue;
      }
      row[at[k] + i] -= phi2(f, u[k][i]) * a[k][i];  // through r'_k
      const double slope = phi1(f, u[k][i]);
      for (Index l = 0; l < net.sizes[k + 1]; ++l) {
        const Vec& w = net.weights[k + 1][l];
        row[at[k + 1] + l] -= slope * w[i];  // a_k through u_{k+1}
        for (Index j = 0; j < net.sizes[k]; ++j)
          row[at[k] + j] += slope * w[i] * w[j] * phi1(f, u[k][j]);  // a_k through r_k
      }
    }
  }
  return H;
}

// Solves A x = b by elimination, always with the largest pivot of the column.
inline Vec solve(Matrix A, Vec b) {
  const Index n = b.size();
  for (Index c = 0; c < n; ++c) {
    Index pivot = c;
    for (Index i = c + 1; i < n; ++i)
      if (std::fabs(A[i][c]) > std::fabs(A[pivot][c])) pivot = i;
    if (!(std::fabs(A[pivot][c]) > 0)) throw std::runtime_error("singular matrix");
    std::swap(A[c], A[pivot]);
    std::swap(b[c], b[pivot]);
    for (Index i = c + 1; i < n; ++i) {
      const double factor = A[i][c] / A[c][c];
      for (Index j = c; j < n; ++j) A[i][j] -= factor * A[c][j];
      b[i] -= factor * b[c];
    }
  }
  for (Index c = n; c-- > 0;) {
    for (Index j = c + 1; j < n; ++j) b[c] -= A[c][j] * b[j];
    b[c] /= A[c][c];
  }
  return b;
}

// du/dt of (5).
inline Layers gradient_flow(const Network& net, const Layers& u, const Drive& world, double tau) {
  return moved(zero_layers(net.sizes), -1.0 / tau, gradient(net, u, world));
}

// du/dt of (6).
inline Layers lagrangian_flow(const Network& net, const Layers& u, const Drive& world, const Drive& rate,
                              double tau) {
  const Layers right = moved(gradient_flow(net, u, world, tau), -1.0, gradient_in_time(net, rate));
  Vec b;
  for (const Vec& layer : right) b.insert(b.end(), layer.begin(), layer.end());
  const Vec x = solve(hessian(net, u, world), b);
  const std::vector<Index> at = offsets(net);
  Layers v = zero_layers(net.sizes);
  for (Index k = 1; k <= net.last(); ++k)
    for (Index i = 0; i < v[k].size(); ++i) v[k][i] = x[at[k] + i];
  return v;
}

// One tick: input and target move linearly from their start to their end.
struct Tick {
  Vec input_start, input_end, target_start, target_end;
  double beta = 0, dt = 1;

  Drive at(double fraction) const {  // 0 is the start, 1 is the end
    return {mix(input_start, input_end, fraction), mix(target_start, target_end, fraction), beta};
  }
  Drive rate() const { return {slope(input_start, input_end), slope(target_start, target_end), beta}; }

 private:
  static Vec mix(const Vec& x, const Vec& y, double fraction) {
    Vec z(x.size());
    for (Index i = 0; i < z.size(); ++i) z[i] = (1.0 - fraction) * x[i] + fraction * y[i];
    return z;
  }
  Vec slope(const Vec& x, const Vec& y) const {
    Vec z(x.size());
    for (Index i = 0; i < z.size(); ++i) z[i] = (y[i] - x[i]) / dt;
    return z;
  }
};

enum class Flow { gradient, lagrangian };

// Classical Runge-Kutta with n substeps over one tick, on (5) or (6). Changes u.
inline void runge_kutta(const Network& net, Layers& u, const Tick& tick, double tau, Index n, Flow flow) {
  const double part = 1.0 / static_cast<double>(n), h = tick.dt * part;
  const Drive rate = tick.rate();
  const auto velocity = [&](double fraction, const Layers& x) {
    const Drive world = tick.at(fraction);
    return flow == Flow::gradient ? gradient_flow(net, x, world, tau)
                                  : lagrangian_flow(net, x, world, rate, tau);
  };
  for (Index s = 0; s < n; ++s) {
    const double start = static_cast<double>(s) * part;
    const Layers a = velocity(start, u);
    const Layers b = velocity(start + part / 2, moved(u, h / 2, a));
    const Layers c = velocity(start + part / 2, moved(u, h / 2, b));
    const Layers d = velocity(start + part, moved(u, h, c));
    u = moved(moved(moved(moved(u, h / 6, a), h / 3, b), h / 3, c), h / 6, d);
  }
}

// du/dt of (10). `last` is du/dt of the step before.
inline Layers direct_velocity(const Network& net, const Layers& u, const Layers& last, const Drive& world,
                              const Drive& rate, double tau) {
  const Index N = net.last();
  const Activation f = net.activation;
  Layers dr(u.size());  // dr/dt = r' du/dt
  dr[0] = rate.input;
  for (Index k = 1; k <= N; ++k)
    for (Index i = 0; i < u[k].size(); ++i) dr[k].push_back(phi1(f, u[k][i]) * last[k][i]);
  Layers forward = zero_layers(net.sizes);  // W dr/dt, the constant source doesn't move
  for (Index k = 1; k <= N; ++k) add_product(net.weights[k], dr[k - 1], forward[k], 0.0);
  const Layers a = apical(net, u, rates(net, u, world.input));
  Layers da = zero_layers(net.sizes);  // W^T (du/dt - W dr/dt) of the layer above
  const Layers dmismatch = moved(last, -1.0, forward);
  for (Index k = 1; k < N; ++k) add_transposed(net.weights[k + 1], dmismatch[k + 1], da[k]);
  Layers v = moved(gradient_flow(net, u, world, tau), 1.0, forward);
  for (Index k = 1; k < N; ++k)
    for (Index i = 0; i < u[k].size(); ++i)
      v[k][i] += phi2(f, u[k][i]) * last[k][i] * a[k][i] + phi1(f, u[k][i]) * da[k][i];
  for (Index i = 0; i < u[N].size(); ++i) v[N][i] += world.beta * (rate.target[i] - last[N][i]);
  return v;
}

// Explicit Euler of the direct scheme (10). at_end takes input and target of the tick's end.
struct Direct {
  Layers u, velocity;  // du/dt before the first tick is 0
  explicit Direct(const Network& net) : u(zero_layers(net.sizes)), velocity(zero_layers(net.sizes)) {}
  void step(const Network& net, const Tick& tick, double tau, bool at_end = false) {
    velocity = direct_velocity(net, u, velocity, tick.at(at_end ? 1.0 : 0.0), tick.rate(), tau);
    u = moved(u, tick.dt, velocity);
  }
};

// The integrated scheme (11) as written. The caller shows the world of the last tick.
struct Integrated {
  Layers u, start;  // start is F(0)
  Index n = 0;
  Integrated(const Network& net, const Drive& first)
      : u(zero_layers(net.sizes)), start(gradient(net, u, first)) {}
  void step(const Network& net, const Drive& world, double dt, double tau) {
    ++n;
    const Layers e = errors(net, u, world);
    const Layers drive = moved(basal(net, rates(net, u, world.input)), 1.0, e);
    u = moved(drive, std::exp(-static_cast<double>(n) * dt / tau), start);
  }
};

}  // namespace referee
