// SPDX-License-Identifier: Apache-2.0
// Activations and their derivatives, written from model/README.md alone: no code of the project's.
#pragma once
#include <cmath>
#include <stdexcept>

namespace referee {

enum class Activation { logistic, tanh, softplus, linear, hard_sigmoid, relu, silu };

inline double logistic(double u) {
  if (u >= 0) return 1.0 / (1.0 + std::exp(-u));
  const double x = std::exp(u);
  return x / (1.0 + x);
}

inline double phi(Activation f, double u) {
  switch (f) {
    case Activation::logistic:
      return logistic(u);
    case Activation::tanh:
      return std::tanh(u);
    case Activation::softplus:
      return u > 0 ? u + std::log1p(std::exp(-u)) : std::log1p(std::exp(u));
    case Activation::linear:
      return u;
    case Activation::hard_sigmoid:
      return u < 0 ? 0.0 : (u > 1 ? 1.0 : u);
    case Activation::relu:
      return u > 0 ? u : 0.0;
    case Activation::silu:
      return u / (1.0 + std::exp(-u));
  }
  throw std::logic_error("activation");
}

// At a kink the derivative is that of the right-hand side.
inline double phi1(Activation f, double u) {
  switch (f) {
    case Activation::logistic:
      return logistic(u) * logistic(-u);
    case Activation::tanh:
      return 1.0 - std::tanh(u) * std::tanh(u);
    case Activation::softplus:
      return logistic(u);
    case Activation::linear:
      return 1.0;
    case Activation::hard_sigmoid:
      return u >= 0 && u < 1 ? 1.0 : 0.0;
    case Activation::relu:
      return u >= 0 ? 1.0 : 0.0;
    case Activation::silu:
      return (1.0 + std::tanh(u / 2) + u / (1.0 + std::cosh(u))) / 2;
  }
  throw std::logic_error("activation");
}

inline double phi2(Activation f, double u) {
  switch (f) {
    case Activation::logistic:
      return logistic(u) * logistic(-u) * (logistic(-u) - logistic(u));
    case Activation::tanh:
      return -2.0 * std::tanh(u) * (1.0 - std::tanh(u) * std::tanh(u));
    case Activation::softplus:
      return logistic(u) * logistic(-u);
    case Activation::silu:
      return (1.0 - u * std::tanh(u / 2) / 2) / (1.0 + std::cosh(u));
    default:
      return 0.0;
  }
}

}  // namespace referee
