// SPDX-License-Identifier: Apache-2.0
#include "model/activation.hpp"

#include <cmath>
#include <limits>

namespace apical::model {
namespace {

// A cubic is lowest and highest at its ends or where its slope is 0.
RateRange range_of(const ActivationSamples& samples) {
  RateRange range{samples.rate.back(), samples.rate.back()};
  const auto include = [&](double rate) {
    range.lowest = std::min(range.lowest, rate);
    range.highest = std::max(range.highest, rate);
  };
  for (std::size_t i = 0; i + 1 < samples.u.size(); ++i) {
    include(samples.rate[i]);
    const Cubic<double> c(samples, i);
    // linear + 2 square t + 3 cube t² = 0; the larger root of the two is the one without cancellation.
    const double root = std::sqrt(std::max(0.0, c.square * c.square - 3 * c.cube * c.linear));
    const double sum = -(c.square + std::copysign(root, c.square));
    for (const double t : {sum / (3 * c.cube), c.linear / sum})
      if (t > 0.0 && t < 1.0) include(c.value(t));
  }
  return range;
}

}  // namespace

std::string name_of(const Activation& f) {
  return f.samples() == nullptr ? name_of(f.name()) : f.samples()->name;
}

bool operator==(const Activation& a, const Activation& b) {
  return a.name() == b.name() &&
         (a.samples() == b.samples() || a.samples()->numbers() == b.samples()->numbers());
}

RateRange range_of(const Activation& f) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  switch (f.name()) {
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
    case Activation::sampled:
      return range_of(*f.samples());
    case Activation::linear:
      break;
  }
  return {-infinite, infinite};
}

}  // namespace apical::model
