// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace apical {

/// An activation by its samples, as a file has them (model/README.md, "Activations"): of ascending voltages u
/// the rates φ(u) and slopes φ'(u). They are all that the golden model and the integer machines' tables know
/// of it, and each evaluates (63) in its own arithmetic.
struct ActivationSamples {
  std::vector<double> u, rate, slope;
  std::string name;  ///< the file's, for messages

  auto numbers() const { return std::tie(u, rate, slope); }
};
using SharedSamples = std::shared_ptr<const ActivationSamples>;

}  // namespace apical
