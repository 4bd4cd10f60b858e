#pragma once
#include "model/energy.hpp"

namespace apical::model {

/// Solves H x = b layer by layer (model/README.md (7)–(9)); b and x have one vector per layer, index 0
/// unused.
///
/// With y_{k+1} = x_{k+1} − V_k x_k the rows read D_k x_k = b'_k + V_kᵀ y_{k+1}, where D_1 = diag(1 − c_1)
/// and, going up, G_k = V_k D_k⁻¹ V_kᵀ, M_k = (1 + G_k)⁻¹, D_{k+1} = M_k − diag(c_{k+1}), b'_{k+1} = b_{k+1}
/// + M_k V_k D_k⁻¹ b'_k. The widest layer (the first) is never factored: it costs n_1 n_2² instead of n_1³.
/// Where 1 − c_1 has an entry within 1e-9 of zero, the dense matrix is solved instead.
template <class S>
Layers<S> solve(const Hessian<S>& h, const Layers<S>& b) {
  using std::abs;
  const std::size_t last = b.size() - 1;
  const Vector<S> first = Vector<S>::Ones(h.curvature[1].size()) - h.curvature[1];
  if ((first.cwiseAbs().array() < S(1e-9)).any()) {
    Vector<S> all(0);
    for (std::size_t k = 1; k <= last; ++k) {
      all.conservativeResize(all.size() + b[k].size());
      all.tail(b[k].size()) = b[k];
    }
    const Vector<S> solution = h.dense().partialPivLu().solve(all);
    Layers<S> x(b.size());
    Eigen::Index at = 0;
    for (std::size_t k = 1; k <= last; at += b[k].size(), ++k) x[k] = solution.segment(at, b[k].size());
    return x;
  }
  using Factor = Eigen::PartialPivLU<Matrix<S>>;
  std::vector<Factor> pivot(last + 1);  // of D_k, k >= 2
  std::vector<Matrix<S>> shrink(last);  // M_k
  Layers<S> right(b.size());            // b'_k
  Layers<S> known(b.size());            // V_k D_k⁻¹ b'_k
  right[1] = b[1];
  for (std::size_t k = 1; k < last; ++k) {
    const Matrix<S>& v = h.coupling[k];
    const Eigen::Index n = v.rows();
    Matrix<S> grown = Matrix<S>::Identity(n, n);  // 1 + G_k
    if (k == 1) {
      grown.noalias() += (v * first.cwiseInverse().asDiagonal()) * v.transpose();
      known[k] = v * right[k].cwiseQuotient(first);
    } else {
      grown.noalias() += v * pivot[k].solve(Matrix<S>(v.transpose()));
      known[k] = v * pivot[k].solve(right[k]);
    }
    shrink[k] = grown.partialPivLu().inverse();
    Matrix<S> next = shrink[k];
    next.diagonal() -= h.curvature[k + 1];
    pivot[k + 1].compute(next);
    right[k + 1] = b[k + 1] + shrink[k] * known[k];
  }
  Layers<S> x(b.size());
  if (last == 1) {
    x[1] = right[1].cwiseQuotient(first);
    return x;
  }
  x[last] = pivot[last].solve(right[last]);
  for (std::size_t k = last - 1; k >= 1; --k) {
    const Vector<S> pulled = right[k] + h.coupling[k].transpose() * (shrink[k] * (x[k + 1] - known[k]));
    x[k] = k == 1 ? Vector<S>(pulled.cwiseQuotient(first)) : Vector<S>(pivot[k].solve(pulled));
  }
  return x;
}

}  // namespace apical::model
