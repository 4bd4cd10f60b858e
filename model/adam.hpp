// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>

#include "model/elementary.hpp"
#include "model/network.hpp"

namespace apical::model {

/// Adam (Kingma & Ba 2015) with its published constants: every weight steps along the running mean of its
/// direction over the root of the running mean square, both corrected for their start at 0.
template <class S>
class Adam {
 public:
  /// Adds a step of size `rate` to the weights. `direction` has their shapes, the same in every call.
  void step(std::vector<Matrix<S>>& weights, const std::vector<Matrix<S>>& direction, double rate) {
    constexpr double keep = 0.9, keep_square = 0.999, least = 1e-8;
    if (mean_.empty())
      for (const Matrix<S>& w : weights) {
        mean_.emplace_back(Matrix<S>::Zero(w.rows(), w.cols()));
        square_.emplace_back(Matrix<S>::Zero(w.rows(), w.cols()));
      }
    ++count_;
    const double by = rate * std::sqrt(1.0 - pow(keep_square, count_)) / (1.0 - pow(keep, count_));
    for (std::size_t k = 0; k < weights.size(); ++k) {
      mean_[k] += S(1.0 - keep) * (direction[k] - mean_[k]);
      square_[k] += S(1.0 - keep_square) * (direction[k].cwiseAbs2() - square_[k]);
      weights[k].array() += S(by) * mean_[k].array() / (square_[k].array().sqrt() + S(least));
    }
  }

 private:
  std::vector<Matrix<S>> mean_, square_;
  int count_ = 0;
};

}  // namespace apical::model
