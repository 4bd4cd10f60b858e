// SPDX-License-Identifier: Apache-2.0
// The C interface and threads: handles that don't meet, calls that wait, errors that stay apart.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/tools/c/open_emulator.hpp"

using namespace apical;
using test::last_error;
using test::OpenedInC;

namespace {

void train(apical_emulator* handle, int ticks) {
  for (int tick = 0; tick < ticks; ++tick) {
    std::array<double, 6> input{};
    for (std::size_t i = 0; i < input.size(); ++i)
      input[i] = static_cast<double>((static_cast<std::size_t>(tick) * (i + 3)) % 11) / 11.0;
    const std::array<double, 3> target = {tick % 2 * 1.0, tick % 3 * 0.5, 0.25};
    ASSERT_EQ(apical_set_input(handle, input.data(), 6), APICAL_OK);
    ASSERT_EQ(apical_set_target(handle, target.data(), 3), APICAL_OK);
    ASSERT_EQ(apical_set_nudge(handle, 1.0), APICAL_OK);
    ASSERT_EQ(apical_tick(handle), APICAL_OK);
  }
}

const std::string small_net = "[network]\nlayers = [6, 5, 3]\n";

}  // namespace

TEST(ThreadsInC, OnHandlesOfTheirOwnDontMeet) {
  constexpr std::size_t threads = 8;
  std::vector<OpenedInC> alone, together;
  std::vector<std::thread> all;
  for (std::size_t n = 0; n < threads; ++n) {
    const std::vector<std::string> seed = {"run.seed=" + std::to_string(n + 1)};
    alone.emplace_back(small_net, seed);
    together.emplace_back(small_net, seed);
  }
  for (const OpenedInC& one : alone) train(one, 1000);
  for (const OpenedInC& one : together) all.emplace_back([&one] { train(one, 1000); });
  for (std::thread& one : all) one.join();
  for (std::size_t n = 0; n < threads; ++n) EXPECT_EQ(together[n].digest(), alone[n].digest()) << n;
  EXPECT_NE(alone[0].digest(), alone[1].digest());
}

TEST(ThreadsInC, OfManyThreadsOnOneHandleFollowOneAnother) {
  const OpenedInC shared(small_net), alone(small_net);
  constexpr std::uint32_t threads = 8, each = 2000;
  std::vector<std::thread> all;
  std::atomic<bool> go{false};
  for (std::uint32_t n = 0; n < threads; ++n)
    all.emplace_back([&] {
      while (!go) {
      }
      for (std::uint32_t t = 0; t < each; ++t) {
        EXPECT_EQ(apical_tick(shared), APICAL_OK);
        std::int32_t units = 0;
        EXPECT_EQ(apical_units(shared, 9, &units), APICAL_BAD_INPUT);
        EXPECT_EQ(last_error(shared), "layer 9; accepted: 0..2");
      }
    });
  go = true;
  for (std::thread& one : all) one.join();
  for (std::uint32_t t = 0; t < threads * each; ++t) apical_tick(alone);
  EXPECT_EQ(shared.digest(), alone.digest());
}

TEST(ThreadsInC, ClosesWhileOthersCall) {
  for (int round = 0; round < 50; ++round) {
    apical_emulator* handle = nullptr;
    ASSERT_EQ(apical_open_text(small_net.c_str(), nullptr, nullptr, 0, &handle), APICAL_OK) << last_error();
    std::thread ticking([&] {
      while (apical_tick(handle) == APICAL_OK) {
      }
      EXPECT_EQ(last_error(), "handle: not open; accepted: one that apical_open() made and nobody closed");
    });
    std::uint32_t ticks = 0;
    while (ticks < 3) ASSERT_EQ(apical_ticks(handle, &ticks), APICAL_OK);
    ASSERT_EQ(apical_close(handle), APICAL_OK);
    ticking.join();
  }
}

TEST(ThreadsInC, KeepErrorsApartByHandleAndByThread) {
  const OpenedInC one(small_net), two(small_net);
  EXPECT_EQ(last_error(one), "");
  EXPECT_EQ(apical_set_nudge(one, -1.0), APICAL_BAD_INPUT);
  EXPECT_EQ(apical_set_learning_scale(two, 1001.0), APICAL_BAD_INPUT);
  EXPECT_EQ(apical_format_parse("7", nullptr), APICAL_BAD_INPUT);
  EXPECT_EQ(apical_tick(one), APICAL_OK);  // leaves the last failure
  EXPECT_EQ(last_error(one), "nudge: -1; accepted: a number, 0 or above");
  EXPECT_EQ(last_error(two), "learning scale: 1001; accepted: a number, 0..1000");
  EXPECT_EQ(last_error(), "format: null; accepted: a pointer to it");
  std::thread([] { EXPECT_EQ(last_error(), ""); }).join();
  EXPECT_EQ(apical_set_nudge(one, 100.0), APICAL_BAD_INPUT);
  EXPECT_EQ(last_error(one), "nudge: 100 times dynamics.beta = 0.1; accepted: up to 3.99993896484375");
}
