#pragma once
#include "model/equilibrium.hpp"

namespace apical::model {

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
    Matrix<S>& g = gradient[i - 1];
    g.resize(net.weight(k).rows(), net.weight(k).cols());
    g.leftCols(rate.size()) = delta * rate.transpose();
    if (net.bias) g.col(g.cols() - 1) = delta;
    if (k > 1) {
      const Vector<S> slope = map_prime(net.activation, u[i - 1]);
      delta = slope.cwiseProduct(net.synapses(k).transpose() * delta);
    }
  }
  return gradient;
}

}  // namespace apical::model
