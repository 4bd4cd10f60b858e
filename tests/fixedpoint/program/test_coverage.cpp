// SPDX-License-Identifier: Apache-2.0
// Corners of quantisers against their definition, in quarters of an LSB.
#include "fixedpoint/program/coverage.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "fixedpoint/numeric/quantise.hpp"

namespace apical::fixedpoint {

TEST(Coverage, CountsLimitsAndTiesByDefinition) {
  for (int mode = 0; mode < 8; ++mode)
    for (int overflow = 0; overflow < 4; ++overflow) {
      const Format f{4, 1, true, static_cast<Rounding>(mode), static_cast<Overflow>(overflow)};
      for (std::int64_t x = -50; x <= 50; ++x) {
        Coverage coverage;
        const Quantised y = quantise(x, f.frac + 2, f);
        coverage.see(Signal::u, 1, x, f.frac + 2, f, y.raw);
        Coverage::Counts expected{};
        const bool tie = x % 4 == 2 || x % 4 == -2;
        const auto below = static_cast<std::int64_t>(std::floor(static_cast<double>(x) / 4.0));
        if (tie && mode <= static_cast<int>(Rounding::rnd_conv))
          ++expected[(x < 0 ? 4u : 2u) + (below % 2 != 0 ? 1u : 0u)];
        expected[0] = y.raw == f.minimum_raw() || below < f.minimum_raw();
        expected[1] = y.raw == f.maximum_raw() || below > f.maximum_raw();
        ASSERT_EQ(coverage.counts().at({Signal::u, 1}), expected)
            << "x " << x << " " << name_of(f.rounding) << " " << name_of(f.overflow);
      }
    }
}

TEST(Coverage, NothingToRoundHasNoTies) {
  Coverage coverage;
  const Format f{8, 3, true, Rounding::rnd_conv, Overflow::sat};
  coverage.see(Signal::error, 2, 5, 3, f, 5);
  coverage.see(Signal::error, 2, 5, 1, f, 20);
  coverage.see(Signal::error, 2, 100, -60, f, f.maximum_raw());  // far beyond 62 bits
  EXPECT_EQ(coverage.counts().at({Signal::error, 2}), (Coverage::Counts{0, 1, 0, 0, 0, 0}));
}

// Whether a quantiser had anything to do: exact values other than 0, be they at no corner.
TEST(Coverage, CountsValuesThatAreNotZero) {
  Coverage coverage;
  const Format f{8, 3, true, Rounding::stochastic, Overflow::sat};
  EXPECT_EQ(coverage.values(Signal::step, 1), 0u);
  for (const std::int64_t x : {0, 3, -3, 0, 1}) coverage.see(Signal::step, 1, x, 5, f, x >> 2);
  coverage.see_change(1, 0, 9, f, 5);
  coverage.see_change(1, -7, 9, f, 5);
  EXPECT_EQ(coverage.values(Signal::step, 1), 3u);
  EXPECT_EQ(coverage.values(Signal::weight, 1), 1u);
  EXPECT_EQ(coverage.values(Signal::step, 2), 0u);
}

}  // namespace apical::fixedpoint
