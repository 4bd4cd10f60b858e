// SPDX-License-Identifier: Apache-2.0
#include "model/activation.hpp"

#include <limits>

namespace apical::model {

RateRange range_of(Activation f) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  switch (f) {
    case Activation::logistic:
    case Activation::hard_sigmoid:
      return {0.0, 1.0};
    case Activation::tanh:
      return {-1.0, 1.0};
    case Activation::softplus:
    case Activation::relu:
      return {0.0, infinite};
    case Activation::silu:
      return {-0.2784645427610738, infinite};  // where 1 + u = −e^u, u = −1.278…
    case Activation::linear:
      break;
  }
  return {-infinite, infinite};
}

}  // namespace apical::model
