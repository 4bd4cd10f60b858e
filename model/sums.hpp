// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

namespace apical::model {

/// The inner loops of the golden model, once per level (settings/processor_level.hpp), with the same bits on
/// each: every sum has an order of its own, whatever the width of vectors. Products are rounded before they
/// are added, but for those of two matrices, which are fused with their addition. Matrices are stored by
/// columns, `stride` apart.
struct Sums {
  using Size = std::ptrdiff_t;
  /// y += A x, in the order of the columns; those that meet an exact zero are left out.
  void (*add_columns)(const double* a, Size stride, Size rows, Size columns, const double* x, double* y);
  /// y += Aᵀ x: of each column eight sums, of every eighth row, s_0 … s_7, added as
  /// ((s_0 + s_4) + (s_2 + s_6)) + ((s_1 + s_5) + (s_3 + s_7)).
  void (*add_rows)(const double* a, Size stride, Size rows, Size columns, const double* x, double* y);
  /// A += post preᵀ; columns that meet an exact zero are left alone.
  void (*add_outer)(double* a, Size stride, Size rows, Size columns, const double* post, const double* pre);
  /// C += (A D) B, in the order of A's columns, product and addition rounded once, where b(k, j) is b[k down
  /// + j right] and D is the diagonal matrix of `scale`, or nothing. `lower`: tiles above the diagonal of C
  /// are left out.
  template <class T>
  using AddProduct = void (*)(const T* a, Size stride, Size rows, Size depth, const T* scale, const T* b,
                              Size down, Size right, Size columns, bool lower, T* c, Size c_stride);
  AddProduct<double> add_product;
  AddProduct<float> add_product_float;
  /// Activations and their slopes of `count` voltages, as activation.hpp has them; null pointers aren't
  /// written.
  void (*logistic)(const double* u, Size count, double* rate, double* slope);
  void (*tanh)(const double* u, Size count, double* rate, double* slope);
  void (*softplus)(const double* u, Size count, double* rate, double* slope);
};

/// Those of the processor at hand, or of a level that it can run.
const Sums& sums(int level = 0);

}  // namespace apical::model
