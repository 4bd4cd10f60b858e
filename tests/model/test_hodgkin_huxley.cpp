// SPDX-License-Identifier: Apache-2.0
// The sodium channel: against finite differences, the textbook's values at rest, and its own linearisation.
#include <gtest/gtest.h>

#include "model/hodgkin_huxley.hpp"

using namespace apical::model;

TEST(SodiumChannel, RestsAtTheTextbooksValues) {
  // Hodgkin & Huxley 1952 at rest, as every textbook has them: m 0.053, h 0.596, tau_h 8.5 ms.
  EXPECT_NEAR(activation_gate(-65).value, 0.0529, 5e-5);
  EXPECT_NEAR(inactivation_gate(-65).value, 0.5961, 5e-5);
  EXPECT_NEAR(inactivation_gate(-65).time, 8.516, 1e-3);
  EXPECT_NEAR(activation_gate(-65).time, 0.2368, 1e-4);
}

TEST(SodiumChannel, SlopesAreDerivatives) {
  // −40 mV is where the opening rate of m has a removable singularity.
  for (double v = -90.0; v <= 20.0; v += 2.5) {
    const double h = 1e-4;
    const auto difference = [&](auto f) { return (f(v + h) - f(v - h)) / (2 * h); };
    EXPECT_NEAR(activation_gate(v).slope, difference([](double x) { return activation_gate(x).value; }),
                1e-8);
    EXPECT_NEAR(inactivation_gate(v).slope, difference([](double x) { return inactivation_gate(x).value; }),
                1e-8);
    EXPECT_NEAR(sodium_response(v).slope, difference([](double x) { return sodium_response(x).phi; }), 1e-8);
  }
}

TEST(SodiumChannel, RestStaysAtRest) {
  SodiumChannel channel(-60.0);
  for (int n = 0; n < 1000; ++n) channel.step(-60.0, -60.0, -60.0, 0.1);
  EXPECT_NEAR(channel.open(-60.0), sodium_response(-60.0).phi, 1e-15);
}

// A small step of voltage: m³ at once, h with e^{-t/tau_h}; the transfer says the same of both ends.
TEST(SodiumChannel, StepResponseFollowsTheTransfer) {
  const double v = -60.0, step = 1e-3;
  const SodiumResponse r = sodium_response(v);
  SodiumChannel channel(v);
  const double target = v + step, dt = 0.01;
  EXPECT_NEAR((channel.open(target) - r.phi) / (r.slope * step), r.transfer(1e6).real(), 2e-3);
  for (int n = 0; n < 500; ++n) channel.step(target, target, target, dt);
  const double expected = 1.0 + r.tau_eff / r.tau_h * std::exp(-5.0 / r.tau_h);
  EXPECT_NEAR((channel.open(target) - r.phi) / (r.slope * step), expected, 2e-3);
  EXPECT_NEAR(r.transfer(1e-9).real(), 1.0, 1e-9);
}
