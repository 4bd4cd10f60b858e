// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "fixedpoint/program/network.hpp"

namespace apical::test {

inline constexpr int ticks = 200;

// Every signal with `frac` fraction bits and room above; tables as fine as they come.
inline fixedpoint::NetworkDescription fine(std::vector<int> layers, int frac) {
  fixedpoint::NetworkDescription net;
  net.layers = std::move(layers);
  net.activation = fixedpoint::Function::tanh;
  net.tau = 8.0;
  net.beta = 0.25;
  net.eta = {1.0 / 64};
  net.table_index_bits = 16;
  net.formats.by_signal = fixedpoint::default_formats();
  for (auto& [name, format] : net.formats.by_signal) {
    format.bits = name == "step" ? 30 : frac + 4;
    if (name != "step") format.frac = frac;
    format.rounding = fixedpoint::Rounding::rnd_conv;
  }
  return net;
}

inline std::vector<double> row_major(const Eigen::MatrixXd& m) {
  std::vector<double> values;
  for (Eigen::Index row = 0; row < m.rows(); ++row)
    for (Eigen::Index column = 0; column < m.cols(); ++column) values.push_back(m(row, column));
  return values;
}

inline Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, std::mt19937_64& random) {
  std::normal_distribution<double> normal(0.0, 0.8 / std::sqrt(static_cast<double>(columns)));
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&](auto) { return normal(random); });
}

// Slope of y over 0, 1, 2, ... by least squares.
inline double slope(const std::vector<double>& y) {
  const double count = static_cast<double>(y.size()), middle = (count - 1) / 2;
  double xy = 0, xx = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double x = static_cast<double>(i) - middle;
    xy += x * y[i];
    xx += x * x;
  }
  return xy / xx;
}

// Sums of squared distances by name.
class Distances {
 public:
  void add(const std::string& name, const std::vector<double>& here, const double* there) {
    auto& [sum, count] = sums_[name];
    for (std::size_t i = 0; i < here.size(); ++i) sum += std::pow(here[i] - there[i], 2);
    count += static_cast<double>(here.size());
  }
  std::map<std::string, double> logs() const {
    std::map<std::string, double> all;
    for (const auto& [name, entry] : sums_) all[name] = 0.5 * std::log2(entry.first / entry.second);
    return all;
  }

 private:
  std::map<std::string, std::pair<double, double>> sums_;
};

struct Drive {
  std::vector<double> input, target;
  Drive(int inputs, int targets)
      : input(static_cast<std::size_t>(inputs)), target(static_cast<std::size_t>(targets)) {}
  void at(int t) {
    for (std::size_t i = 0; i < input.size(); ++i)
      input[i] = std::sin(0.05 * t * (1.0 + 0.3 * static_cast<double>(i)) + static_cast<double>(i));
    for (std::size_t i = 0; i < target.size(); ++i)
      target[i] = std::cos(0.04 * t + 2.0 * static_cast<double>(i));
  }
};

inline void expect_halving(const std::string& what,
                           const std::function<std::map<std::string, double>(int)>& distances) {
  std::map<std::string, std::vector<double>> logs;
  constexpr int first = 13, last = 24;
  for (int frac = first; frac <= last; ++frac)
    for (const auto& [name, log] : distances(frac)) logs[name].push_back(log);
  for (const auto& [name, values] : logs) {
    const double found = slope(values);
    std::cout << what << " " << name << ": error 2^" << values.front() << " at " << first
              << " fraction bits, slope " << found << "\n";
    EXPECT_NEAR(found, -1.0, 0.1) << what << " " << name;
    EXPECT_LT(values.front(), -7.0) << what << " " << name << ": not the same dynamics";
  }
}

}  // namespace apical::test
