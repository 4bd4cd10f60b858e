#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "fixedpoint/counter_random.hpp"
#include "fixedpoint/kernels.hpp"
#include "fixedpoint/quantise.hpp"

using namespace apical::fixedpoint;

namespace {

struct Case {
  std::ptrdiff_t rows, columns, stride;
  std::vector<std::int16_t> weights, x;
};

// Values at both ends of their range are as likely as all others together.
std::int16_t extreme(std::mt19937_64& random, int low, int high) {
  const auto pick = random() % 4;
  if (pick == 0) return static_cast<std::int16_t>(low);
  if (pick == 1) return static_cast<std::int16_t>(high);
  return static_cast<std::int16_t>(std::uniform_int_distribution<int>(low, high)(random));
}

Case random_case(std::mt19937_64& random, std::ptrdiff_t columns, std::ptrdiff_t rows, int low, int high) {
  Case c{rows, columns, (columns + 31) / 32 * 32, {}, {}};
  c.weights.assign(static_cast<std::size_t>(rows * c.stride), 0);
  c.x.assign(static_cast<std::size_t>(std::max(rows, c.stride)), 0);
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    for (std::ptrdiff_t j = 0; j < columns; ++j)
      c.weights[static_cast<std::size_t>(i * c.stride + j)] = extreme(random, -32768, 32767);
  for (std::ptrdiff_t j = 0; j < columns; ++j) c.x[static_cast<std::size_t>(j)] = extreme(random, low, high);
  return c;
}

std::vector<int> supported_levels() {
  std::vector<int> levels = {1};
  for (const int level : {3, 4}) try {
      kernels(level);
      levels.push_back(level);
    } catch (const std::invalid_argument&) {
    }
  return levels;
}

}  // namespace

TEST(Kernels, ForwardIsTheExactSumOnEveryLevel) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const std::ptrdiff_t columns : {1, 31, 32, 33, 255, 256, 257, 785, 4095, 4097, 9000})
    for (const int high : {255, 32767}) {
      Case c = random_case(random, columns, 5, high == 255 ? -255 : -32768, high);
      for (const int level : supported_levels()) {
        std::vector<std::int64_t> sums(5, -1);
        kernels(level).forward({c.weights.data(), c.stride, c.columns}, 0, 5, c.x.data(),
                               high == 255 ? 255 : 32768, sums.data());
        for (std::ptrdiff_t i = 0; i < 5; ++i) {
          std::int64_t expected = 0;
          for (std::ptrdiff_t j = 0; j < columns; ++j)
            expected += std::int64_t{c.weights[static_cast<std::size_t>(i * c.stride + j)]} *
                        c.x[static_cast<std::size_t>(j)];
          ASSERT_EQ(sums[static_cast<std::size_t>(i)], expected)
              << "level " << level << " columns " << columns;
        }
      }
    }
}

TEST(Kernels, BackwardIsTheExactSumOnEveryLevel) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const std::ptrdiff_t columns : {1, 33, 300})
    for (const std::ptrdiff_t rows : {1, 2, 3, 10, 101}) {
      Case c = random_case(random, columns, rows, -1, 1);
      for (std::ptrdiff_t i = 0; i < rows; ++i)
        c.x[static_cast<std::size_t>(i)] = extreme(random, -32768, 32767);
      for (const int level : supported_levels()) {
        std::vector<std::int64_t> sums(static_cast<std::size_t>(columns), -1);
        std::vector<std::int32_t> scratch(static_cast<std::size_t>(columns));
        kernels(level).backward({c.weights.data(), c.stride, c.columns}, rows, 0, columns, c.x.data(),
                                scratch.data(), sums.data());
        for (std::ptrdiff_t j = 0; j < columns; ++j) {
          std::int64_t expected = 0;
          for (std::ptrdiff_t i = 0; i < rows; ++i)
            expected += std::int64_t{c.weights[static_cast<std::size_t>(i * c.stride + j)]} *
                        c.x[static_cast<std::size_t>(i)];
          ASSERT_EQ(sums[static_cast<std::size_t>(j)], expected) << "level " << level << " rows " << rows;
        }
      }
    }
}

// The oracle is the scalar quantiser, which has its own tests against IEEE 1666.
TEST(Kernels, LearnIsTheQuantiserOnEveryLevelModeAndShift) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::ptrdiff_t columns = 70;
  std::vector<std::uint16_t> a, b;
  for (std::uint32_t j = 0; j < 96; ++j) {
    a.push_back(column_a(j));
    b.push_back(column_b(j));
  }
  for (int mode = 0; mode < 8; ++mode)
    for (int shift = 0; shift <= 29; ++shift)
      for (const int bits : {4, 8, 15, 16}) {
        const Format format{bits, 0, true, static_cast<Rounding>(mode), Overflow::sat};
        Case c = random_case(random, columns, 1, -32768, 32767);
        for (auto& w : c.weights) w = static_cast<std::int16_t>(limit(w, format).raw);
        const LearnRow row{
            extreme(random, -32768, 32767), shift, static_cast<std::int16_t>(format.minimum_raw()),
            static_cast<std::int16_t>(format.maximum_raw()), static_cast<std::uint32_t>(random())};
        for (const int level : supported_levels()) {
          std::vector<std::int16_t> learnt = c.weights;
          kernels(level).learn[mode](learnt.data(), c.stride, c.x.data(), a.data(), b.data(), row);
          for (std::ptrdiff_t j = 0; j < c.stride; ++j) {
            const std::size_t i = static_cast<std::size_t>(j);
            const std::int64_t change = round_shift(std::int64_t{row.step} * c.x[i], shift, format.rounding,
                                                    random16(row.key, static_cast<std::uint32_t>(j)));
            ASSERT_EQ(learnt[i], limit(c.weights[i] + change, format).raw)
                << "level " << level << " mode " << mode << " shift " << shift << " bits " << bits
                << " column " << j;
          }
        }
      }
}

TEST(Kernels, UnknownLevelIsRefused) {
  EXPECT_THROW(kernels(2), std::invalid_argument);
}
