// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/elementary.hpp"
#include "model/settings/choice.hpp"

namespace apical::model {

/// r̄ = φ(u). hard_sigmoid is clip(u, 0, 1), silu is u · logistic(u); derivatives are right-continuous at
/// kinks.
enum class Activation { logistic, tanh, hard_sigmoid, softplus, relu, linear, silu };
constexpr auto choices(Activation) {
  return std::array{"logistic", "tanh", "hard_sigmoid", "softplus", "relu", "linear", "silu"};
}

/// Between what rates lie; the ends may be infinite.
struct RateRange {
  double lowest, highest;
};
RateRange range_of(Activation);

/// φ(u), for double and for Boost.Multiprecision numbers.
template <class S>
S phi(Activation f, const S& u) {
  switch (f) {
    case Activation::logistic:
      return u >= 0 ? S(1 / (1 + exp(-u))) : S(exp(u) / (1 + exp(u)));
    case Activation::tanh:
      return S(tanh(u));
    case Activation::hard_sigmoid:
      return u < 0 ? S(0) : u > 1 ? S(1) : u;
    case Activation::softplus:
      return u > 0 ? S(u + log1p(S(exp(-u)))) : S(log1p(S(exp(u))));
    case Activation::relu:
      return u > 0 ? u : S(0);
    case Activation::silu:
      return u * phi(Activation::logistic, u);
    case Activation::linear:
      break;
  }
  return u;
}

/// φ'(u).
template <class S>
S phi_prime(Activation f, const S& u) {
  switch (f) {
    case Activation::logistic:
      return phi(f, u) * phi(f, S(-u));
    case Activation::tanh: {
      const S r = phi(f, u);
      return (1 - r) * (1 + r);
    }
    case Activation::hard_sigmoid:
      return u >= 0 && u < 1 ? S(1) : S(0);
    case Activation::softplus:
      return phi(Activation::logistic, u);
    case Activation::relu:
      return u >= 0 ? S(1) : S(0);
    case Activation::silu:
      return phi(Activation::logistic, u) + u * phi_prime(Activation::logistic, u);
    case Activation::linear:
      break;
  }
  return S(1);
}

/// φ''(u) where φ and φ' of it are known; zero at kinks.
template <class S>
S phi_second(Activation f, const S& u, const S& rate, const S& slope) {
  switch (f) {
    case Activation::logistic:
      return slope * (1 - 2 * rate);
    case Activation::tanh:
      return -2 * rate * slope;
    case Activation::softplus:
      return slope * (1 - slope);
    case Activation::silu:
      return phi_prime(Activation::logistic, u) * (2 + u * (1 - 2 * phi(Activation::logistic, u)));
    default:
      return S(0);
  }
}

}  // namespace apical::model
