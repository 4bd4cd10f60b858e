// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <random>

#include "model/flow.hpp"

namespace apical::test {

using Exact =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<50>, boost::multiprecision::et_off>;

/// The network of the convergence measurements: 3-5-4-2, logistic, weights from `seed`.
template <class S>
model::Network<S> small_network(unsigned seed, std::vector<int> layers = {3, 5, 4, 2}, double gain = 1.0) {
  model::Network<S> net;
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0.0, 1.0);
  for (std::size_t k = 1; k < layers.size(); ++k) {
    model::Matrix<S> w(layers[k], layers[k - 1] + 1);
    for (Eigen::Index i = 0; i < w.rows(); ++i)
      for (Eigen::Index j = 0; j < w.cols(); ++j)
        w(i, j) = S(gain * normal(random) / std::sqrt(static_cast<double>(layers[k - 1])));
    net.weights.push_back(w);
  }
  return net;
}

/// Smooth input and target at time t (ms), with their exact derivatives.
template <class S>
model::Drive<S> smooth_drive(const model::Network<S>& net, const S& t, double beta) {
  using std::cos;
  using std::sin;
  const auto wave = [&](Eigen::Index size, double offset, model::Vector<S>& value, model::Vector<S>& change) {
    value.resize(size);
    change.resize(size);
    for (Eigen::Index i = 0; i < size; ++i) {
      const S omega = S(0.05 + 0.02 * static_cast<double>(i) + offset / 100);  // rad per ms
      const S phase = S(offset + static_cast<double>(i));
      value[i] = sin(S(omega * t + phase));
      change[i] = omega * cos(S(omega * t + phase));
    }
  };
  model::Drive<S> drive;
  wave(net.units(0), 0.3, drive.input, drive.input_change);
  wave(net.units(net.depth()), 1.7, drive.target, drive.target_change);
  drive.beta = S(beta);
  return drive;
}

template <class S>
model::Layers<S> zero_state(const model::Network<S>& net) {
  model::Layers<S> u(static_cast<std::size_t>(net.depth()) + 1);
  for (int k = 0; k <= net.depth(); ++k)
    u[static_cast<std::size_t>(k)] = model::Vector<S>::Zero(net.units(k));
  return u;
}

template <class S>
model::Layers<S> random_state(const model::Network<S>& net, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0.0, 1.0);
  model::Layers<S> u = zero_state(net);
  for (std::size_t k = 1; k < u.size(); ++k)
    for (Eigen::Index i = 0; i < u[k].size(); ++i) u[k][i] = S(normal(random));
  return u;
}

template <class S>
S largest_difference(const model::Layers<S>& a, const model::Layers<S>& b) {
  S worst = S(0);
  for (std::size_t k = 1; k < a.size(); ++k) worst = std::max<S>(worst, (a[k] - b[k]).cwiseAbs().maxCoeff());
  return worst;
}

}  // namespace apical::test
