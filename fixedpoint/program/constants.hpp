// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "fixedpoint/program/network.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// Relative error that alpha and beta are given fraction bits for.
inline constexpr double constant_error = 0x1p-9;

/// Fraction bits, `least` to `finest`, of the unsigned registers that hold all of `asked`: as few as bring
/// each but 0 within constant_error, else as many as the largest leaves room for.
int fraction_bits(const std::vector<double>& asked, int least, int finest);

/// A real constant of a network and what its register makes of it.
struct Constant {
  std::string name;  ///< "beta", "alpha of layer1": of the unit that loses most
  std::string key;   ///< of the configuration, that asks for it
  double asked = 0.0;
  double effective = 0.0;  ///< what every integer machine computes with
  double smallest = 0.0;   ///< that the register tells from 0
  bool scheduled = false;  ///< comes about in the run: what a schedule leaves of a constant in its last epoch

  /// Signed; 0 where nothing was asked for.
  double relative_error() const { return asked == 0.0 ? 0.0 : effective / asked - 1.0; }
};

/// A membrane stops where alpha times what it lacks rounds to no step.
struct DeadZone {
  std::string population;
  double stops_short = 0.0;  ///< of where it is driven to, in the worst unit
};

/// The constants of a program that was compiled from `net`: beta, rho, alpha and lambda, learning rates, and
/// the 1 that biases multiply. `last_scale` is what a schedule scales learning rates by in the end; where it
/// isn't 1, they are there a second time.
std::vector<Constant> constants(const NetworkDescription& net, const Program&, double last_scale = 1.0);

/// Of every layer whose units fire on their membrane, which those with rho = 1 don't.
std::vector<DeadZone> dead_zones(const Program&);

}  // namespace apical::fixedpoint
