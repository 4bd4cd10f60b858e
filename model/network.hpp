#pragma once
#include <Eigen/Dense>
#include <vector>

#include "model/activation.hpp"

namespace apical::model {

template <class S>
using Vector = Eigen::Matrix<S, Eigen::Dynamic, 1>;
template <class S>
using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>;

/// A layered network. weights[k-1] is W_k, n_k × n_{k-1}, or n_k × (n_{k-1} + 1) with the bias as last
/// column.
template <class S>
struct Network {
  std::vector<Matrix<S>> weights;
  Activation activation = Activation::logistic;
  bool bias = true;

  int depth() const { return static_cast<int>(weights.size()); }
  Eigen::Index units(int k) const { return k == 0 ? weights[0].cols() - (bias ? 1 : 0) : weight(k).rows(); }
  const Matrix<S>& weight(int k) const { return weights[static_cast<std::size_t>(k - 1)]; }
  /// W_k without its bias column.
  auto synapses(int k) const { return weight(k).leftCols(units(k - 1)); }
  /// W_k r̄_{k-1}, bias included.
  Vector<S> basal(int k, const Vector<S>& rate) const {
    Vector<S> sum = synapses(k) * rate;
    if (bias) sum += weight(k).col(weight(k).cols() - 1);
    return sum;
  }
};

/// One value per unit of every layer; index 0 is the input, 1..N the layers.
template <class S>
using Layers = std::vector<Vector<S>>;

/// What the world shows at one moment, with its rate of change (per ms).
template <class S>
struct Drive {
  Vector<S> input, input_change;    ///< n_0
  Vector<S> target, target_change;  ///< n_N
  S beta = S(0);                    ///< nudging strength
  /// W_1 input (bias included) and W_1 input_change, where the caller knows them already; else empty.
  Vector<S> current{}, current_change{};
};

template <class S>
Vector<S> map(Activation f, const Vector<S>& u) {
  return u.unaryExpr([f](const S& x) { return phi<S>(f, x); });
}
template <class S>
Vector<S> map_prime(Activation f, const Vector<S>& u) {
  return u.unaryExpr([f](const S& x) { return phi_prime<S>(f, x); });
}
template <class S>
Vector<S> map_second(Activation f, const Vector<S>& u) {
  return u.unaryExpr([f](const S& x) { return phi_second<S>(f, x); });
}

}  // namespace apical::model
