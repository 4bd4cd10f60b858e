// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <complex>
#include <vector>

#include "sim/machines/machine.hpp"

namespace apical::tools {

constexpr double pi = 3.14159265358979323846;

/// Amplitude and phase of y[n] ~ Re(c exp(i omega n)) + constant, by least squares. `omega` in rad a sample.
std::complex<double> phasor(const std::vector<double>& y, double omega);

/// Phase in degrees, -180..180.
double degrees(std::complex<double> value);

/// Angle between two matrices in degrees, 0..180, from their product tr(AᵀB) and squared sizes.
double degrees_between(double product, double squared_a, double squared_b);

/// `count` values from low to high, both included, in equal ratios.
std::vector<double> logarithmic(double low, double high, int count);

/// Exponent of y ~ x^k by least squares of the logarithms; both all above 0.
double exponent(const std::vector<std::pair<double, double>>& points);

}  // namespace apical::tools
