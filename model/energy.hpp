#pragma once
#include "model/network.hpp"

namespace apical::model {

/// Everything that E, F and H are made of, at one state u (model/README.md (1)–(4)).
template <class S>
struct Moment {
  Layers<S> rate;      ///< r̄_k; rate[0] is the input
  Layers<S> slope;     ///< r̄'_k
  Layers<S> basal;     ///< W_k r̄_{k-1}
  Layers<S> mismatch;  ///< u_k − W_k r̄_{k-1}
  Layers<S> apical;    ///< a_k = W_{k+1}ᵀ (u_{k+1} − W_{k+1} r̄_k), k < N
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
    m.rate[i] = map(net.activation, u[i]);
    m.slope[i] = map_prime(net.activation, u[i]);
    m.basal[i] = k == 1 && drive.current.size() > 0 ? drive.current : net.basal(k, m.rate[i - 1]);
    m.mismatch[i] = u[i] - m.basal[i];
  }
  for (int k = 1; k < last; ++k) {
    const auto i = static_cast<std::size_t>(k);
    m.apical[i] = net.synapses(k + 1).transpose() * m.mismatch[i + 1];
    m.nudge[i] = m.slope[i].cwiseProduct(m.apical[i]);
  }
  m.nudge.back() = drive.beta * (drive.target - u.back());
  m.apical.back() = m.nudge.back();
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

/// ∂F/∂t at fixed u: what the moving input and target alone change, equation (6).
template <class S>
Layers<S> gradient_change(const Network<S>& net, const Layers<S>& u, const Drive<S>& drive) {
  Layers<S> f(u.size());
  for (std::size_t k = 1; k < u.size(); ++k) f[k] = Vector<S>::Zero(u[k].size());
  if (drive.current_change.size() > 0)
    f[1] -= drive.current_change;
  else
    f[1].noalias() -= net.synapses(1) * drive.input_change;
  f.back() -= drive.beta * drive.target_change;
  return f;
}

/// The Hessian H = ∂F/∂u, block-tridiagonal, equation (4):
/// H_kk = diag(1 − curvature_k) + V_kᵀ V_k, H_{k+1,k} = −V_k with V_k = W_{k+1} diag(r̄'_k).
template <class S>
struct Hessian {
  Layers<S> curvature;              ///< r̄''_k ⊙ a_k; −β in the output layer
  std::vector<Matrix<S>> coupling;  ///< V_k, k = 1..N-1 (index 0 unused)

  /// H as one dense matrix over all neurons: for tests and small networks only.
  Matrix<S> dense() const;
};

template <class S>
Hessian<S> hessian(const Network<S>& net, const Layers<S>& u, const Moment<S>& m, const S& beta) {
  Hessian<S> h{Layers<S>(u.size()), std::vector<Matrix<S>>(u.size() - 1)};
  for (int k = 1; k < net.depth(); ++k) {
    const auto i = static_cast<std::size_t>(k);
    h.curvature[i] = map_second(net.activation, u[i]).cwiseProduct(m.apical[i]);
    h.coupling[i] = net.synapses(k + 1) * m.slope[i].asDiagonal();
  }
  h.curvature.back() = Vector<S>::Constant(u.back().size(), -beta);
  return h;
}

template <class S>
Matrix<S> Hessian<S>::dense() const {
  Eigen::Index size = 0;
  for (std::size_t k = 1; k < curvature.size(); ++k) size += curvature[k].size();
  Matrix<S> h = Matrix<S>::Zero(size, size);
  Eigen::Index at = 0;
  for (std::size_t k = 1; k < curvature.size(); ++k) {
    const Eigen::Index n = curvature[k].size();
    h.block(at, at, n, n).diagonal() = Vector<S>::Ones(n) - curvature[k];
    if (k + 1 < curvature.size()) {
      const Matrix<S>& v = coupling[k];
      h.block(at, at, n, n) += v.transpose() * v;
      h.block(at + n, at, v.rows(), n) = -v;
      h.block(at, at + n, n, v.rows()) = -v.transpose();
    }
    at += n;
  }
  return h;
}

}  // namespace apical::model
