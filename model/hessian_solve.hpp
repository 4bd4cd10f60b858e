// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/energy.hpp"
#include "model/lu.hpp"

namespace apical::model {

/// H x = b with H as one dense matrix: n³ work in the number of all neurons, for any non-singular H.
template <class S>
Layers<S> solve_dense(const Hessian<S>& h, const Layers<S>& b) {
  Vector<S> all(0);
  for (std::size_t k = 1; k < b.size(); ++k) {
    all.conservativeResize(all.size() + b[k].size());
    all.tail(b[k].size()) = b[k];
  }
  Lu<S> lu;
  lu.compute(h.dense());
  const Vector<S> solution = lu.solve(all);
  Layers<S> x(b.size());
  Eigen::Index at = 0;
  for (std::size_t k = 1; k < b.size(); at += b[k].size(), ++k) x[k] = solution.segment(at, b[k].size());
  return x;
}

/// Solves H x = b layer by layer (model/README.md (7)–(9)); b and x have one vector per layer, index 0
/// unused. In a graph the dense matrix is solved.
///
/// The widest layer (the first) is never factored, its own block of H being diagonal but for what layer 2
/// adds to it: n_1 n_2² / 2 multiplications instead of n_1³ / 3. Where that diagonal 1 − c_1 has an entry
/// within 1e-6 of zero, which the elimination would divide by, solve_dense takes over.
template <class S>
Layers<S> solve(const Hessian<S>& h, const Layers<S>& b) {
  if (!h.connections.empty()) return solve_dense(h, b);
  const std::size_t last = b.size() - 1;
  const Vector<S> first = Vector<S>::Ones(h.curvature[1].size()) - h.curvature[1];
  if ((first.cwiseAbs().array() < S(1e-6)).any()) return solve_dense(h, b);

  std::vector<Lu<S>> pivot(last + 1);  // of P_k = 1 − Q_{k-1} diag(c_k), k >= 2
  std::vector<Matrix<S>> grown(last);  // Q_k
  Layers<S> known(last);               // z_k
  for (std::size_t k = 1; k < last; ++k) {
    const Matrix<S>& v = h.coupling[k];
    grown[k] = Matrix<S>::Identity(v.rows(), v.rows());
    if (k == 1) {
      add_scaled_square(grown[k], v, Vector<S>(first.cwiseInverse()));
      known[k] = times(v, Vector<S>(b[1].cwiseQuotient(first)));
    } else {
      Matrix<S> right = Matrix<S>::Zero(v.cols(), v.rows());
      add_times_transposed(right, grown[k - 1], v);
      add_times(grown[k], v, Matrix<S>(pivot[k].solve(right)));
      known[k] = times(v, Vector<S>(pivot[k].solve(times(grown[k - 1], b[k]) + known[k - 1])));
    }
    Matrix<S> next = -grown[k] * h.curvature[k + 1].asDiagonal();
    next.diagonal().array() += S(1);
    pivot[k + 1].compute(next);
  }
  Layers<S> x(b.size());
  Vector<S> pulled = b[last];  // b_k + V_kᵀ y_{k+1}
  for (std::size_t k = last; k >= 2; --k) {
    x[k] = pivot[k].solve(times(grown[k - 1], pulled) + known[k - 1]);
    const Vector<S> above = pulled + h.curvature[k].cwiseProduct(x[k]);  // y_k
    pulled = b[k - 1];
    add_transposed_times(pulled, h.coupling[k - 1], above);
  }
  x[1] = pulled.cwiseQuotient(first);
  return x;
}

}  // namespace apical::model
