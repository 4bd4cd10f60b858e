// SPDX-License-Identifier: Apache-2.0
// The counter-based generator in hardware against the one in C++.
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "VMix.h"
#include "VRandom.h"
#include "fixedpoint/numeric/counter_random.hpp"

using namespace apical::fixedpoint;

TEST(HwRandom, MixIsMix32OneResultPerClock) {
  VMix module;
  module.enable_i = 1;
  std::mt19937 random(5);
  std::vector<std::uint32_t> given;
  for (int clock = 0; clock < 300000; ++clock) {
    given.push_back(clock < 64 ? 1u << (clock % 32) : static_cast<std::uint32_t>(random()));
    module.a_i = given.back();
    module.clk_i = 0;
    module.eval();
    module.clk_i = 1;
    module.eval();
    if (clock < 2) continue;
    ASSERT_EQ(module.a_o, mix32(given[given.size() - 3])) << "clock " << clock;
  }
}

TEST(HwRandom, RandomBitsOfKeyAndColumn) {
  VRandom module;
  std::mt19937 random(6);
  for (int i = 0; i < 1000000; ++i) {
    const std::uint32_t key = static_cast<std::uint32_t>(random());
    const std::uint32_t column = static_cast<std::uint32_t>(i % 4096);
    module.key_i = key;
    module.column_i = mix32(column);
    module.clk_i = 0;
    module.eval();
    module.clk_i = 1;
    module.eval();
    ASSERT_EQ(module.random_o, random16(key, column)) << "key " << key << " column " << column;
  }
}
