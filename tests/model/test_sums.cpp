// SPDX-License-Identifier: Apache-2.0
// The golden model's inner loops: the sums that sums.hpp says, to the bit, on every x86-64 level.
#include "model/sums.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "model/activation.hpp"

namespace {

using apical::model::Sums;
using apical::model::sums;
using Values = std::vector<double>;
using Size = std::ptrdiff_t;

std::vector<int> levels() {
  std::vector<int> all;
  for (const int level : {1, 3, 4}) {
    try {
      sums(level);
      all.push_back(level);
    } catch (const std::invalid_argument&) {
    }
  }
  return all;
}

class Draw {
 public:
  // Of many sizes, so that another order of a sum gives another sum; a fifth of them is 0.
  double operator()() {
    return uniform_(random_) < 0.2 ? 0.0 : normal_(random_) * std::exp(2.0 * normal_(random_));
  }
  Values values(Size count) {
    Values v(static_cast<std::size_t>(count));
    for (double& x : v) x = (*this)();
    return v;
  }

 private:
  std::mt19937_64 random_{7};
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
};

struct Shape {
  Size rows, columns, stride;
};
const std::vector<Shape> shapes = {{1, 1, 1},     {2, 3, 2},       {7, 5, 9},    {8, 8, 8},
                                   {10, 64, 10},  {15, 17, 16},    {64, 65, 64}, {100, 70, 101},
                                   {131, 9, 131}, {300, 150, 300}, {33, 600, 40}};

double at(const Values& a, const Shape& s, Size i, Size j) {
  return a[static_cast<std::size_t>(i + j * s.stride)];
}

TEST(Sums, OfColumnsAreTakenInTheirOrder) {
  Draw draw;
  for (const Shape& s : shapes) {
    const Values a = draw.values(s.stride * s.columns), x = draw.values(s.columns),
                 start = draw.values(s.rows);
    Values expected = start;
    for (Size i = 0; i < s.rows; ++i)
      for (Size j = 0; j < s.columns; ++j)
        expected[static_cast<std::size_t>(i)] += at(a, s, i, j) * x[static_cast<std::size_t>(j)];
    for (const int level : levels()) {
      Values y = start;
      sums(level).add_columns(a.data(), s.stride, s.rows, s.columns, x.data(), y.data());
      EXPECT_EQ(y, expected) << s.rows << " x " << s.columns << ", level " << level;
    }
  }
}

TEST(Sums, OfRowsAreTakenInEightLanes) {
  Draw draw;
  for (const Shape& s : shapes) {
    const Values a = draw.values(s.stride * s.columns), x = draw.values(s.rows),
                 start = draw.values(s.columns);
    Values expected = start;
    for (Size j = 0; j < s.columns; ++j) {
      double lane[8] = {};
      for (Size i = 0; i < s.rows; ++i) lane[i % 8] += x[static_cast<std::size_t>(i)] * at(a, s, i, j);
      expected[static_cast<std::size_t>(j)] +=
          ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    }
    for (const int level : levels()) {
      Values y = start;
      sums(level).add_rows(a.data(), s.stride, s.rows, s.columns, x.data(), y.data());
      EXPECT_EQ(y, expected) << s.rows << " x " << s.columns << ", level " << level;
    }
  }
}

TEST(Sums, OuterProductsAreRoundedTwice) {
  Draw draw;
  for (const Shape& s : shapes) {
    const Values start = draw.values(s.stride * s.columns), post = draw.values(s.rows),
                 pre = draw.values(s.columns);
    Values expected = start;
    for (Size j = 0; j < s.columns; ++j)
      for (Size i = 0; i < s.rows; ++i)
        expected[static_cast<std::size_t>(i + j * s.stride)] +=
            pre[static_cast<std::size_t>(j)] * post[static_cast<std::size_t>(i)];
    for (const int level : levels()) {
      Values a = start;
      sums(level).add_outer(a.data(), s.stride, s.rows, s.columns, post.data(), pre.data());
      EXPECT_EQ(a, expected) << s.rows << " x " << s.columns << ", level " << level;
    }
  }
}

// C += A B, each product rounded together with its addition, with B as it is and transposed, of doubles and
// of floats.
template <class T, class Function>
void products_are_taken_in_order(const Function& function) {
  Draw draw;
  for (const Shape& s : shapes)
    for (const Size columns : {1, 4, 7, 13, 40})
      for (const bool transposed : {false, true}) {
        const auto drawn = [&](Size count) {
          const Values v = draw.values(count);
          return std::vector<T>(v.begin(), v.end());
        };
        const Size down = transposed ? columns + 1 : 1, right = transposed ? 1 : s.columns + 1;
        const std::vector<T> a = drawn(s.stride * s.columns), scale = drawn(s.columns),
                             b = drawn((s.columns + 1) * (columns + 1)), start = drawn(s.rows * columns);
        std::vector<T> expected = start;
        for (Size i = 0; i < s.rows; ++i)
          for (Size j = 0; j < columns; ++j)
            for (Size k = 0; k < s.columns; ++k) {
              T& sum = expected[static_cast<std::size_t>(i + j * s.rows)];
              const T scaled = (columns % 2 == 0 ? T(1) : scale[static_cast<std::size_t>(k)]) *
                               a[static_cast<std::size_t>(i + k * s.stride)];
              sum = std::fma(scaled, b[static_cast<std::size_t>(k * down + j * right)], sum);
            }
        for (const int level : levels())
          for (const bool lower : {false, true}) {
            std::vector<T> c = start;
            function(sums(level))(a.data(), s.stride, s.rows, s.columns,
                                  columns % 2 == 0 ? nullptr : scale.data(), b.data(), down, right, columns,
                                  lower, c.data(), s.rows);
            for (Size i = 0; i < s.rows; ++i)
              for (Size j = 0; j < columns && (!lower || j <= i); ++j)
                ASSERT_EQ(c[static_cast<std::size_t>(i + j * s.rows)],
                          expected[static_cast<std::size_t>(i + j * s.rows)])
                    << s.rows << " x " << s.columns << " x " << columns << ", level " << level;
          }
      }
}

TEST(Sums, OfProductsAreTakenInTheirOrder) {
  products_are_taken_in_order<double>([](const Sums& s) { return s.add_product; });
  products_are_taken_in_order<float>([](const Sums& s) { return s.add_product_float; });
}

TEST(Sums, ActivationsAreThoseOfOneValue) {
  using apical::model::Activation;
  Draw draw;
  Values u = draw.values(1001);
  for (const double corner :
       {-0.0, 800.0, -800.0, 30.0, -30.0, 1e-300, std::numeric_limits<double>::infinity()})
    u.push_back(corner);
  for (const Activation f : {Activation::logistic, Activation::tanh, Activation::softplus})
    for (const int level : levels()) {
      const Sums& s = sums(level);
      const auto function = f == Activation::logistic ? s.logistic
                            : f == Activation::tanh   ? s.tanh
                                                      : s.softplus;
      Values rate(u.size()), slope(u.size());
      function(u.data(), static_cast<Size>(u.size()), rate.data(), slope.data());
      for (std::size_t i = 0; i < u.size(); ++i) {
        ASSERT_EQ(rate[i], apical::model::phi(f, u[i]))
            << name_of(f) << " of " << u[i] << ", level " << level;
        ASSERT_EQ(slope[i], apical::model::phi_prime(f, u[i]))
            << name_of(f) << " of " << u[i] << ", level " << level;
      }
    }
}

}  // namespace
