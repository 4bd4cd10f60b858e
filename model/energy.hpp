// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/network.hpp"

namespace apical::model {

/// Everything that E, F and H are made of, at one state u (model/README.md (1)–(4)).
template <class S>
struct Moment {
  Layers<S> rate;      ///< r̄_k; rate[0] is the input
  Layers<S> slope;     ///< r̄'_k
  Layers<S> basal;     ///< W_k r̄_{k-1}, summed over what feeds layer k
  Layers<S> mismatch;  ///< u_k − basal_k
  Layers<S> apical;    ///< a_k = W_{k+1}ᵀ mismatch_{k+1}, summed over what layer k feeds, k < N
  Layers<S> nudge;     ///< ē_k = r̄'_k ⊙ a_k, ē_N = β (u_trg − u_N)
};

/// Evaluates the network at u (u[0] is unused) under `drive`.
template <class S>
Moment<S> evaluate(const Network<S>& net, const Layers<S>& u, const Drive<S>& drive) {
  const int last = net.depth();
  const auto count = static_cast<std::size_t>(last) + 1;
  Moment<S> m{Layers<S>(count), Layers<S>(count), Layers<S>(count),
              Layers<S>(count), Layers<S>(count), Layers<S>(count)};
  m.rate[0] = drive.input;
  for (int k = 1; k <= last; ++k) {
    const auto i = static_cast<std::size_t>(k);
    activate(net.activation, u[i], &m.rate[i], &m.slope[i]);
  }
  for (int k = 1; k <= last; ++k) {
    const auto i = static_cast<std::size_t>(k);
    m.basal[i] = k == 1 && drive.current.size() > 0 ? drive.current : net.basal(k, m.rate);
    m.mismatch[i] = u[i] - m.basal[i];
  }
  for (int k = 1; k < last; ++k) {
    const auto i = static_cast<std::size_t>(k);
    m.apical[i] = net.apical(k, m.mismatch);
    m.nudge[i] = m.slope[i].cwiseProduct(m.apical[i]);
  }
  m.nudge.back() = drive.beta * (drive.target - u.back());
  m.apical.back() = Vector<S>::Zero(u.back().size());  // nothing is above
  return m;
}

/// E(u, t), equation (1).
template <class S>
S energy(const Network<S>& net, const Layers<S>& u, const Drive<S>& drive) {
  const Moment<S> m = evaluate(net, u, drive);
  S sum = drive.beta * (drive.target - u.back()).squaredNorm();
  for (std::size_t k = 1; k < u.size(); ++k) sum += m.mismatch[k].squaredNorm();
  return sum / 2;
}

/// F = ∂E/∂u, equation (2).
template <class S>
Layers<S> gradient(const Moment<S>& m) {
  Layers<S> f(m.mismatch.size());
  for (std::size_t k = 1; k < f.size(); ++k) f[k] = m.mismatch[k] - m.nudge[k];
  return f;
}

/// ∂F/∂t at fixed u: what the moving input and target alone change, equations (6), (40).
template <class S>
Layers<S> gradient_change(const Network<S>& net, const Layers<S>& u, const Drive<S>& drive) {
  Layers<S> f(u.size());
  for (std::size_t k = 1; k < u.size(); ++k) f[k] = Vector<S>::Zero(u[k].size());
  for (int c = 1; c <= net.count(); ++c) {
    if (net.source(c) > 0) continue;
    const auto fed = static_cast<std::size_t>(net.target(c));
    const Vector<S> change =
        drive.current_change.size() > 0 ? drive.current_change : times(net.synapses(c), drive.input_change);
    f[fed] -= change;
    for (int d = 1; d <= net.count(); ++d) {
      const auto i = static_cast<std::size_t>(net.source(d));
      if (i == 0 || net.target(d) != net.target(c)) continue;
      f[i] += map_prime(net.activation, u[i]).cwiseProduct(transposed_times(net.synapses(d), change));
    }
  }
  f.back() -= drive.beta * drive.target_change;
  return f;
}

/// The Hessian H = ∂F/∂u = (1 − V)ᵀ (1 − V) − diag(curvature), equations (4), (39), with the blocks
/// V_c = W_c diag(r̄'_source) of the connections.
template <class S>
struct Hessian {
  Layers<S> curvature;              ///< r̄''_k ⊙ a_k; −β in the output layer
  std::vector<Matrix<S>> coupling;  ///< V of connection 1 + index; empty where the source is the input
  Connections connections{};        ///< of the network

  /// H as one dense matrix over all neurons: for tests and small networks only.
  Matrix<S> dense() const;
};

template <class S>
Hessian<S> hessian(const Network<S>& net, const Layers<S>& u, const Moment<S>& m, const S& beta) {
  Hessian<S> h{Layers<S>(u.size()), std::vector<Matrix<S>>(net.weights.size()), net.connections};
  for (int k = 1; k < net.depth(); ++k) {
    const auto i = static_cast<std::size_t>(k);
    h.curvature[i] = map_second<S>(net.activation, u[i], m.rate[i], m.slope[i]).cwiseProduct(m.apical[i]);
  }
  for (int c = 1; c <= net.count(); ++c)
    if (net.source(c) > 0)
      h.coupling[static_cast<std::size_t>(c - 1)] =
          net.synapses(c) * m.slope[static_cast<std::size_t>(net.source(c))].asDiagonal();
  h.curvature.back() = Vector<S>::Constant(u.back().size(), -beta);
  return h;
}

template <class S>
Matrix<S> Hessian<S>::dense() const {
  std::vector<Eigen::Index> first(curvature.size() + 1, 0);
  for (std::size_t k = 1; k < curvature.size(); ++k) first[k + 1] = first[k] + curvature[k].size();
  const Eigen::Index size = first.back();
  Matrix<S> apart = Matrix<S>::Identity(size, size);  // 1 − V
  const Connections all = listed(connections, static_cast<int>(curvature.size()));
  for (std::size_t c = 0; c < all.size(); ++c) {
    const Matrix<S>& v = coupling[c];
    if (v.size() > 0)
      apart.block(first[static_cast<std::size_t>(all[c].second)],
                  first[static_cast<std::size_t>(all[c].first)], v.rows(), v.cols()) -= v;
  }
  Matrix<S> h = transposed_times(apart, apart);
  for (std::size_t k = 1; k < curvature.size(); ++k)
    h.diagonal().segment(first[k], curvature[k].size()) -= curvature[k];
  return h;
}

}  // namespace apical::model
