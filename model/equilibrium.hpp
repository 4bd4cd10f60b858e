// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdexcept>

#include "model/hessian_solve.hpp"

namespace apical::model {

/// Voltages that every forward pass gives: without recurrent connections the equilibrium without a nudge.
/// Recurrent ones count as what layers at u = 0 send: a start for equilibrium().
template <class S>
Layers<S> feedforward(const Network<S>& net, const Vector<S>& input) {
  Layers<S> u(static_cast<std::size_t>(net.depth()) + 1), rate(u.size());
  rate[0] = input;
  if (!net.chain())
    for (int k = 1; k <= net.depth(); ++k)
      rate[static_cast<std::size_t>(k)] = map(net.activation, Vector<S>(Vector<S>::Zero(net.units(k))));
  for (int k = 1; k <= net.depth(); ++k) {
    u[static_cast<std::size_t>(k)] = net.basal(k, rate);
    rate[static_cast<std::size_t>(k)] = map(net.activation, u[static_cast<std::size_t>(k)]);
  }
  return u;
}

/// The equilibrium F(u) = 0 that a Lagrangian flow rides in, by Newton's method from `u` (that of a moment
/// before, or feedforward()). Throws std::runtime_error where it doesn't converge.
template <class S>
Layers<S> equilibrium(const Network<S>& net, Layers<S> u, const Drive<S>& drive) {
  for (int step = 0; step < 50; ++step) {
    const Moment<S> m = evaluate(net, u, drive);
    const Layers<S> correction = solve(hessian(net, u, m, drive.beta), gradient(m));
    S largest = S(0);
    for (std::size_t k = 1; k < u.size(); ++k) {
      u[k] -= correction[k];
      largest = std::max<S>(largest, correction[k].cwiseAbs().maxCoeff());
    }
    if (!(largest < S(1e100))) break;
    if (largest < S(1e-12)) return u;
  }
  throw std::runtime_error("no equilibrium was found; try a smaller beta or smaller weights");
}

}  // namespace apical::model
