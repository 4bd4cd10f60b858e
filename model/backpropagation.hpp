// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/equilibrium.hpp"

namespace apical::model {

/// error rateᵀ in the shape of the weights: the bias, where there is one, as last column.
template <class S>
Matrix<S> weight_product(const Network<S>& net, const Vector<S>& error, const Vector<S>& rate) {
  Matrix<S> product(error.size(), rate.size() + (net.bias ? 1 : 0));
  product.leftCols(rate.size()) = error * rate.transpose();
  if (net.bias) product.col(rate.size()) = error;
  return product;
}

/// Gradient of ½ ‖target − u_N‖² by every weight, the bias column included, by error backpropagation (22):
/// what the local rule (16) is compared with. The output layer is linear; chains only.
template <class S>
std::vector<Matrix<S>> backpropagate(const Network<S>& net, const Vector<S>& input, const Vector<S>& target) {
  const Layers<S> u = feedforward(net, input);
  std::vector<Matrix<S>> gradient(net.weights.size());
  Vector<S> delta = u.back() - target;
  for (int k = net.depth(); k >= 1; --k) {
    const auto i = static_cast<std::size_t>(k);
    const Vector<S> rate = k == 1 ? input : map(net.activation, u[i - 1]);
    gradient[i - 1] = weight_product(net, delta, rate);
    if (k > 1) {
      const Vector<S> slope = map_prime(net.activation, u[i - 1]);
      delta = slope.cwiseProduct(transposed_times(net.synapses(k), delta));
    }
  }
  return gradient;
}

}  // namespace apical::model
