// SPDX-License-Identifier: Apache-2.0
// Referee: the baselines (33)-(35) and (41)-(43), and sodium gating (23)-(26).
#pragma once
#include "independent_circuits.hpp"

namespace referee {

// Equilibrium propagation. The energy F of (33).
inline double ep_energy(const Network& net, const Layers& s, const Drive& world) {
  const Layers r = rates(net, s, world.input), p = basal(net, r);
  double E = 0;
  for (Index k = 1; k <= net.last(); ++k)
    for (Index i = 0; i < s[k].size(); ++i) E += 0.5 * s[k][i] * s[k][i] - r[k][i] * p[k][i];
  for (Index i = 0; i < net.sizes[net.last()]; ++i) {
    const double d = world.target[i] - s[net.last()][i];
    E += 0.5 * world.beta * d * d;
  }
  return E;
}

// One Euler step of (34), all layers at once. beta = 0 is the free phase.
inline void ep_step(const Network& net, Layers& s, const Drive& world, double dt) {
  const Index N = net.last();
  const bool hard = net.activation == Activation::hard_sigmoid;
  const Layers r = rates(net, s, world.input);
  Layers fed = basal(net, r);
  for (Index k = 1; k < N; ++k) add_transposed(net.weights[k + 1], r[k + 1], fed[k]);
  for (Index k = 1; k <= N; ++k) {
    for (Index i = 0; i < s[k].size(); ++i) {
      const double x = s[k][i], slope = hard ? 1.0 : phi1(net.activation, x);
      double v = slope * fed[k][i] - x;
      if (k == N) v += world.beta * (world.target[i] - x);
      s[k][i] = x + dt * v;
      if (hard) s[k][i] = phi(Activation::hard_sigmoid, s[k][i]);  // clipped to 0..1
    }
  }
}

// The weight change (35). Biases learn from the constant 1. eta[k], k = 1..N.
inline std::vector<Matrix> ep_change(const Network& net, const Layers& free, const Layers& nudged,
                                     const Vec& input, const Vec& eta, double beta) {
  std::vector<Matrix> change(net.weights.size());
  const Layers a = rates(net, free, input), b = rates(net, nudged, input);
  for (Index k = 1; k <= net.last(); ++k) {
    change[k] = zero_matrix(net.sizes[k], net.weights[k][0].size());
    add_outer(change[k], eta[k] / beta, b[k], b[k - 1]);
    add_outer(change[k], -eta[k] / beta, a[k], a[k - 1]);
  }
  return change;
}

// Predictive coding. Errors of (42); u_N is not used, the output is held at the target.
inline Layers pc_errors(const Network& net, const Layers& u, const Vec& input, const Vec& target,
                        double variance) {
  Layers e = u;
  e[net.last()] = target;
  e = moved(e, -1.0, basal(net, rates(net, u, input)));
  for (double& x : e[net.last()]) x /= variance;
  return e;
}

// The energy (41).
inline double pc_energy(const Network& net, const Layers& u, const Vec& input, const Vec& target,
                        double variance) {
  const Layers e = pc_errors(net, u, input, target, variance);
  double E = 0;
  for (Index k = 1; k <= net.last(); ++k)
    for (double x : e[k]) E += 0.5 * x * x * (k == net.last() ? variance : 1.0);
  return E;
}

// One Euler step of (42). Layer N doesn't move.
inline void pc_step(const Network& net, Layers& u, const Vec& input, const Vec& target, double variance,
                    double dt, double tau) {
  const Layers e = pc_errors(net, u, input, target, variance);
  for (Index k = 1; k < net.last(); ++k) {
    Vec a(net.sizes[k], 0.0);
    add_transposed(net.weights[k + 1], e[k + 1], a);
    for (Index i = 0; i < a.size(); ++i)
      u[k][i] += dt / tau * (-e[k][i] + phi1(net.activation, u[k][i]) * a[i]);
  }
}

// The weight change (43).
inline std::vector<Matrix> pc_change(const Network& net, const Layers& u, const Vec& input, const Vec& target,
                                     double variance, const Vec& eta) {
  const Layers e = pc_errors(net, u, input, target, variance), r = rates(net, u, input);
  std::vector<Matrix> change(net.weights.size());
  for (Index k = 1; k <= net.last(); ++k) {
    change[k] = zero_matrix(net.sizes[k], net.weights[k][0].size());
    add_outer(change[k], eta[k], e[k], r[k - 1]);
  }
  return change;
}

// Sodium gating of the squid axon, Hodgkin and Huxley 1952, at 6.3 degrees. v in mV, rest at -65, ms.
struct Gate {
  double open, close, open_slope, close_slope;  // rates and their derivatives by v
  double steady() const { return open / (open + close); }
  double steady_slope() const {
    return (open_slope * close - open * close_slope) / ((open + close) * (open + close));
  }
  double time() const { return 1.0 / (open + close); }
};

// alpha_m = 0.1 (25 - V) / (exp((25 - V) / 10) - 1), beta_m = 4 exp(-V / 18), V = v + 65.
inline Gate activation_gate(double v) {
  Gate g{};
  const double x = (v + 40.0) / 10.0;  // alpha_m = x / (1 - exp(-x)), 1 + x/2 + x^2/12 near 0
  if (std::fabs(x) < 1e-4) {
    g.open = 1.0 + x / 2 + x * x / 12;
    g.open_slope = (0.5 + x / 6) / 10.0;
  } else {
    const double d = -std::expm1(-x);
    g.open = x / d;
    g.open_slope = (d - x * std::exp(-x)) / (d * d) / 10.0;
  }
  g.close = 4.0 * std::exp(-(v + 65.0) / 18.0);
  g.close_slope = -g.close / 18.0;
  return g;
}

// alpha_h = 0.07 exp(-V / 20), beta_h = 1 / (exp((30 - V) / 10) + 1).
inline Gate inactivation_gate(double v) {
  Gate g{};
  g.open = 0.07 * std::exp(-(v + 65.0) / 20.0);
  g.open_slope = -g.open / 20.0;
  g.close = logistic((v + 35.0) / 10.0);
  g.close_slope = g.close * (1.0 - g.close) / 10.0;
  return g;
}

// phi of (24).
inline double sodium_phi(double v) {
  const double m = activation_gate(v).steady();
  return m * m * m * inactivation_gate(v).steady();
}

// phi' of (24).
inline double sodium_slope(double v) {
  const Gate m = activation_gate(v), h = inactivation_gate(v);
  const double x = m.steady();
  return 3.0 * x * x * m.steady_slope() * h.steady() + x * x * x * h.steady_slope();
}

// (25).
inline double tau_eff(double v) {
  const Gate h = inactivation_gate(v);
  const double m = activation_gate(v).steady();
  return -h.time() * m * m * m * h.steady_slope() / sodium_slope(v);
}

// (26). omega in radians per ms.
inline std::complex<double> sodium_transfer(double v, double omega) {
  const double t = inactivation_gate(v).time(), share = tau_eff(v) / t;
  return 1.0 + share - share / (1.0 + std::complex<double>(0.0, omega * t));
}

}  // namespace referee
