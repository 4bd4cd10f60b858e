// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/energy.hpp"

namespace apical::model {

/// The least-action statement on a grid of steps dt. A path is the discounted future voltage ũ at 0, dt, 2
/// dt, …; drives are the world in the middle of every step, one fewer.
template <class S>
using Path = std::vector<Layers<S>>;

/// u = ũ − τ dũ/dt in the middle of the step from `a` to `b`, equation (19).
template <class S>
Layers<S> voltage_between(const Layers<S>& a, const Layers<S>& b, const S& dt, const S& tau) {
  Layers<S> u(a.size());
  for (std::size_t k = 1; k < a.size(); ++k) u[k] = (a[k] + b[k]) / 2 - tau / dt * (b[k] - a[k]);
  return u;
}

/// ũ of voltages u at 0, dt, 2 dt, …: (19) solved backwards in time from ũ = u at the end, so that
/// voltage_between() returns the means of neighbouring u.
template <class S>
Path<S> discounted_future(const Path<S>& u, const S& dt, const S& tau) {
  Path<S> path = u;
  const S here = S(1) / 2 + tau / dt, there = S(1) / 2 - tau / dt;
  for (std::size_t n = u.size() - 1; n-- > 0;)
    for (std::size_t k = 1; k < u[n].size(); ++k)
      path[n][k] = ((u[n][k] + u[n + 1][k]) / 2 - there * path[n + 1][k]) / here;
  return path;
}

/// The action: the sum of L dt with L = −E, equation (20).
template <class S>
S action(const Network<S>& net, const Path<S>& path, const std::vector<Drive<S>>& drives, const S& dt,
         const S& tau) {
  S sum = S(0);
  for (std::size_t n = 0; n + 1 < path.size(); ++n)
    sum -= dt * energy(net, voltage_between(path[n], path[n + 1], dt, tau), drives[n]);
  return sum;
}

/// Derivative of the action by ũ at every inner point of the grid, over dt: the Euler–Lagrange residual −(F +
/// τ dF/dt), equation (21). One entry per inner point.
template <class S>
Path<S> euler_lagrange(const Network<S>& net, const Path<S>& path, const std::vector<Drive<S>>& drives,
                       const S& dt, const S& tau) {
  Path<S> residual;
  Layers<S> before;
  for (std::size_t n = 0; n + 1 < path.size(); ++n) {
    const Layers<S> u = voltage_between(path[n], path[n + 1], dt, tau);
    const Layers<S> f = gradient(evaluate(net, u, drives[n]));
    if (n > 0) {
      Layers<S> r(f.size());
      for (std::size_t k = 1; k < f.size(); ++k)
        r[k] = -(before[k] + f[k]) / 2 - tau / dt * (f[k] - before[k]);
      residual.push_back(std::move(r));
    }
    before = f;
  }
  return residual;
}

}  // namespace apical::model
