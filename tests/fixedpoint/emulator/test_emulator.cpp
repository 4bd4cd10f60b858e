// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/program/compiler.hpp"
#include "tests/fixedpoint/random_network.hpp"

using namespace apical::fixedpoint;
using apical::test::plain_network;

namespace {

// Drives an emulator with random inputs and targets that change every third tick.
std::string run(const NetworkDescription& net, int ticks, EmulatorOptions options = {}, double beta = 0.5) {
  Emulator emulator(std::make_shared<const Program>(compile(net)), options);
  std::mt19937_64 random(99);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::vector<double> input(static_cast<std::size_t>(net.layers.front()));
  std::vector<double> target(static_cast<std::size_t>(net.layers.back()));
  emulator.set_beta(beta);
  for (int t = 0; t < ticks; ++t) {
    if (t % 3 == 0) {
      for (double& x : input) x = uniform(random);
      for (double& x : target) x = uniform(random);
      emulator.write_input(input.data());
      emulator.write_target(target.data());
    }
    emulator.tick();
  }
  return emulator.digest();
}

std::vector<std::int64_t> all_weights(const Emulator& emulator) {
  std::vector<std::int64_t> raw;
  for (std::size_t k = 0; k < emulator.program().projections.size(); ++k) {
    const Projection& p = emulator.program().projections[k];
    for (int row = 0; row < p.rows; ++row)
      for (int column = 0; column < p.columns; ++column)
        raw.push_back(emulator.weights(static_cast<int>(k)).at(row, column));
  }
  return raw;
}

}  // namespace

TEST(Emulator, ThreadsKernelsAndStatisticsDoNotChangeABit) {
  const NetworkDescription net = plain_network({700, 800, 12}, 3);  // wide enough for threads to be used
  const std::string reference = run(net, 12, {1, false, 1});
  EXPECT_EQ(run(net, 12, {1, true, 0}), reference);
  for (int threads = 2; threads <= 4; ++threads)
    EXPECT_EQ(run(net, 12, {threads, true, 0}), reference) << threads << " threads";
}

// Errors one bit wider than they need to be: the 16-bit kernels refuse them, and nothing else changes.
TEST(Emulator, NarrowAndWideArithmeticAgree) {
  for (int mode = 0; mode < 8; ++mode) {
    NetworkDescription net = plain_network({20, 15, 6}, 5);
    net.formats.by_signal["weight"] = {12, 8, true, static_cast<Rounding>(mode), Overflow::sat};
    NetworkDescription wide = net;
    const Program program = compile(net);
    for (int k = 1; k <= 2; ++k)
      wide.formats.by_layer[{"step", k}] = program.projections[static_cast<std::size_t>(k - 1)].step;
    wide.formats.by_signal["error"].bits = 17;
    EXPECT_FALSE(Emulator(std::make_shared<const Program>(program)).weights(0).wide());
    EXPECT_TRUE(Emulator(std::make_shared<const Program>(compile(wide))).weights(0).wide());
    EXPECT_EQ(run(wide, 60), run(net, 60)) << "rounding " << name_of(static_cast<Rounding>(mode));
  }
}

TEST(Emulator, WithoutNudgeNotOneWeightBitChanges) {
  for (const bool parallel : {false, true})
    for (const int gamma : {0, 1}) {
      NetworkDescription net = plain_network({9, 8, 5}, 11);
      net.parallel_order = parallel;
      net.gamma = gamma;
      Emulator emulator(std::make_shared<const Program>(compile(net)));
      const auto before = all_weights(emulator);
      const std::vector<double> input(9, 0.7);
      const std::vector<double> target(5, 1.0);
      emulator.write_input(input.data());
      emulator.write_target(target.data());
      for (int t = 0; t < 20; ++t) emulator.tick();
      EXPECT_EQ(all_weights(emulator), before);
      emulator.set_beta(0.5);
      for (int t = 0; t < 20; ++t) emulator.tick();
      EXPECT_NE(all_weights(emulator), before) << "the nudge teaches nothing";
    }
}

TEST(Emulator, SeedDecidesTheStochasticRoundingAndNothingElse) {
  NetworkDescription net = plain_network({9, 8, 5}, 2);
  const std::string first = run(net, 30);
  EXPECT_EQ(run(net, 30), first);
  net.seed = 2;
  EXPECT_NE(run(net, 30), first);
  net.formats.by_signal["weight"].rounding = Rounding::rnd_conv;
  const std::string nearest = run(net, 30);
  net.seed = 3;
  EXPECT_EQ(run(net, 30), nearest);
}

TEST(Emulator, DigestSeesEverySignalAndWeight) {
  const NetworkDescription net = plain_network({3, 4, 2}, 1);
  const std::string digest = run(net, 5);
  NetworkDescription other = net;
  other.weights[1][0] += 0.25;
  EXPECT_NE(run(other, 5), digest);
  EXPECT_NE(run(net, 6), digest);
  EXPECT_NE(run(net, 5, {}, 0.25), digest);
}

TEST(Emulator, CountsWhatSaturates) {
  NetworkDescription net = plain_network({9, 8, 5}, 4);
  net.formats.by_signal["u"] = {6, 5, true, Rounding::rnd_conv, Overflow::sat};  // +-1 is far too little
  net.weights[0].assign(net.weights[0].size(), 2.0);
  EmulatorOptions options;
  options.schedule = Schedule::dense;  // looks at every unit in every tick
  Emulator emulator(std::make_shared<const Program>(compile(net)), options);
  const std::vector<double> input(9, 1.0);
  emulator.write_input(input.data());
  for (int t = 0; t < 10; ++t) emulator.tick();
  const SignalCounter& u = emulator.observers().counter(Signal::u, 1);
  EXPECT_EQ(u.count, 80u);
  EXPECT_EQ(u.saturated, 80u);
  EXPECT_EQ(u.maximum, 31);
}
