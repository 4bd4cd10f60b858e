// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <Eigen/Dense>
#include <vector>

#include "model/activation.hpp"
#include "model/connections.hpp"
#include "model/products.hpp"

namespace apical::model {

template <class S>
using Vector = Eigen::Matrix<S, Eigen::Dynamic, 1>;
template <class S>
using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>;

/// One value per unit of every layer; index 0 is the input, 1..N the layers.
template <class S>
using Layers = std::vector<Vector<S>>;

/// A network of layers. Connections count from 1; in a chain, connection k is that from layer k − 1 to k.
/// weights[c-1] is n_target × n_source, plus the bias as last column at the first connection of each target.
template <class S>
struct Network {
  std::vector<Matrix<S>> weights;
  Activation activation = Activation::logistic;
  bool bias = true;
  Connections connections{};  ///< as resolved() gives them

  bool chain() const { return connections.empty(); }
  int count() const { return static_cast<int>(weights.size()); }  ///< of connections
  int depth() const { return chain() ? count() : connections.back().second; }
  int source(int c) const { return chain() ? c - 1 : connections[static_cast<std::size_t>(c - 1)].first; }
  int target(int c) const { return chain() ? c : connections[static_cast<std::size_t>(c - 1)].second; }
  bool biased(int c) const { return bias && (c == 1 || target(c - 1) != target(c)); }
  /// Units of layer k; of the input too.
  Eigen::Index units(int k) const {
    for (int c = 1; c <= count(); ++c) {
      if (target(c) == k) return weight(c).rows();
      if (source(c) == k) return synapses(c).cols();
    }
    return 0;
  }
  const Matrix<S>& weight(int c) const { return weights[static_cast<std::size_t>(c - 1)]; }
  /// The weights without the bias column.
  auto synapses(int c) const { return weight(c).leftCols(weight(c).cols() - (biased(c) ? 1 : 0)); }
  /// What arrives at layer k: all its connections' W r̄ and its bias, from `rate` [0..N] (36). This and the
  /// next take vectors, or matrices with an example in each column.
  template <class R>
  R basal(int k, const std::vector<R>& rate) const {
    R sum;
    for (int c = 1; c <= count(); ++c) {
      if (target(c) != k) continue;
      const R& r = rate[static_cast<std::size_t>(source(c))];
      if (sum.size() == 0)
        sum = times(synapses(c), r);
      else
        add_times(sum, synapses(c), r);
      if (biased(c)) sum.colwise() += weight(c).col(weight(c).cols() - 1);
    }
    return sum;
  }
  /// What arrives at layer k < N from above: all Wᵀ err of what it feeds, from `error` [1..N] (36).
  template <class R>
  R apical(int k, const std::vector<R>& error) const {
    R sum;
    for (int c = 1; c <= count(); ++c) {
      if (source(c) != k) continue;
      const R& e = error[static_cast<std::size_t>(target(c))];
      if (sum.size() == 0)
        sum = transposed_times(synapses(c), e);
      else
        add_transposed_times(sum, synapses(c), e);
    }
    return sum;
  }
};

/// What the world shows at one moment, with its rate of change (per ms).
template <class S>
struct Drive {
  Vector<S> input, input_change;    ///< n_0
  Vector<S> target, target_change;  ///< n_N
  S beta = S(0);                    ///< nudging strength
  /// W_1 input (bias included) and W_1 input_change of a chain, where the caller knows them already; else
  /// empty.
  Vector<S> current{}, current_change{};
};

/// φ and φ' of every value: of a vector, or of a matrix with an example in each column.
template <class D>
void activate(const Activation& f, const Eigen::MatrixBase<D>& u_or_expression, typename D::PlainObject* rate,
              typename D::PlainObject* slope) {
  using S = typename D::Scalar;
  const auto& u = u_or_expression.derived().eval();
  for (auto* to : {rate, slope})
    if (to != nullptr) to->resize(u.rows(), u.cols());
  if constexpr (std::is_same_v<S, double>) {
    const auto by = [&](auto function) {
      function(u.data(), u.size(), rate == nullptr ? nullptr : rate->data(),
               slope == nullptr ? nullptr : slope->data());
    };
    if (f.name() == Activation::logistic) return by(sums().logistic);
    if (f.name() == Activation::tanh) return by(sums().tanh);
    if (f.name() == Activation::softplus) return by(sums().softplus);
  }
  if constexpr (std::is_same_v<S, float>) {
    const auto wide = u.template cast<double>().eval();
    std::remove_const_t<decltype(wide)> wide_rate, wide_slope;
    activate(f, wide, &wide_rate, &wide_slope);
    if (rate != nullptr) *rate = wide_rate.template cast<float>();
    if (slope != nullptr) *slope = wide_slope.template cast<float>();
    return;
  }
  if (rate != nullptr) *rate = u.unaryExpr([&f](const S& x) { return phi<S>(f, x); });
  if (slope != nullptr) *slope = u.unaryExpr([&f](const S& x) { return phi_prime<S>(f, x); });
}
template <class D>
typename D::PlainObject map(const Activation& f, const Eigen::MatrixBase<D>& u) {
  typename D::PlainObject rate;
  activate(f, u, &rate, static_cast<typename D::PlainObject*>(nullptr));
  return rate;
}
template <class D>
typename D::PlainObject map_prime(const Activation& f, const Eigen::MatrixBase<D>& u) {
  typename D::PlainObject slope;
  activate(f, u, static_cast<typename D::PlainObject*>(nullptr), &slope);
  return slope;
}
/// φ'' of every value of u, from φ and φ' of them.
template <class S>
Vector<S> map_second(const Activation& f, const Vector<S>& u, const Vector<S>& rate, const Vector<S>& slope) {
  Vector<S> second(u.size());
  for (Eigen::Index i = 0; i < u.size(); ++i) second[i] = phi_second<S>(f, u[i], rate[i], slope[i]);
  return second;
}

}  // namespace apical::model
