// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <complex>

#include "tools/config/config.hpp"

namespace apical::tools {

/// What units in a chain of any length make of a sine, on the configuration's machine. `omega` in rad/ms;
/// the tick is dynamics.dt or shorter: at least 500 a period.
///
/// The chain passes small signals on unchanged: weights are 1 / phi'(0) and biases put every unit at 0.

/// Rate that the first unit sends, over the rate of the membrane it fired on (amplitude of the drive given).
std::complex<double> unit_lead(Config, double omega, double amplitude);

/// Voltage of the last unit over the input.
std::complex<double> chain_response(Config, double omega, double amplitude);

}  // namespace apical::tools
