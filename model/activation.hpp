#pragma once
#include <cmath>
#include <string_view>

namespace apical::model {

/// r̄ = φ(u). hard_sigmoid is clip(u, 0, 1); derivatives are right-continuous at kinks.
enum class Activation { logistic, tanh, hard_sigmoid, softplus, relu, linear };

const char* name_of(Activation);                ///< "logistic", ...
Activation parse_activation(std::string_view);  ///< throws std::invalid_argument listing the accepted names

/// φ(u), for double and for Boost.Multiprecision numbers.
template <class S>
S phi(Activation f, const S& u) {
  using std::exp;
  using std::log1p;
  using std::tanh;
  switch (f) {
    case Activation::logistic:
      return u >= 0 ? S(1 / (1 + exp(-u))) : S(exp(u) / (1 + exp(u)));
    case Activation::tanh:
      return tanh(u);
    case Activation::hard_sigmoid:
      return u < 0 ? S(0) : u > 1 ? S(1) : u;
    case Activation::softplus:
      return u > 0 ? S(u + log1p(S(exp(-u)))) : S(log1p(S(exp(u))));
    case Activation::relu:
      return u > 0 ? u : S(0);
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
    case Activation::linear:
      break;
  }
  return S(1);
}

/// φ''(u); zero at kinks.
template <class S>
S phi_second(Activation f, const S& u) {
  switch (f) {
    case Activation::logistic:
      return phi_prime(f, u) * (1 - 2 * phi(f, u));
    case Activation::tanh:
      return -2 * phi(f, u) * phi_prime(f, u);
    case Activation::softplus:
      return phi_prime(Activation::logistic, u);
    default:
      return S(0);
  }
}

}  // namespace apical::model
