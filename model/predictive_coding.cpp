// SPDX-License-Identifier: Apache-2.0
#include "model/predictive_coding.hpp"

namespace apical::model {
template <class S>
Relaxed<S> relaxed(const Network<S>& net, const Matrix<S>& inputs, const Matrix<S>& targets,
                   const PredictiveCodingSettings& s) {
  const std::size_t last = net.weights.size();
  std::vector<Matrix<S>> u(last + 1), slope(last + 1);
  Relaxed<S> m{{inputs}, std::vector<Matrix<S>>(last + 1)};
  m.rate.resize(last);
  for (std::size_t k = 1; k < last; ++k) {
    u[k] = net.basal(static_cast<int>(k), m.rate);
    activate(net.activation, u[k], &m.rate[k], &slope[k]);
  }
  const Matrix<S> current = net.basal(1, m.rate);  // no relaxation changes it
  u[last] = targets;
  for (int n = 0;; ++n) {
    for (std::size_t k = 1; k <= last; ++k)
      m.mismatch[k] = u[k] - (k == 1 ? current : net.basal(static_cast<int>(k), m.rate));
    m.mismatch[last] /= S(s.variance);
    if (n == s.steps) return m;
    for (std::size_t k = 1; k < last; ++k) {
      u[k] -=
          S(s.step) * (m.mismatch[k] - slope[k].cwiseProduct(net.apical(static_cast<int>(k), m.mismatch)));
      activate(net.activation, u[k], &m.rate[k], &slope[k]);
    }
  }
}

template <class S>
std::vector<Matrix<S>> predictive_coding(const Network<S>& net, const Matrix<S>& inputs,
                                         const Matrix<S>& targets, const PredictiveCodingSettings& s) {
  const Relaxed<S> m = relaxed(net, inputs, targets, s);
  std::vector<Matrix<S>> change;
  for (std::size_t k = 1; k < m.mismatch.size(); ++k) {
    const Matrix<S> error = m.mismatch[k] / static_cast<S>(inputs.cols());
    Matrix<S>& c = change.emplace_back(net.weights[k - 1].rows(), net.weights[k - 1].cols());
    auto synapses = c.leftCols(m.rate[k - 1].rows());
    synapses.setZero();
    add_times_transposed(synapses, error, m.rate[k - 1]);
    if (net.bias) c.col(c.cols() - 1) = error.rowwise().sum();
  }
  return change;
}

template Relaxed<double> relaxed(const Network<double>&, const Matrix<double>&, const Matrix<double>&,
                                 const PredictiveCodingSettings&);
template std::vector<Matrix<double>> predictive_coding(const Network<double>&, const Matrix<double>&,
                                                       const Matrix<double>&,
                                                       const PredictiveCodingSettings&);
template std::vector<Matrix<float>> predictive_coding(const Network<float>&, const Matrix<float>&,
                                                      const Matrix<float>&, const PredictiveCodingSettings&);

}  // namespace apical::model
