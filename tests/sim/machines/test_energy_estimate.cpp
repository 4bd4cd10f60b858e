// SPDX-License-Identifier: Apache-2.0
// Energy of memories and multipliers against sums by hand: per matrix, of whatever shape the network is.
#include "sim/machines/energy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "fixedpoint/program/compiler.hpp"
#include "sim/machines/emulator_machine.hpp"

namespace {

using namespace apical;

constexpr int ticks = 7;

// 64-8-10 with recurrence and a skip: W1 (0 -> 1) 8 x 65, W1_1 8 x 8, W2_0 10 x 65, W2_1 10 x 8. The bias
// belongs to the first matrix into a layer. Widths are all different, so that none can stand for another.
fixedpoint::NetworkDescription graph() {
  fixedpoint::NetworkDescription net;
  net.layers = {64, 8, 10};
  net.connections = {{0, 1}, {1, 1}, {0, 2}, {1, 2}};
  net.formats.by_signal = fixedpoint::default_formats();
  net.formats.by_signal["input"] = {9, 8};
  net.formats.by_signal["rate"] = {11, 8};
  net.formats.by_signal["weight"].bits = 10;
  net.formats.by_layer[{"weight", 2}] = net.formats.by_signal["weight"];
  net.formats.by_layer[{"weight", 2}].bits = 13;
  net.formats.by_layer[{"u", 2}] = net.formats.by_signal["u"];
  net.formats.by_layer[{"u", 2}].bits = 14;
  for (const auto& shape : fixedpoint::matrices(net))
    net.weights.emplace_back(static_cast<std::size_t>(shape.rows) * static_cast<std::size_t>(shape.columns),
                             0.25);
  return net;
}

std::vector<sim::Energy> energies(const fixedpoint::NetworkDescription& net, double nudge) {
  auto program = std::make_shared<const fixedpoint::Program>(fixedpoint::compile(net));
  fixedpoint::EmulatorOptions how;
  how.schedule = fixedpoint::Schedule::dense;
  sim::EmulatorMachine machine(program, how);
  const std::vector<double> input(64, 0.5), target(10, 1.0);
  for (int t = 0; t < ticks; ++t) machine.tick(input.data(), target.data(), nudge, true);
  std::vector<sim::Energy> all;
  const auto activity = machine.activity();
  for (std::size_t k = 0; k < activity.size(); ++k)
    all.push_back(sim::estimate(*program, static_cast<int>(k), activity[k], {}));
  return all;
}

// 10 pJ for 64 bits out of 8 KB, less with the square root of the size down to 1/8 KB.
double word(double rows, double columns, double bits) {
  const double kilobytes = rows * columns * bits / 8.0 / 1024.0;
  return 10.0 * std::sqrt((kilobytes < 0.125 ? 0.125 : kilobytes) / 8.0) * bits / 64.0;
}

// 3.1 pJ for 32 x 32 bits, 0.1 pJ for an addition of 32.
double mac(double first, double second) {
  return 3.1 * first * second / 1024.0 + 0.1 * (first + second) / 32.0;
}

TEST(Energy, OfGraphsIsThatOfEveryMatrix) {
  fixedpoint::NetworkDescription net = graph();
  net.learning = false;
  const auto e = energies(net, 0.0);  // nothing errs: every weight is read once a tick
  ASSERT_EQ(e.size(), 3u);
  EXPECT_EQ(e[0].total(), 0.0);
  const double w1 = 8 * 65, w1_1 = 8 * 8, w2_0 = 10 * 65, w2_1 = 10 * 8;
  EXPECT_NEAR(e[1].weight_memory, ticks * (w1 * word(8, 65, 10) + w1_1 * word(8, 8, 10)), 1e-6);
  EXPECT_NEAR(e[2].weight_memory, ticks * (w2_0 * word(10, 65, 13) + w2_1 * word(10, 8, 13)), 1e-6);
  EXPECT_NEAR(e[1].arithmetic, ticks * (w1 * mac(10, 9) + w1_1 * mac(10, 11)), 1e-6);
  EXPECT_NEAR(e[2].arithmetic, ticks * (w2_0 * mac(13, 9) + w2_1 * mac(13, 11)), 1e-6);
}

TEST(Energy, OfLearningGraphsIsThatOfEveryMatrix) {
  fixedpoint::NetworkDescription net = graph();
  net.eta = {1.0};
  for (auto* bits : {&net.formats.by_signal["error"].bits, &net.formats.by_signal["step"].bits}) *bits = 15;
  const auto e = energies(net, 1.0);
  // The output errs from the first tick on: W2_0 and W2_1 are read forwards and by LEARN, which writes them,
  // and W2_1 backwards as well; nothing travels back to the input.
  const double w2_0 = 10 * 65, w2_1 = 10 * 8;
  EXPECT_NEAR(e[2].weight_memory, ticks * (3 * w2_0 * word(10, 65, 13) + 4 * w2_1 * word(10, 8, 13)), 1e-6);
  EXPECT_NEAR(e[2].arithmetic,
              ticks * (w2_0 * (mac(13, 9) + mac(15, 9)) + w2_1 * (mac(13, 11) + mac(13, 15) + mac(15, 11))),
              1e-6);
}

}  // namespace
