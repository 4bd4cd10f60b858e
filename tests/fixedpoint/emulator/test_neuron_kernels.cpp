// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/load.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#include "tests/fixedpoint/kernel_levels.hpp"

using namespace apical::fixedpoint;

// The whole quantiser in runs: every mode, widths and shifts beyond the fast path, and what it tallies.
TEST(NeuronKernels, QuantiseIsTheQuantiser) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int mode = 0; mode < 8; ++mode)
    for (int overflow = 0; overflow < 4; ++overflow)
      for (int trial = 0; trial < 60; ++trial) {
        const Format f{2 + static_cast<int>(random() % 31), static_cast<int>(random() % 30),
                       random() % 3 != 0, static_cast<Rounding>(mode), static_cast<Overflow>(overflow)};
        const int frac = static_cast<int>(random() % 90) - 10;
        const std::size_t count = 1 + random() % 40;
        std::vector<std::int64_t> exact, before;
        for (std::size_t i = 0; i < count; ++i) {
          exact.push_back(static_cast<std::int64_t>(random()) >> (3 + random() % 61));
          before.push_back(static_cast<std::int64_t>(random() % 3));
        }
        const RandomRows rows{static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random()),
                              static_cast<std::uint32_t>(random() % 4096),
                              static_cast<std::uint32_t>(random() % 999)};
        std::vector<std::int64_t> expected;
        std::uint64_t saturated = 0, zeros = 0;
        for (std::size_t i = 0; i < count; ++i) {
          const std::uint32_t key =
              row_key(rows.seed, rows.tick, rows.stream, rows.first + static_cast<std::uint32_t>(i));
          const Quantised q = quantise(exact[i], frac, f, random16(key, 0));
          expected.push_back(q.raw);
          saturated += q.saturated;
          zeros += q.raw == 0 && exact[i] != 0;
        }
        for (const int level : supported_levels()) {
          auto values = before;
          const Tally t = kernels(level).neurons->quantise[mode](
              exact.data(), static_cast<std::ptrdiff_t>(count), frac, f, rows, Counting::all, values.data());
          ASSERT_EQ(values, expected) << "level " << level << " " << name_of(f.rounding);
          EXPECT_EQ(t.minimum, *std::min_element(expected.begin(), expected.end()));
          EXPECT_EQ(t.maximum, *std::max_element(expected.begin(), expected.end()));
          EXPECT_EQ(t.saturated, saturated);
          EXPECT_EQ(t.rounded_to_zero, zeros);
          EXPECT_EQ(t.changed, expected != before);
          EXPECT_EQ(t.nonzero, expected != std::vector<std::int64_t>(count, 0));
          auto uncounted = before;
          const Tally u =
              kernels(level).neurons->quantise[mode](exact.data(), static_cast<std::ptrdiff_t>(count), frac,
                                                     f, rows, Counting::none, uncounted.data());
          ASSERT_EQ(uncounted, expected);
          auto clipped = before;
          const Tally c =
              kernels(level).neurons->quantise[mode](exact.data(), static_cast<std::ptrdiff_t>(count), frac,
                                                     f, rows, Counting::clipped, clipped.data());
          ASSERT_EQ(clipped, expected);
          EXPECT_EQ(c.saturated, saturated);
          EXPECT_EQ(c.changed, t.changed);
          EXPECT_EQ(c.nonzero, t.nonzero);
          EXPECT_EQ(u.changed, t.changed);
          EXPECT_EQ(u.nonzero, t.nonzero);
        }
      }
}

TEST(NeuronKernels, LoadIsTheQuantiserOfModerateNumbers) {
  std::mt19937_64 random(6);
  for (const int level : supported_levels()) {
    const NeuronKernels& kernel = *kernels(level).neurons;
    for (const std::ptrdiff_t at : {0, 8, 18}) {
      std::vector<double> real(19, 0.0);
      for (const double x : {0.0, -0.0, 1e-240, -1e240, 1.5}) {
        real[static_cast<std::size_t>(at)] = x;
        EXPECT_TRUE(kernel.loads_by_vector(real.data(), 19)) << x;
      }
      for (const double x : {1e-260, -5e-324, 1e260, -HUGE_VAL, std::nan("")}) {
        real[static_cast<std::size_t>(at)] = x;
        EXPECT_FALSE(kernel.loads_by_vector(real.data(), 19)) << x;
      }
    }
    for (int trial = 0; trial < 300; ++trial) {
      const Format f{2 + static_cast<int>(random() % 31), static_cast<int>(random() % 30), random() % 2 == 0,
                     Rounding::rnd_conv, trial % 2 == 0 ? Overflow::sat : Overflow::sat_sym};
      const std::size_t count = 1 + random() % 40;
      std::vector<double> real;
      std::vector<std::int64_t> before(count, 1), expected;
      for (std::size_t i = 0; i < count; ++i) {
        const double half = static_cast<double>(static_cast<int>(random() % 2001) - 1000) / 2;
        real.push_back(i % 3 == 0 ? std::ldexp(half, -f.frac) : half / 300);
        expected.push_back(load(real.back(), f).raw);
      }
      for (const Counting counting : {Counting::none, Counting::clipped, Counting::all}) {
        auto values = before;
        const Tally t = kernel.load(real.data(), static_cast<std::ptrdiff_t>(count), std::ldexp(1.0, f.frac),
                                    f, counting, values.data());
        ASSERT_EQ(values, expected) << "level " << level;
        EXPECT_EQ(t.changed, expected != before);
        if (counting != Counting::all) continue;
        EXPECT_EQ(t.minimum, *std::min_element(expected.begin(), expected.end()));
        EXPECT_EQ(t.maximum, *std::max_element(expected.begin(), expected.end()));
      }
    }
  }
}

TEST(NeuronKernels, SendAndDiffering) {
  std::mt19937_64 random(5);
  for (const int level : supported_levels())
    for (const auto& [count, one_in] : {std::pair{1u, 1u},
                                        {7u, 1u},
                                        {8u, 2u},
                                        {9u, 1u},
                                        {300u, 1u},
                                        {300u, 4u},
                                        {300u, 30u},
                                        {64u, 500u}}) {
      std::vector<std::int64_t> values, sent;
      for (std::size_t i = 0; i < count; ++i) {
        values.push_back(static_cast<std::int64_t>(random() % 9) - 4);
        sent.push_back(random() % one_in == 0 ? static_cast<std::int64_t>(random() % 9) - 4 : values.back());
      }
      const auto n = static_cast<std::ptrdiff_t>(count);
      std::vector<std::int32_t> index(count + 8);
      std::vector<std::int64_t> value(count + 8);
      const std::ptrdiff_t found =
          kernels(level).neurons->differing(values.data(), sent.data(), n, index.data(), value.data());
      std::ptrdiff_t expected = 0, beyond = 0;
      std::int64_t largest = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t difference = values[i] - sent[i];
        if (difference == 0) continue;
        ASSERT_EQ(index[static_cast<std::size_t>(expected)], static_cast<std::int32_t>(i));
        ASSERT_EQ(value[static_cast<std::size_t>(expected++)], difference);
        beyond += std::abs(difference) > 2;
        if (std::abs(difference) <= 2) largest = std::max(largest, std::abs(difference));
      }
      EXPECT_EQ(found, expected);
      std::int64_t stays = 0;
      EXPECT_EQ(kernels(level).neurons->send(values.data(), n, 2, sent.data(), &stays), beyond);
      EXPECT_EQ(stays, largest);
      for (std::size_t i = 0; i < count; ++i) EXPECT_LE(std::abs(values[i] - sent[i]), 2);
    }
}
