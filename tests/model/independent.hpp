// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "model/golden.hpp"
#include "tests/model/independent_circuits.hpp"

namespace apical::test {

inline referee::Vec values_of(const Eigen::VectorXd& x) {
  return {x.begin(), x.end()};
}

inline referee::Matrix matrix_of(const Eigen::MatrixXd& m) {
  referee::Matrix rows;
  for (Eigen::Index i = 0; i < m.rows(); ++i) rows.push_back(values_of(m.row(i).transpose()));
  return rows;
}

/// A chain for the referee, `weights` as ours.
template <class Matrices>
referee::Network referee_chain(const std::vector<int>& layers, referee::Activation f, bool bias,
                               const Matrices& weights) {
  referee::Network net({layers.begin(), layers.end()}, f, bias);
  for (std::size_t k = 1; k < layers.size(); ++k) net.weights[k] = matrix_of(weights[k - 1]);
  return net;
}

inline referee::Activation referee_activation(model::Activation f) {
  for (const auto& [theirs, ours] : {std::pair{referee::Activation::logistic, model::Activation::logistic},
                                     {referee::Activation::tanh, model::Activation::tanh},
                                     {referee::Activation::softplus, model::Activation::softplus},
                                     {referee::Activation::linear, model::Activation::linear},
                                     {referee::Activation::hard_sigmoid, model::Activation::hard_sigmoid},
                                     {referee::Activation::relu, model::Activation::relu},
                                     {referee::Activation::silu, model::Activation::silu}})
    if (ours == f) return theirs;
  throw std::logic_error("activation");
}

/// What the world shows at time t (ms): sines of 0.05 to 0.2 rad/ms.
struct Shown {
  std::vector<double> input, target;
  Shown(double t, int inputs, int targets) {
    for (int i = 0; i < inputs; ++i) input.push_back(std::sin((0.05 + 0.03 * i) * t + 0.3 + i));
    for (int i = 0; i < targets; ++i) target.push_back(std::cos((0.07 + 0.02 * i) * t + 0.5 * i));
  }
};

/// Everything that a machine showed, in one order.
class Record {
 public:
  void add(const Eigen::MatrixXd& values) {
    all_.insert(all_.end(), values.reshaped().begin(), values.reshaped().end());
  }
  void add(const referee::Vec& values) { all_.insert(all_.end(), values.begin(), values.end()); }
  void add(const referee::Matrix& rows) {
    for (std::size_t j = 0; j < rows.front().size(); ++j)
      for (const referee::Vec& row : rows) all_.push_back(row[j]);
  }
  /// Infinite if not comparable.
  double distance(const Record& other) const {
    double worst = all_.size() == other.all_.size() && !all_.empty() ? 0.0 : HUGE_VAL;
    for (std::size_t i = 0; std::isfinite(worst) && i < all_.size(); ++i) {
      const double d = std::abs(all_[i] - other.all_[i]);
      worst = std::isfinite(d) ? std::max(worst, d) : HUGE_VAL;
    }
    return worst;
  }

 private:
  std::vector<double> all_;
};

constexpr double tolerance = 1e-9;

/// `ours(0)` is `theirs`; a stimulus that comes half a tick late, `ours(0.5)`, is far from it.
inline void expect_same(const std::string& what, const std::function<Record(double shift)>& ours,
                        const Record& theirs) {
  EXPECT_LT(ours(0.0).distance(theirs), tolerance) << what;
  const double shifted = ours(0.5).distance(theirs);
  EXPECT_GT(shifted, 1e5 * tolerance) << what << ": half a tick isn't seen";
  EXPECT_TRUE(std::isfinite(shifted)) << what;
}

}  // namespace apical::test
