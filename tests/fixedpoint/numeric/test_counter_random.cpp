// SPDX-License-Identifier: Apache-2.0
// The generator as other machines must reproduce it, and what it owes the columns of a row. Successive ticks
// and rows are looked at in test_quantise.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/quantise.hpp"

using namespace apical::fixedpoint;

namespace {

// Column keys of a matrix of so many columns.
struct Columns {
  std::vector<std::uint16_t> a, b;
  explicit Columns(std::uint32_t count) {
    for (std::uint32_t j = 0; j < count; ++j) {
      a.push_back(column_a(j));
      b.push_back(column_b(j));
    }
  }
};

}  // namespace

// Computed by another program from the formulas of the README: a change here changes every trained state.
TEST(CounterRandom, IsTheDocumentedFunction) {
  static_assert(mix32(0) == 0x6b4ed927u);
  static_assert(mix32(1) == 0xb48681b6u);
  static_assert(mix32(0xffffffffu) == 0xfe64c182u);
  static_assert(mix32(0x12345678u) == 0x027c5489u);
  struct Vector {
    std::uint32_t seed, tick, stream, row, column, key;
    std::uint16_t bits;
  };
  for (const Vector& v : {Vector{0, 0, 0, 0, 0, 0x2cb9d400u, 0xf4e0},
                          {1, 2, 3, 4, 5, 0xe83dddb1u, 0xa5f7},
                          {0xdeadbeefu, 1000000, 4095, 1048575, 784, 0x81ac02c0u, 0xb964},
                          {42, 0xffffffffu, 17, 299, 65536, 0xc3aa4f28u, 0xef26}}) {
    EXPECT_EQ(row_key(v.seed, v.tick, v.stream, v.row), v.key);
    EXPECT_EQ(random16(v.key, v.column), v.bits);
    EXPECT_EQ(random16_from(v.key, column_a(v.column), column_b(v.column)), v.bits);
  }
}

// For a fixed high half of the key the low half permutes the results: no value is preferred in any column.
TEST(CounterRandom, IsABijectionOfTheLowKey) {
  for (const std::uint32_t column : {0u, 1u, 300u, 784u})
    for (const std::uint32_t high : {0u, 0xbeefu}) {
      std::vector<bool> seen(65536);
      for (std::uint32_t low = 0; low < 65536; ++low) seen[random16((high << 16) | low, column)] = true;
      for (std::uint32_t x = 0; x < 65536; ++x) ASSERT_TRUE(seen[x]) << "column " << column << " never " << x;
    }
}

TEST(CounterRandom, EveryPairOfColumnsIsUncorrelated) {
  constexpr std::uint32_t columns = 256, draws = 4096;
  const Columns keys(columns);
  std::vector<std::vector<float>> x(columns, std::vector<float>(draws));
  for (std::uint32_t n = 0; n < draws; ++n) {
    const std::uint32_t key = row_key(7, n, 3, 1);
    for (std::uint32_t j = 0; j < columns; ++j)
      x[j][n] = static_cast<float>(random16_from(key, keys.a[j], keys.b[j])) / 65536.0f - 0.5f;
  }
  double squares = 0, worst = 0;
  for (std::uint32_t i = 0; i < columns; ++i)
    for (std::uint32_t j = 0; j < i; ++j) {
      float sum = 0;
      for (std::uint32_t n = 0; n < draws; ++n) sum += x[i][n] * x[j][n];
      const double sigmas = 12 * static_cast<double>(sum) / std::sqrt(static_cast<double>(draws));
      squares += sigmas * sigmas;
      worst = std::max(worst, std::abs(sigmas));
    }
  EXPECT_NEAR(std::sqrt(squares / (columns * (columns - 1) / 2)), 1.0, 0.05);
  EXPECT_LT(worst, 6.0);
}

// Along one row at one tick, as the weights of one neuron see it.
TEST(CounterRandom, IsUniformAlongARow) {
  std::vector<int> bins(256), ones(16);
  double neighbours = 0;
  int count = 0;
  for (std::uint32_t row = 0; row < 100; ++row) {
    const std::uint32_t key = row_key(3, 11, 5, row);
    double before = 0;
    for (std::uint32_t j = 0; j < 785; ++j, ++count) {
      const std::uint32_t x = random16(key, j);
      ++bins[x >> 8];
      for (std::uint32_t b = 0; b < 16; ++b) ones[b] += static_cast<int>((x >> b) & 1);
      const double here = x / 65536.0 - 0.5;
      neighbours += here * before;
      before = here;
    }
  }
  double chi = 0;
  for (const int n : bins) chi += (n - count / 256.0) * (n - count / 256.0) / (count / 256.0);
  EXPECT_NEAR(chi, 255, 5 * std::sqrt(2 * 255.0));
  for (const int n : ones) EXPECT_NEAR(n, count / 2, 5 * std::sqrt(count / 4.0));
  EXPECT_NEAR(neighbours / count, 0.0, 5 / 12.0 / std::sqrt(static_cast<double>(count)));
}

// A keyed pair whose keys differ in top bits only would give the same or the complementary rounding for ever.
TEST(CounterRandom, NoTwoColumnsAreTiedTogether) {
  const Columns keys(4096);
  for (std::size_t i = 0; i < 4096; ++i)
    for (std::size_t j = 0; j < i; ++j)
      ASSERT_NE(((keys.a[i] ^ keys.a[j]) | (keys.b[i] ^ keys.b[j])) & 0x7fff, 0) << i << " and " << j;
}

// Rounding errors of a whole row of weights: mean 0, and the spread of independent draws.
TEST(CounterRandom, RoundingErrorsOfARowAreIndependent) {
  constexpr std::uint32_t columns = 785;
  constexpr int ticks = 4000, shift = 20;
  const Columns keys(columns);
  for (const std::int64_t x :
       {std::int64_t{1} << 10, std::int64_t{1} << 16, (std::int64_t{1} << 19) + 12345}) {
    const double fraction = std::ldexp(static_cast<double>(x), -shift);
    double sum = 0, squares = 0;
    for (std::uint32_t t = 0; t < ticks; ++t) {
      const std::uint32_t key = row_key(1, t, 27, 9);
      double error = 0;
      for (std::uint32_t j = 0; j < columns; ++j)
        error += static_cast<double>(
                     round_shift(x, shift, Rounding::stochastic, random16_from(key, keys.a[j], keys.b[j]))) -
                 fraction;
      sum += error;
      squares += error * error;
    }
    const double independent = columns * fraction * (1 - fraction);
    EXPECT_NEAR(sum / ticks, 0.0, 5 * std::sqrt(independent / ticks)) << "x " << x;
    EXPECT_NEAR(squares / ticks / independent, 1.0, 0.25) << "x " << x;
  }
}
