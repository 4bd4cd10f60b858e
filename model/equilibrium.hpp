#pragma once
#include <stdexcept>

#include "model/hessian_solve.hpp"

namespace apical::model {

/// Voltages that every forward pass gives: the equilibrium without a nudge.
template <class S>
Layers<S> feedforward(const Network<S>& net, const Vector<S>& input) {
  Layers<S> u(static_cast<std::size_t>(net.depth()) + 1);
  Vector<S> rate = input;
  for (int k = 1; k <= net.depth(); ++k) {
    u[static_cast<std::size_t>(k)] = net.basal(k, rate);
    rate = map(net.activation, u[static_cast<std::size_t>(k)]);
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
