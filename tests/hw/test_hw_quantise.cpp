// SPDX-License-Identifier: Apache-2.0
// The quantiser in hardware against the quantiser in C++: every value at small widths, random ones at real.
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "VQuantiseLane.h"
#include "VQuantiseSmall.h"
#include "VQuantiseWide.h"
#include "fixedpoint/numeric/quantise.hpp"

using namespace apical::fixedpoint;

namespace {

// Sign-extends the low `bits` bits: what a port of that width holds.
std::int64_t from_port(std::uint64_t value, int bits) {
  const std::uint64_t sign = std::uint64_t{1} << (bits - 1);
  const std::uint64_t low = bits == 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
  return static_cast<std::int64_t>((low ^ sign) - sign);
}

std::uint64_t to_port(std::int64_t value, int bits) {
  const std::uint64_t all = static_cast<std::uint64_t>(value);
  return bits == 64 ? all : all & ((std::uint64_t{1} << bits) - 1);
}

template <class Module>
void expect_equal(Module& module, int x_bits, int y_bits, std::int64_t x, int shift, const Format& f,
                  std::uint32_t random) {
  module.x_i = to_port(x, x_bits);
  module.shift_i = static_cast<std::uint8_t>(shift);
  module.mode_i = static_cast<std::uint8_t>(static_cast<int>(f.rounding) | (16 - f.random_bits) << 4);
  module.random_i = static_cast<std::uint16_t>(random);
  module.bits_i = static_cast<std::uint8_t>(f.bits);
  module.signed_i = f.is_signed;
  module.overflow_i = static_cast<std::uint8_t>(f.overflow);
  module.eval();
  const Quantised expected = quantise(x, shift, f, random);
  ASSERT_EQ(from_port(module.y_o, y_bits), expected.raw)
      << "x " << x << " shift " << shift << " bits " << f.bits << " signed " << f.is_signed << " "
      << name_of(f.rounding) << " " << name_of(f.overflow) << " random " << random << " of " << f.random_bits;
  ASSERT_EQ(module.limited_o != 0, expected.saturated) << "x " << x << " shift " << shift;
}

template <class Module>
void random_walk(int x_bits, int y_bits, std::uint64_t seed) {
  std::cout << "seed " << seed << "\n";
  Module module;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 3000000; ++i) {
    Format f;
    f.is_signed = random() & 1;
    f.bits = 1 + static_cast<int>(random() % static_cast<unsigned>(y_bits - (f.is_signed ? 0 : 1)));
    f.rounding = static_cast<Rounding>(random() % 8);
    f.random_bits = 1 + static_cast<int>(random() % 16);
    f.overflow = static_cast<Overflow>(random() % 4);
    const int shift =
        random() % 4 ? static_cast<int>(random() % 40) - 10 : static_cast<int>(random() % 256) - 128;
    // Few low bits set: ties are as likely as anything else. |x| < 2^62 is the contract.
    const int width = 1 + static_cast<int>(random() % static_cast<unsigned>(std::min(x_bits, 63) - 1));
    std::int64_t x = from_port(random(), width + 1 > 63 ? 63 : width + 1);
    if (random() & 1) x &= ~((std::int64_t{1} << (random() % static_cast<unsigned>(width))) - 1);
    expect_equal(module, x_bits, y_bits, x, shift, f, static_cast<std::uint32_t>(random() & 0xffff));
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace

TEST(HwQuantise, EveryValueOfEveryFormatAtSmallWidths) {
  VQuantiseSmall module;
  for (int bits = 1; bits <= 6; ++bits)
    for (const bool is_signed : {false, true})
      for (int rounding = 0; rounding < 8; ++rounding)
        for (int overflow = 0; overflow < 4; ++overflow)
          for (int shift = -8; shift <= 20; ++shift)
            for (std::int64_t x = -256; x < 256; ++x) {
              const Format f{bits, 0, is_signed, static_cast<Rounding>(rounding),
                             static_cast<Overflow>(overflow)};
              const std::uint32_t random = static_cast<std::uint32_t>(x * 40503 + shift * 977) & 0xffff;
              expect_equal(module, 9, 7, x, shift, f, random);
              if (HasFatalFailure()) return;
            }
}

TEST(HwQuantise, EveryRandomNumber) {
  VQuantiseSmall module;
  for (const int shift : {1, 3, 8, 15, 16, 17, 18, 24, 25})
    for (const std::int64_t x : {-256, -200, -37, -1, 0, 1, 90, 255})
      for (std::uint32_t random = 0; random < 0x10000; ++random) {
        expect_equal(module, 9, 7, x, shift, {7, 0, true, Rounding::stochastic, Overflow::sat}, random);
        if (HasFatalFailure()) return;
      }
}

// Every value, every number of random bits, every number that they can be, with anything below them.
TEST(HwQuantise, EveryNumberOfRandomBits) {
  VQuantiseSmall module;
  for (int bits = 1; bits <= 16; ++bits)
    for (int shift = 1; shift <= 18; ++shift)
      for (std::int64_t x = -256; x < 256; x += bits < 9 ? 1 : 5)
        for (std::uint32_t random = 0; random < 1u << bits; random += bits < 9 ? 1u : 1u << (bits - 8) | 1u) {
          const std::uint32_t below =
              (random * 40503u + static_cast<std::uint32_t>(x)) & ((1u << (16 - bits)) - 1);
          expect_equal(module, 9, 7, x, shift, {7, 0, true, Rounding::stochastic, Overflow::sat, bits},
                       random << (16 - bits) | below);
          if (HasFatalFailure()) return;
        }
}

TEST(HwQuantise, RandomValuesAtTheWidthsOfALane) {
  random_walk<VQuantiseLane>(34, 17, 11);
}
TEST(HwQuantise, RandomValuesAtTheWidestWidths) {
  random_walk<VQuantiseWide>(64, 33, 12);
}
