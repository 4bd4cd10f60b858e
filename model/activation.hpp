// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <string>
#include <utility>

#include "model/elementary.hpp"
#include "model/settings/activation_samples.hpp"
#include "model/settings/choice.hpp"

namespace apical::model {

/// r̄ = φ(u). hard_sigmoid is clip(u, 0, 1), silu is u · logistic(u), sampled is (63); derivatives are
/// right-continuous at kinks.
class Activation {
 public:
  enum Name { logistic, tanh, hard_sigmoid, softplus, relu, linear, silu, sampled };
  Activation(Name name = logistic) : name_(name) {}
  explicit Activation(SharedSamples samples) : name_(sampled), samples_(std::move(samples)) {}

  Name name() const { return name_; }
  const SharedSamples& samples() const { return samples_; }  ///< of a sampled one, else null

 private:
  Name name_;
  SharedSamples samples_;
};
/// Those that need no samples.
constexpr auto choices(Activation::Name) {
  return std::array{"logistic", "tanh", "hard_sigmoid", "softplus", "relu", "linear", "silu"};
}
std::string name_of(const Activation&);  ///< of a sampled one its file's
bool operator==(const Activation&, const Activation&);
inline bool operator!=(const Activation& a, const Activation& b) {
  return !(a == b);
}

/// Between what rates lie; the ends may be infinite.
struct RateRange {
  double lowest, highest;
};
RateRange range_of(const Activation&);

/// φ between two samples: start + linear t + square t² + cube t³, where t goes from 0 to 1 over `width` (63).
template <class S>
struct Cubic {
  S start, linear, square, cube, width;

  Cubic(const ActivationSamples& s, std::size_t i) : start(S(s.rate[i])), width(S(s.u[i + 1]) - S(s.u[i])) {
    const S rise = S(s.rate[i + 1]) - start, here = S(s.slope[i]) * width, next = S(s.slope[i + 1]) * width;
    linear = here;
    square = 3 * rise - 2 * here - next;
    cube = here + next - 2 * rise;
  }
  S value(const S& t) const { return start + t * (linear + t * (square + t * cube)); }
  S slope(const S& t) const { return (linear + t * (2 * square + t * (3 * cube))) / width; }
  S second(const S& t) const { return (2 * square + t * (6 * cube)) / (width * width); }
};
/// What `of`(cubic, t) is at u, or `outside`(the nearest sample's rate) where no two samples enclose it.
template <class S, class Of, class Outside>
S between_samples(const ActivationSamples& s, const S& u, Of of, Outside outside) {
  if (u != u) return u;  // a voltage that is no number gives none
  if (u < s.u.front()) return outside(s.rate.front());
  const auto above = std::upper_bound(s.u.begin(), s.u.end(), u);
  if (above == s.u.end()) return outside(s.rate.back());
  const auto i = static_cast<std::size_t>(above - s.u.begin()) - 1;
  const Cubic<S> cubic(s, i);
  return of(cubic, S((u - S(s.u[i])) / cubic.width));
}

/// φ(u), for double and for Boost.Multiprecision numbers.
template <class S>
S phi(const Activation& f, const S& u) {
  switch (f.name()) {
    case Activation::logistic:
      return u >= 0 ? S(1 / (1 + exp(-u))) : S(exp(u) / (1 + exp(u)));
    case Activation::tanh:
      return S(tanh(u));
    case Activation::hard_sigmoid:
      return u < 0 ? S(0) : u > 1 ? S(1) : u;
    case Activation::softplus:
      return u > 0 ? S(u + log1p(S(exp(-u)))) : S(log1p(S(exp(u))));
    case Activation::relu:
      return u > 0 ? u : S(0);
    case Activation::silu:
      return u * phi(Activation::logistic, u);
    case Activation::sampled:
      return between_samples(
          *f.samples(), u, [](const Cubic<S>& c, const S& t) { return c.value(t); },
          [](double rate) { return S(rate); });
    case Activation::linear:
      break;
  }
  return u;
}

/// φ'(u).
template <class S>
S phi_prime(const Activation& f, const S& u) {
  switch (f.name()) {
    case Activation::logistic:
      return phi(f, u) * phi(f, S(-u));
    case Activation::tanh: {
      const S r = phi(f, u);
      return (1 - r) * (1 + r);
    }
    case Activation::hard_sigmoid:
      return u >= 0 && u < 1 ? S(1) : S(0);
    case Activation::softplus:
      return phi(Activation::logistic, u);
    case Activation::relu:
      return u >= 0 ? S(1) : S(0);
    case Activation::silu:
      return phi(Activation::logistic, u) + u * phi_prime(Activation::logistic, u);
    case Activation::sampled:
      return between_samples(
          *f.samples(), u, [](const Cubic<S>& c, const S& t) { return c.slope(t); },
          [](double) { return S(0); });
    case Activation::linear:
      break;
  }
  return S(1);
}

/// φ''(u) where φ and φ' of it are known; zero at kinks.
template <class S>
S phi_second(const Activation& f, const S& u, const S& rate, const S& slope) {
  switch (f.name()) {
    case Activation::logistic:
      return slope * (1 - 2 * rate);
    case Activation::tanh:
      return -2 * rate * slope;
    case Activation::softplus:
      return slope * (1 - slope);
    case Activation::silu:
      return phi_prime(Activation::logistic, u) * (2 + u * (1 - 2 * phi(Activation::logistic, u)));
    case Activation::sampled:
      return between_samples(
          *f.samples(), u, [](const Cubic<S>& c, const S& t) { return c.second(t); },
          [](double) { return S(0); });
    default:
      return S(0);
  }
}

}  // namespace apical::model
