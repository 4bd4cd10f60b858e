// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

namespace apical::model {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using IntegerMatrix = Eigen::Matrix<std::int64_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A matrix as a file of them names it.
struct NamedMatrix {
  std::string name;
  RowMatrix values;
};

/// Numbers of any shape, in C order; a single value has no extents.
struct Array {
  std::vector<std::uint64_t> shape;
  std::vector<double> values;
};

}  // namespace apical::model
