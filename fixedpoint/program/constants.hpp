#pragma once
#include <string>
#include <vector>

#include "fixedpoint/program/network.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// A real constant of a network and what its register makes of it.
struct Constant {
  std::string name;  ///< "beta", "alpha of layer1": of the unit that loses most
  std::string key;   ///< of the configuration, that asks for it
  double asked = 0.0;
  double effective = 0.0;  ///< what every integer machine computes with
  double smallest = 0.0;   ///< that the register tells from 0

  /// Signed; 0 where nothing was asked for.
  double relative_error() const { return asked == 0.0 ? 0.0 : effective / asked - 1.0; }
};

/// A membrane stops where alpha times what it lacks rounds to no step.
struct DeadZone {
  std::string population;
  double stops_short = 0.0;  ///< of where it is driven to, in the worst unit
};

/// The constants of a program that was compiled from `net`: beta, rho, alpha and lambda, learning rates, and
/// the 1 that biases multiply.
std::vector<Constant> constants(const NetworkDescription& net, const Program&);

/// Of every layer whose units fire on their membrane, which those with rho = 1 don't.
std::vector<DeadZone> dead_zones(const Program&);

}  // namespace apical::fixedpoint
