// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <Eigen/Dense>
#include <type_traits>

#include "model/sums.hpp"

namespace apical::model {

// Products of matrices with vectors, or with matrices that have an example in each column. Of doubles and
// floats they have the same bits on every processor (sums.hpp); Eigen's own take their sums in the order that
// suits the vectors of the processor they are compiled for. Other numbers multiply as Eigen does. Matrices
// may be the left columns of others; vectors may be expressions.

template <class S>
constexpr bool has_sums = std::is_same_v<S, double> || std::is_same_v<S, float>;

/// How a product takes its right factor.
enum class Factor { plain, transposed };
/// What is wanted of a product: with `lower` what lies above the diagonal may be left out.
enum class Triangle { both, lower };

/// C += A D B, or A D Bᵀ, with D the diagonal matrix of `scale`, or nothing.
template <class C, class A, class B>
void add_matrix_product(Eigen::MatrixBase<C>& c, const A& a, const B& b, Factor factor,
                        Triangle triangle = Triangle::both, const typename C::Scalar* scale = nullptr) {
  using S = typename C::Scalar;
  const bool transposed = factor == Factor::transposed;
  static_assert(has_sums<S> && !(C::Flags & Eigen::RowMajorBit) && !(B::Flags & Eigen::RowMajorBit));
  eigen_assert(a.cols() == (transposed ? b.cols() : b.rows()) &&
               c.cols() == (transposed ? b.rows() : b.cols()));
  const Eigen::Index down = transposed ? b.outerStride() : 1, right = transposed ? 1 : b.outerStride();
  C& to = c.derived();
  const auto add = [&](auto function) {
    function(a.data(), a.outerStride(), a.rows(), a.cols(), scale, b.data(), down, right, to.cols(),
             triangle == Triangle::lower, to.data(), to.outerStride());
  };
  if constexpr (std::is_same_v<S, double>)
    add(sums().add_product);
  else
    add(sums().add_product_float);
}

/// y += A x.
template <class Y, class A, class X>
void add_times(Y& y, const A& a, const X& x_or_expression) {
  using S = typename A::Scalar;
  if constexpr (!has_sums<S>) {
    y += a * x_or_expression;
  } else {
    const auto& x = x_or_expression.eval();
    eigen_assert(a.cols() == x.rows() && a.rows() == y.rows() && x.cols() == y.cols());
    if constexpr (std::is_same_v<S, double> && X::ColsAtCompileTime == 1)
      sums().add_columns(a.data(), a.outerStride(), a.rows(), a.cols(), x.data(), y.data());
    else
      add_matrix_product(y, a, x, Factor::plain);
  }
}

/// y += Aᵀ x.
template <class Y, class A, class X>
void add_transposed_times(Y& y, const A& a, const X& x_or_expression) {
  using S = typename A::Scalar;
  if constexpr (!has_sums<S>) {
    y += a.transpose() * x_or_expression;
  } else {
    const auto& x = x_or_expression.eval();
    eigen_assert(a.rows() == x.rows() && a.cols() == y.rows() && x.cols() == y.cols());
    if constexpr (std::is_same_v<S, double> && X::ColsAtCompileTime == 1) {
      sums().add_rows(a.data(), a.outerStride(), a.rows(), a.cols(), x.data(), y.data());
    } else {
      const Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic> turned = a.transpose();
      add_matrix_product(y, turned, x, Factor::plain);
    }
  }
}

/// A x and Aᵀ x.
template <class A, class X>
typename X::PlainObject times(const A& a, const X& x) {
  typename X::PlainObject y = X::PlainObject::Zero(a.rows(), x.cols());
  add_times(y, a, x);
  return y;
}
template <class A, class X>
typename X::PlainObject transposed_times(const A& a, const X& x) {
  typename X::PlainObject y = X::PlainObject::Zero(a.cols(), x.cols());
  add_transposed_times(y, a, x);
  return y;
}

/// C += A Bᵀ of matrices.
template <class C, class A, class B>
void add_times_transposed(C& c, const A& a, const B& b) {
  if constexpr (has_sums<typename A::Scalar>)
    add_matrix_product(c, a, b, Factor::transposed);
  else
    c += a * b.transpose();
}

/// C += A D Aᵀ of a symmetric C and the diagonal matrix D of `scale`.
template <class S>
void add_scaled_square(Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>& c,
                       const Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>& a,
                       const Eigen::Matrix<S, Eigen::Dynamic, 1>& scale) {
  if constexpr (has_sums<S>)
    add_matrix_product(c, a, a, Factor::transposed, Triangle::lower, scale.data());
  else
    c.template triangularView<Eigen::Lower>() += a * scale.asDiagonal() * a.transpose();
  c.template triangularView<Eigen::StrictlyUpper>() = c.transpose();
}

/// W += post preᵀ, columns of silent sources left alone; `w` may have more columns behind them.
template <class W>
void add_outer(W& w, const Eigen::VectorXd& post, const Eigen::VectorXd& pre) {
  eigen_assert(w.rows() == post.size() && w.cols() >= pre.size());
  sums().add_outer(w.data(), w.outerStride(), w.rows(), pre.size(), post.data(), pre.data());
}

}  // namespace apical::model
