// SPDX-License-Identifier: Apache-2.0
#include "tools/experiments/measure.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "model/elementary.hpp"

namespace apical::tools {

std::complex<double> phasor(const std::vector<double>& y, double omega) {
  const auto count = static_cast<Eigen::Index>(y.size());
  Eigen::MatrixXd basis(count, 3);
  for (Eigen::Index n = 0; n < count; ++n) {
    const double angle = omega * static_cast<double>(n);
    basis.row(n) << 1.0, model::cos(angle), -model::sin(angle);
  }
  const Eigen::Vector3d fit =
      basis.colPivHouseholderQr().solve(Eigen::Map<const Eigen::VectorXd>(y.data(), count));
  return {fit[1], fit[2]};
}

double degrees(std::complex<double> value) {
  return std::arg(value) * 180.0 / pi;
}

double degrees_between(double product, double squared_a, double squared_b) {
  return model::acos(std::clamp(product / std::sqrt(squared_a * squared_b), -1.0, 1.0)) * 180.0 / pi;
}

std::vector<double> logarithmic(double low, double high, int count) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    values.push_back(low * model::pow(high / low, static_cast<double>(i) / (count - 1)));
  return values;
}

double exponent(const std::vector<std::pair<double, double>>& points) {
  double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
  for (const auto& [a, b] : points) {
    x += model::log(a);
    y += model::log(b);
    xx += model::log(a) * model::log(a);
    xy += model::log(a) * model::log(b);
  }
  const auto n = static_cast<double>(points.size());
  return (n * xy - x * y) / (n * xx - x * x);
}

}  // namespace apical::tools
