#pragma once
#include "model/backpropagation.hpp"

namespace apical::model {

/// Defaults are those of the code published with Whittington & Bogacz (2017).
struct PredictiveCodingSettings {
  double variance = 1.0;  ///< of the output layer, that of all others being 1
  double step = 0.1;      ///< of the relaxation, dt / τ
  int steps = 50;
};

/// The network after value nodes u relaxed down the energy (41) from the forward pass by (42), the output
/// held at the target. mismatch_N is divided by the variance. Chains only.
template <class S>
Moment<S> relaxed(const Network<S>& net, const Vector<S>& input, const Vector<S>& target,
                  const PredictiveCodingSettings& s) {
  Layers<S> u = feedforward(net, input);
  const Drive<S> held{input, {}, target, {}, S(0), u[1], {}};  // W_1 input is that of the forward pass
  u.back() = target;
  for (int n = 0;; ++n) {
    Moment<S> m = evaluate(net, u, held);
    m.mismatch.back() /= S(s.variance);
    if (n == s.steps) return m;
    for (int k = 1; k < net.depth(); ++k) {
      const auto i = static_cast<std::size_t>(k);
      u[i] -= S(s.step) * (m.mismatch[i] - m.slope[i].cwiseProduct(net.apical(k, m.mismatch)));
    }
  }
}

/// ΔW (43) for a learning rate of 1, the bias column included.
template <class S>
std::vector<Matrix<S>> predictive_coding(const Network<S>& net, const Vector<S>& input,
                                         const Vector<S>& target, const PredictiveCodingSettings& s) {
  const Moment<S> m = relaxed(net, input, target, s);
  std::vector<Matrix<S>> change;
  for (std::size_t k = 1; k < m.rate.size(); ++k)
    change.push_back(weight_product(net, m.mismatch[k], m.rate[k - 1]));
  return change;
}

}  // namespace apical::model
