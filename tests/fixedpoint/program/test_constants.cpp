// SPDX-License-Identifier: Apache-2.0
// What registers make of alpha and beta, against the definition of a rounded fraction.
#include "fixedpoint/program/constants.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <random>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/program/compiler.hpp"
#include "tests/fixedpoint/random_network.hpp"

namespace apical::fixedpoint {
namespace {

constexpr double promised = 1.0 / 512.0;

// 16 unsigned bits to nearest, relative error.
double error_at(double asked, int frac) {
  const double raw = std::min(std::floor(asked * std::exp2(frac) + 0.5), 65535.0);
  return std::abs(raw / std::exp2(frac) / asked - 1.0);
}

double worst_at(const std::vector<double>& asked, int frac) {
  double worst = 0.0;
  for (const double one : asked)
    if (one != 0.0) worst = std::max(worst, error_at(one, frac));
  return worst;
}

// `frac` is the first from `least` on that keeps the promise, or the last that holds the largest.
void expect_chosen(const std::vector<double>& asked, int frac, int least) {
  const double largest = *std::max_element(asked.begin(), asked.end());
  ASSERT_GE(frac, least);
  ASSERT_LE(frac, 30);
  EXPECT_TRUE(frac == least || std::floor(largest * std::exp2(frac) + 0.5) < 65536.0) << "doesn't fit";
  for (int coarser = least; coarser < frac; ++coarser)
    EXPECT_GT(worst_at(asked, coarser), promised) << frac << " fraction bits, where " << coarser << " do";
  if (worst_at(asked, frac) > promised) {
    EXPECT_TRUE(frac == 30 || largest * std::exp2(frac + 1) >= 65535.5) << frac;
  }
}

NetworkDescription small() {
  return test::plain_network({2, 3, 2}, 1);
}

}  // namespace

TEST(Constants, AreLimitedToTheirRegister) {
  const volatile double huge = 1e300;  // what the compiler knew it could take for any result
  EXPECT_EQ(to_register(huge, 14, 16), 65535);
  EXPECT_EQ(to_register(-huge, 14, 16), 0);
  EXPECT_EQ(to_register(0x1p50, 14, 16), 65535);
  EXPECT_EQ(to_register(65535.5, 0, 16), 65535);
  EXPECT_EQ(to_register(65534.5, 0, 16), 65535);
  EXPECT_EQ(to_register(-0.4, 0, 16), 0);
}

TEST(Constants, KeepTheirValueFromOneEndToTheOther) {
  constexpr int steps = 4000;
  double worst_alpha = 0.0, worst_beta = 0.0;
  for (int i = 0; i <= steps; ++i) {
    NetworkDescription net = small();
    const double share = static_cast<double>(i) / steps;
    net.tau = 10.0;
    net.dt = net.tau * std::min(1.0, std::pow(10.0, -6.0 * share));
    net.beta = std::min(1e-6 * std::pow(4e6, share), std::nextafter(4.0, 0.0));
    const Program program = compile_shape(net);
    const double alpha = net.dt / net.tau;
    expect_chosen({alpha}, program.alpha_frac, 15);
    expect_chosen({net.beta}, program.beta_frac, 14);
    for (const Constant& c : constants(net, program)) {
      const bool is_beta = c.name == "beta";
      if (!is_beta && c.name != "alpha of layer1") continue;
      EXPECT_EQ(c.asked, is_beta ? net.beta : alpha);
      EXPECT_NEAR(std::abs(c.relative_error()),
                  error_at(c.asked, is_beta ? program.beta_frac : program.alpha_frac), 1e-15);
      double& worst = is_beta ? worst_beta : worst_alpha;
      worst = std::max(worst, std::abs(c.relative_error()));
    }
    for (std::size_t k = 1; k < program.populations.size(); ++k)
      for (const std::int64_t raw : program.populations[k].alpha)
        ASSERT_EQ(static_cast<double>(raw), std::floor(alpha * std::exp2(program.alpha_frac) + 0.5));
  }
  std::cout << "worst relative errors: alpha " << worst_alpha << ", beta " << worst_beta << "\n";
  EXPECT_LE(worst_alpha, promised);
  EXPECT_LE(worst_beta, promised);
}

// All units have one binary point; where the largest leaves no room for the smallest, it is the finest left.
TEST(Constants, OfManyUnitsShareABinaryPoint) {
  const std::uint64_t seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  int kept = 0, not_kept = 0;
  for (int i = 0; i < 2000; ++i) {
    NetworkDescription net = small();
    const double range = 20.0 * uniform(random) * uniform(random), fastest = 20.0 * uniform(random);
    for (int unit = 0; unit < 5; ++unit)
      net.alpha.push_back(random() % 6 == 0 ? 0.0 : std::exp2(-fastest * 0.5 - range * uniform(random)));
    if (i == 0) net.alpha.assign(5, 0.0);
    if (i == 1) net.alpha = {1.0, 1e-6, 0.0, 0.5, 0.25};
    const Program program = compile_shape(net);
    expect_chosen(net.alpha, program.alpha_frac, 15);
    const double worst = worst_at(net.alpha, program.alpha_frac);
    ++(worst <= promised ? kept : not_kept);
    double listed = 0.0;
    for (const Constant& c : constants(net, program))
      if (c.key == "dynamics.alpha") listed = std::max(listed, std::abs(c.relative_error()));
    EXPECT_NEAR(listed, worst, 1e-12) << "is what the list of constants says";
  }
  std::cout << kept << " kept, " << not_kept << " not\n";
  EXPECT_GT(kept, 100);
  EXPECT_GT(not_kept, 100);
}

// What has been within 2^-9 stays as it was.
TEST(Constants, ThatAreGoodKeepTheirBinaryPoints) {
  for (const double alpha : {1.0, 0.5, 0.1, 0.05, 0.025, 0.01, 0.005})
    for (const double beta : {0.0, 3.9, 1.0, 0.5, 0.3, 0.1, 0.01}) {
      NetworkDescription net = small();
      net.dt = alpha * net.tau;
      net.beta = beta;
      const Program program = compile_shape(net);
      EXPECT_EQ(program.alpha_frac, 15) << alpha;
      EXPECT_EQ(program.beta_frac, 14) << beta;
    }
}

// Where formats leave no room, alpha gets what there is, and no network is refused that was accepted.
TEST(Constants, GetNoMoreBitsThanMembranesHaveRoomFor) {
  int below = 0, interneurons = 0;
  for (int shift = 0; shift <= 13; ++shift) {
    NetworkDescription net = small();
    net.dt = 1e-5;  // 26 fraction bits
    for (const char* signal : {"basal", "nudge", "membrane", "mismatch", "target", "u"})
      net.formats.by_signal[signal].bits = 32;
    net.formats.by_signal["membrane"].frac = 24;
    net.formats.by_signal["basal"].frac = 24 + shift;
    net.formats.by_signal["nudge"].frac = 24;
    net.formats.by_signal["mismatch"].frac = 24;
    const Program program = compile_shape(net);
    int bits = 0;
    for (const WidthProof& proof : program.proofs)
      if (proof.name.rfind("membrane of", 0) == 0) bits = std::max(bits, proof.bits);
    EXPECT_LE(bits, 62);
    // |s| 2^frac + alpha (|basal| + |nudge| + |m| + |s|), 2^31 each, all but the first shifted.
    const auto fits = [&](int frac) {
      const double alpha = std::floor(1e-6 * std::exp2(frac) + 0.5), one = std::exp2(31 + shift);
      return one * std::exp2(frac) + alpha * (3.0 * one + std::exp2(31)) < std::exp2(61);
    };
    int expected = 26;
    while (expected > 15 && !fits(expected)) --expected;
    EXPECT_EQ(program.alpha_frac, expected) << shift;
    below += expected < 26;
    net.microcircuit = true;  // whose interneurons have membranes in the format of u
    net.layers = {2, 3, 3, 2};
    net.formats.by_signal["u"].frac = 24 - shift % 4;
    NetworkDescription fast = net;
    fast.dt = fast.tau;
    try {
      compile_shape(fast);
    } catch (const std::invalid_argument&) {
      continue;
    }
    EXPECT_NO_THROW(compile_shape(net)) << shift;
    ++interneurons;
  }
  EXPECT_GT(below, 3);
  EXPECT_GT(interneurons, 3);
}

// tau = 10 with dt = 0.001 acted like 10.9; tau / dt = 1e6 stood still.
TEST(Constants, OfMembranesTakeAsLongAsTauSays) {
  for (const double ticks_per_tau : {1e4, 1e6}) {
    NetworkDescription net = test::plain_network({1, 1}, 1);
    net.bias = false;
    net.learning = false;
    net.weights = {{1.0}};
    net.rho = {0.0};
    net.tau = 10.0;
    net.dt = net.tau / ticks_per_tau;
    net.formats.by_signal["membrane"].bits = 32;
    net.formats.by_signal["membrane"].frac = 30;
    Emulator emulator(std::make_shared<const Program>(compile(net)), {});
    const double input = 1.0;
    emulator.write_input(&input);
    const int ticks = static_cast<int>(ticks_per_tau / 10.0);
    for (int t = 0; t < ticks; ++t) emulator.tick();
    const double s = std::ldexp(static_cast<double>(emulator.signal(Signal::membrane, 1)[0]), -30);
    const double acts_like = -ticks * net.dt / std::log1p(-s);
    EXPECT_NEAR(acts_like / net.tau, 1.0, 1.2 * promised) << ticks_per_tau << ": " << s;
    std::cout << "tau 10, dt " << net.dt << ": acts like " << acts_like << "\n";
  }
}

// A schedule brings a rate far down in a register that was made for the first one.
TEST(Constants, SayWhatASchedulesLastRateIs) {
  NetworkDescription net = small();
  net.eta = {0.1};
  const Program program = compile_shape(net);
  const double scale = std::pow(0.97, 300);
  int seen = 0;
  for (const Constant& c : constants(net, program, scale)) {
    EXPECT_EQ(c.scheduled, c.name.rfind("last eta of W", 0) == 0) << c.name;
    if (!c.scheduled) continue;
    ++seen;
    EXPECT_EQ(c.key, "learning.decay");
    EXPECT_DOUBLE_EQ(c.asked, 0.1 * net.dt * scale);
    // 0.1 lies in 2^-4..2^-3: 19 fraction bits, of which the last rate has 57 steps.
    EXPECT_EQ(c.effective, std::floor(c.asked * std::exp2(19) + 0.5) / std::exp2(19));
    EXPECT_GT(std::abs(c.relative_error()), 1e-4);
  }
  EXPECT_EQ(seen, 2);
  for (const Constant& c : constants(net, program)) EXPECT_FALSE(c.scheduled);
}

}  // namespace apical::fixedpoint
