// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <Eigen/Dense>
#include <functional>
#include <string>
#include <vector>

#include "model/golden.hpp"
#include "sim/machines/machine.hpp"

namespace apical::sim {

/// Ranges of the signals of a machine in double precision, on a sample of its ticks.
class SignalRanges {
 public:
  using Read = std::function<const Eigen::VectorXd&(const std::string& signal, int layer)>;

  /// Adds a signal of layers 1..last.
  void watch(const char* signal, int last);
  /// Call once a tick; looks at every 17th.
  void sample(const Read&);
  /// Of one layer, in the order in which they were added; none before the first sample.
  std::vector<SignalStatistics> of_layer(int layer) const;

 private:
  std::vector<SignalStatistics> ranges_;
  std::uint64_t ticks_ = 0;
};

/// Range of a matrix as statistics of the signal `name`.
SignalStatistics weight_range(const char* name, int layer, const std::vector<double>& weights);

/// Hash of values given one array after another: 32 hexadecimal digits.
class ValueDigest {
 public:
  ValueDigest();
  ~ValueDigest();
  ValueDigest(const ValueDigest&) = delete;
  ValueDigest& operator=(const ValueDigest&) = delete;
  void add(const double* values, Eigen::Index count);
  std::string text() const;

 private:
  void* state_;
};

}  // namespace apical::sim
