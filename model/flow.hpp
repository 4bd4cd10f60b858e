// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/hessian_solve.hpp"

namespace apical::model {

/// Continuous-time dynamics of the voltages in the theory's own form. All times in ms.

/// Gradient flow, equation (5): du/dt = −F / τ.
template <class S>
Layers<S> gradient_flow(const Network<S>& net, const Layers<S>& u, const Drive<S>& drive, const S& tau) {
  Layers<S> f = gradient(evaluate(net, u, drive));
  for (std::size_t k = 1; k < f.size(); ++k) f[k] /= -tau;
  return f;
}

/// Lagrangian flow, exact, equation (6): H du/dt = −F/τ − ∂F/∂t.
template <class S>
Layers<S> exact_flow(const Network<S>& net, const Layers<S>& u, const Drive<S>& drive, const S& tau) {
  const Moment<S> m = evaluate(net, u, drive);
  const Layers<S> f = gradient(m);
  Layers<S> right = gradient_change(net, u, drive);
  for (std::size_t k = 1; k < f.size(); ++k) right[k] = -f[k] / tau - right[k];
  return solve(hessian(net, u, m, drive.beta), right);
}

/// Lagrangian flow, direct scheme, equation (10): advanced quantities from the derivative of the previous
/// step. `before` is that du/dt; returns the new one. For Euler u and `drive` are of the start of the step.
template <class S>
Layers<S> direct_flow(const Network<S>& net, const Layers<S>& u, const Layers<S>& before,
                      const Drive<S>& drive, const S& tau) {
  const Moment<S> m = evaluate(net, u, drive);
  const int last = net.depth();
  Layers<S> basal_change(u.size()), above(u.size());  // above: of the mismatch
  for (std::size_t k = 1; k < u.size(); ++k) basal_change[k] = Vector<S>::Zero(u[k].size());
  for (int c = 1; c <= net.count(); ++c) {
    const auto from = static_cast<std::size_t>(net.source(c)), to = static_cast<std::size_t>(net.target(c));
    if (from > 0)
      add_times(basal_change[to], net.synapses(c), m.slope[from].cwiseProduct(before[from]));
    else if (drive.current_change.size() > 0)
      basal_change[to] += drive.current_change;
    else
      add_times(basal_change[to], net.synapses(c), drive.input_change);
  }
  for (std::size_t k = 1; k < u.size(); ++k) above[k] = before[k] - basal_change[k];
  Layers<S> change(u.size());
  for (int k = 1; k <= last; ++k) {
    const auto i = static_cast<std::size_t>(k);
    Vector<S> nudge_change;
    if (k == last) {
      nudge_change = drive.beta * (drive.target_change - before[i]);
    } else {
      nudge_change = map_second<S>(net.activation, u[i], m.rate[i], m.slope[i])
                         .cwiseProduct(before[i])
                         .cwiseProduct(m.apical[i]) +
                     m.slope[i].cwiseProduct(net.apical(k, above));
    }
    change[i] = (-u[i] + m.basal[i] + tau * basal_change[i] + m.nudge[i] + tau * nudge_change) / tau;
  }
  return change;
}

/// Lagrangian flow, integrated scheme, equation (11): one sweep of u = W r̄ + ē + F(0) e^{−t/τ}, every unit
/// reading what its neighbours sent at the last tick. `initial` is F(0), `decay` = e^{−t/τ}; drive is that of
/// the new tick.
template <class S>
Layers<S> integrated_step(const Network<S>& net, const Layers<S>& u, const Layers<S>& initial, const S& decay,
                          const Drive<S>& drive) {
  const Moment<S> m = evaluate(net, u, drive);
  Layers<S> next(u.size());
  for (std::size_t k = 1; k < u.size(); ++k) next[k] = m.basal[k] + m.nudge[k] + decay * initial[k];
  return next;
}

/// One step of the classical Runge–Kutta method for du/dt = flow(u, t).
template <class S, class Flow>
Layers<S> runge_kutta(const Layers<S>& u, const S& t, const S& dt, Flow flow) {
  const auto moved = [&](const Layers<S>& slope, const S& by) {
    Layers<S> v = u;
    for (std::size_t k = 1; k < v.size(); ++k) v[k] += by * slope[k];
    return v;
  };
  const Layers<S> a = flow(u, t);
  const Layers<S> b = flow(moved(a, S(dt / 2)), S(t + dt / 2));
  const Layers<S> c = flow(moved(b, S(dt / 2)), S(t + dt / 2));
  const Layers<S> d = flow(moved(c, dt), S(t + dt));
  Layers<S> next = u;
  for (std::size_t k = 1; k < u.size(); ++k) next[k] += dt / 6 * (a[k] + 2 * b[k] + 2 * c[k] + d[k]);
  return next;
}

}  // namespace apical::model
