// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <Eigen/Dense>
#include <algorithm>
#include <vector>

#include "model/products.hpp"

namespace apical::model {

/// P A = L U with partial pivoting, for systems of linear equations: Eigen's, and for doubles one whose sums
/// have the same order on every processor (sums.hpp).
template <class S>
class Lu : public Eigen::PartialPivLU<Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>> {};

template <>
class Lu<double> {
  using Index = Eigen::Index;

 public:
  /// Factors a square matrix. One that is singular gives solutions that aren't finite.
  void compute(const Eigen::MatrixXd& matrix) {
    factors_ = matrix;
    const Index size = factors_.rows();
    swapped_.resize(static_cast<std::size_t>(size));
    double negative[together];
    for (Index first = 0; first < size; first += together) {
      const Index end = std::min(first + together, size), rest = size - end;
      for (Index k = first; k < end; ++k) {
        Index row = 0;
        factors_.col(k).tail(size - k).cwiseAbs().maxCoeff(&row);
        swapped_[static_cast<std::size_t>(k)] = k + row;
        if (row > 0) factors_.row(k).swap(factors_.row(k + row));
        factors_.col(k).tail(size - k - 1) /= factors_(k, k);
        for (Index j = k + 1; j < end; ++j) negative[j - k - 1] = -factors_(k, j);
        if (k + 1 < end)
          sums().add_outer(&factors_(k + 1, k + 1), size, size - k - 1, end - k - 1, &factors_(k + 1, k),
                           negative);
      }
      if (rest == 0) break;
      for (Index j = end; j < size; ++j) subtract_below(first, end, &factors_(0, j));
      auto corner = factors_.bottomRightCorner(rest, rest);
      const Eigen::MatrixXd below = -factors_.block(end, first, rest, end - first);
      add_matrix_product(corner, below, factors_.block(first, end, end - first, rest), Factor::plain);
    }
  }

  /// A⁻¹ of a vector, or of every column of a matrix.
  template <class D>
  typename D::PlainObject solve(const Eigen::MatrixBase<D>& right) const {
    typename D::PlainObject x = right;
    for (Index j = 0; j < x.cols(); ++j) solve_column(&x(0, j));
    return x;
  }

 private:
  static constexpr Index together = 8;  // pivots whose products are added at once

  void solve_column(double* x) const {
    const Index size = factors_.rows();
    double negative[together];
    // Rows from .. from + count minus what the pivots first .. end have of them.
    const auto subtract = [&](Index from, Index count, Index first, Index end) {
      if (count == 0) return;
      for (Index k = first; k < end; ++k) negative[k - first] = -x[k];
      sums().add_columns(&factors_(from, first), size, count, end - first, negative, x + from);
    };
    for (Index k = 0; k < size; ++k) std::swap(x[k], x[swapped_[static_cast<std::size_t>(k)]]);
    for (Index first = 0; first < size; first += together) {
      const Index end = std::min(first + together, size);
      subtract_below(first, end, x);
      subtract(end, size - end, first, end);
    }
    for (Index first = (size - 1) / together * together; first >= 0; first -= together) {
      const Index end = std::min(first + together, size);
      for (Index k = end - 1; k >= first; --k) {
        x[k] /= factors_(k, k);
        for (Index i = first; i < k; ++i) x[i] -= x[k] * factors_(i, k);
      }
      subtract(0, first, first, end);
    }
  }

  // The rows first .. end of a column, each minus what those before it have of it.
  void subtract_below(Index first, Index end, double* x) const {
    for (Index k = first; k < end; ++k)
      for (Index i = k + 1; i < end; ++i) x[i] -= x[k] * factors_(i, k);
  }

  Eigen::MatrixXd factors_;
  std::vector<Index> swapped_;
};

}  // namespace apical::model
