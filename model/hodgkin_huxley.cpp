// SPDX-License-Identifier: Apache-2.0
#include "model/hodgkin_huxley.hpp"

#include "model/elementary.hpp"

namespace apical::model {
namespace {

// Steady state and time constant from opening and closing rates and their derivatives per mV.
SodiumGate gate(double alpha, double alpha_slope, double beta, double beta_slope) {
  const double sum = alpha + beta;
  return {alpha / sum, (alpha_slope * beta - alpha * beta_slope) / (sum * sum), 1.0 / sum};
}

}  // namespace

SodiumGate activation_gate(double v) {
  const double x = (v + 40.0) / 10.0;
  // x / (1 − e^{−x}) and its derivative; both are removable at 0.
  const double q = -expm1(-x);
  const bool near = std::abs(x) < 1e-4;
  const double alpha = near ? 1.0 + x / 2.0 : x / q;
  const double alpha_slope = near ? 0.5 + x / 6.0 : 1.0 / q - x * exp(-x) / (q * q);
  const double beta = 4.0 * exp(-(v + 65.0) / 18.0);
  return gate(alpha, alpha_slope / 10.0, beta, -beta / 18.0);
}

SodiumGate inactivation_gate(double v) {
  const double alpha = 0.07 * exp(-(v + 65.0) / 20.0);
  const double beta = 1.0 / (1.0 + exp(-(v + 35.0) / 10.0));
  return gate(alpha, -alpha / 20.0, beta, beta * (1.0 - beta) / 10.0);
}

void SodiumChannel::step(double start, double middle, double end, double dt) {
  const auto change = [](double v, double h) {
    const SodiumGate g = inactivation_gate(v);
    return (g.value - h) / g.time;
  };
  const double a = change(start, h_);
  const double b = change(middle, h_ + dt / 2 * a);
  const double c = change(middle, h_ + dt / 2 * b);
  const double d = change(end, h_ + dt * c);
  h_ += dt / 6 * (a + 2 * b + 2 * c + d);
}

double SodiumChannel::open(double v) const {
  const double m = activation_gate(v).value;
  return m * m * m * h_;
}

SodiumResponse sodium_response(double v) {
  const SodiumGate m = activation_gate(v), h = inactivation_gate(v);
  const double cube = m.value * m.value * m.value;
  const double slope = 3.0 * m.value * m.value * m.slope * h.value + cube * h.slope;
  return {cube * h.value, slope, h.time, -h.time * cube * h.slope / slope};
}

std::complex<double> SodiumResponse::transfer(double omega) const {
  const double share = tau_eff / tau_h;
  return 1.0 + share - share / std::complex<double>(1.0, omega * tau_h);
}

}  // namespace apical::model
