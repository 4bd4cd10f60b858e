// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>
#include <complex>

namespace apical::model {

/// Sodium gating of the squid axon (Hodgkin & Huxley 1952, resting potential moved to −65 mV), equations
/// (23)–(26). Voltages in mV, times in ms.
struct SodiumGate {
  double value, slope;  ///< steady state, and its derivative per mV
  double time;          ///< time constant, ms
};

/// Activation m: alpha = 0.1 (v + 40) / (1 − e^{−(v+40)/10}), beta = 4 e^{−(v+65)/18}.
SodiumGate activation_gate(double v);
/// Inactivation h: alpha = 0.07 e^{−(v+65)/20}, beta = 1 / (1 + e^{−(v+35)/10}).
SodiumGate inactivation_gate(double v);

/// The channel with activation at its steady state and inactivation on its way there: m∞(v)³ h, (23).
class SodiumChannel {
 public:
  explicit SodiumChannel(double v) : h_(inactivation_gate(v).value) {}  ///< rests at v
  /// Advances by dt along v(t) given at the start, the middle and the end of the step (Runge–Kutta).
  void step(double start, double middle, double end, double dt);
  double open(double v) const;  ///< m∞(v)³ h

 private:
  double h_;
};

/// The channel around v: phi(v) = m∞³ h∞ with its slope, and the look-ahead of (25).
struct SodiumResponse {
  double phi, slope;  ///< phi'(v), per mV
  double tau_h, tau_eff;
  /// Change of m∞³ h over phi' times the change of v, (26); `omega` in rad/ms.
  std::complex<double> transfer(double omega) const;
};
SodiumResponse sodium_response(double v);

}  // namespace apical::model
