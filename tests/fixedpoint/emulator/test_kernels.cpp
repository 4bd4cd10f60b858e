// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/emulator/kernels.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#include "tests/fixedpoint/kernel_levels.hpp"

using namespace apical::fixedpoint;

namespace {

template <class T>
const MatrixKernels<T>& of(int level) {
  if constexpr (sizeof(T) == 1)
    return kernels(level).bytes;
  else
    return kernels(level).words;
}

// Values at both ends of their range are as likely as all others together.
std::int64_t extreme(std::mt19937_64& random, std::int64_t low, std::int64_t high) {
  const auto pick = random() % 4;
  if (pick == 0) return low;
  if (pick == 1) return high;
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

template <class T>
class Kernel : public testing::Test {
 protected:
  Kernel()
      : seed(std::random_device{}()),
        random(seed),
        trace_(__FILE__, __LINE__, testing::Message() << "seed " << seed) {}

  static constexpr std::int64_t lowest = sizeof(T) == 1 ? -128 : -32768;

  // Source-major weights, zeros in the padding.
  std::vector<T> weights(std::ptrdiff_t rows, std::ptrdiff_t columns, std::int64_t low = lowest,
                         std::int64_t high = -lowest - 1) {
    stride = (rows + row_block - 1) / row_block * row_block;
    std::vector<T> w(static_cast<std::size_t>(stride * columns), T{0});
    for (std::ptrdiff_t j = 0; j < columns; ++j)
      for (std::ptrdiff_t i = 0; i < rows; ++i)
        w[static_cast<std::size_t>(j * stride + i)] = static_cast<T>(extreme(random, low, high));
    return w;
  }

  const std::uint64_t seed;
  std::mt19937_64 random;
  std::ptrdiff_t stride = 0;

 private:
  testing::ScopedTrace trace_;
};

using Words = testing::Types<std::int8_t, std::int16_t>;
TYPED_TEST_SUITE(Kernel, Words);

}  // namespace

TYPED_TEST(Kernel, ForwardIsTheExactSumOnEveryLevel) {
  for (const std::ptrdiff_t rows : {1, 63, 64, 65, 300, 2049})
    for (const std::ptrdiff_t columns : {1, 3, 4, 5, 70, 785})
      for (const std::int64_t high : {1, 255, 4096, 32767, 65535}) {
        if (rows == 2049 && columns == 785) continue;
        // Small weights leave room for whole values, large ones don't.
        const std::int64_t magnitude = this->random() % 2 == 0 ? -this->lowest : 90;
        const auto w = this->weights(rows, columns, -magnitude, magnitude - 1);
        for (const int level : supported_levels())
          EXPECT_LE(of<TypeParam>(level).largest(w.data(), this->stride * columns), magnitude);
        std::vector<std::int32_t> index;
        std::vector<std::int64_t> value;
        for (std::int32_t j = 0; j < columns; ++j)
          if (this->random() % 4 != 0) {
            index.push_back(j);
            value.push_back(extreme(this->random, -high - (high > 1), high));
          }
        const ColumnList list{index.data(), value.data(), static_cast<std::ptrdiff_t>(index.size())};
        std::vector<std::int64_t> expected(static_cast<std::size_t>(this->stride), 7);
        for (std::size_t c = 0; c < index.size(); ++c)
          for (std::ptrdiff_t i = 0; i < this->stride; ++i)
            expected[static_cast<std::size_t>(i)] +=
                value[c] * w[static_cast<std::size_t>(index[c] * this->stride + i)];
        for (const int level : supported_levels()) {
          std::vector<std::int64_t> sums(expected.size(), 7);
          std::vector<std::int32_t> scratch(2 * sums.size());
          // In two parts, as two threads would.
          const std::ptrdiff_t middle = this->stride / row_block / 2 * row_block;
          for (const auto& [first, last] : {std::pair{std::ptrdiff_t{0}, middle}, {middle, this->stride}})
            of<TypeParam>(level).forward(w.data(), this->stride, first, last, list,
                                         static_cast<std::int32_t>(magnitude), scratch.data(), sums.data());
          ASSERT_EQ(sums, expected) << "level " << level << ", " << rows << " x " << columns << ", to "
                                    << high;
        }
      }
}

TYPED_TEST(Kernel, LargestIsAMagnitude) {
  for (const int level : supported_levels())
    for (const int extreme : {-128, -5, 0, 4, 127}) {
      std::vector<TypeParam> w(96, TypeParam{0});
      w[static_cast<std::size_t>(this->random() % 96)] = static_cast<TypeParam>(extreme);
      EXPECT_EQ(of<TypeParam>(level).largest(w.data(), 96), std::abs(extreme));
    }
}

TYPED_TEST(Kernel, BackwardIsTheExactSumOnEveryLevel) {
  for (const std::ptrdiff_t rows : {1, 10, 100, 1030, 3000})
    for (const bool split : {false, true}) {
      const std::ptrdiff_t columns = 7;
      const auto w = this->weights(rows, columns);
      const std::int64_t high = split ? 65535 : 500;
      std::vector<std::int16_t> tops(static_cast<std::size_t>(this->stride)), lows(tops.size());
      std::vector<std::int64_t> expected(7, 3);
      for (std::ptrdiff_t i = 0; i < rows; ++i) {
        const std::int64_t x = extreme(this->random, -high, high);
        tops[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(x >> 8);
        lows[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(split ? x & 255 : x);
        for (std::ptrdiff_t j = 0; j < columns; ++j)
          expected[static_cast<std::size_t>(j)] += x * w[static_cast<std::size_t>(j * this->stride + i)];
      }
      for (const int level : supported_levels()) {
        std::vector<std::int64_t> sums(7, 3);
        of<TypeParam>(level).backward(w.data(), this->stride, 0, columns, split ? tops.data() : nullptr,
                                      lows.data(), sums.data());
        ASSERT_EQ(sums, expected) << "level " << level << " rows " << rows;
      }
    }
}

// The oracle is the scalar quantiser, which has its own tests against IEEE 1666.
TYPED_TEST(Kernel, LearnIsTheQuantiserOnEveryLevelModeAndShift) {
  const std::ptrdiff_t rows = 70, columns = 9;
  std::vector<std::uint16_t> a, b;
  for (std::uint32_t j = 0; j < columns; ++j) {
    a.push_back(column_a(j));
    b.push_back(column_b(j));
  }
  for (int mode = 0; mode < 8; ++mode)
    for (int shift = 0; shift <= 29; ++shift)
      for (const int bits : {4, 8, 15, 16}) {
        if (bits > static_cast<int>(8 * sizeof(TypeParam))) continue;
        Format format{bits, 0, true, static_cast<Rounding>(mode), Overflow::sat};
        if (this->random() % 2 == 0) format.random_bits = 1 + static_cast<int>(this->random() % 16);
        const auto before = this->weights(rows, columns, format.minimum_raw(), format.maximum_raw());
        const auto padded = static_cast<std::size_t>(this->stride);
        const std::int64_t largest_step = this->random() % 2 == 0 ? 32767 : 40;
        const int decay =
            static_cast<int>(this->random() % 2 == 0 ? this->random() % (most_decay_shift + 1) : 0) - 1;
        const std::int64_t largest_error = this->random() % 2 == 0 ? 32767 : 40;
        std::vector<std::int16_t> steps(padded), errors(padded);
        std::vector<std::uint16_t> low_keys(padded), high_keys(padded);
        std::vector<std::uint32_t> keys(padded);
        for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
          steps[i] = static_cast<std::int16_t>(extreme(this->random, -largest_step, largest_step));
          errors[i] = static_cast<std::int16_t>(extreme(this->random, -largest_error, largest_error));
          keys[i] = static_cast<std::uint32_t>(this->random());
          low_keys[i] = static_cast<std::uint16_t>(keys[i]);
          high_keys[i] = static_cast<std::uint16_t>(keys[i] >> 16);
        }
        const std::vector<std::int32_t> index = {0, 2, 3, 5, 8};
        std::vector<std::int64_t> rate;
        // Small and large rates, for LEARN's two ways to a change.
        for (std::size_t c = 0; c < index.size(); ++c) {
          const std::int64_t highest = (std::int64_t{1} << (this->random() % 16)) - 1;
          rate.push_back(extreme(this->random, -highest - 1, highest));
        }
        auto expected = before;
        std::vector<std::int64_t> basal(padded, 11), apical(columns, 13);
        for (std::size_t c = 0; c < index.size(); ++c)
          for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
            const auto j = static_cast<std::size_t>(index[c]);
            TypeParam& w = expected[j * padded + i];
            const std::int64_t kept =
                decay < 0 || steps[i] == 0 || rate[c] == 0 ? 0 : std::int64_t{w} * (std::int64_t{1} << decay);
            const std::int64_t change =
                round_shift(steps[i] * rate[c] - kept, shift, format.rounding,
                            random16(keys[i], static_cast<std::uint32_t>(j)), format.random_bits);
            const std::int64_t after = limit(w + change, format).raw;
            basal[i] += (after - w) * rate[c];
            apical[j] += (after - w) * errors[i];
            w = static_cast<TypeParam>(after);
          }
        for (const int level : supported_levels())
          for (int sums = 0; sums < 4; ++sums) {
            auto learnt = before;
            std::vector<std::int64_t> basal_sums(padded, 11), apical_sums(columns, 13);
            std::vector<std::int32_t> scratch(2 * padded);
            LearnBlock k{};
            k.stride = k.last = this->stride;
            k.columns = {index.data(), rate.data(), static_cast<std::ptrdiff_t>(index.size())};
            k.a = a.data();
            k.b = b.data();
            k.low_keys = low_keys.data();
            k.high_keys = high_keys.data();
            k.steps = steps.data();
            k.shift = shift;
            k.decay = decay;
            k.weight = format;
            k.largest_step = static_cast<std::int32_t>(largest_step);
            k.basal_sums = (sums & 1) != 0 ? basal_sums.data() : nullptr;
            k.errors = errors.data();
            k.largest_error = static_cast<std::int32_t>(largest_error);
            k.apical_sums = (sums & 2) != 0 ? apical_sums.data() : nullptr;
            k.scratch = scratch.data();
            of<TypeParam>(level).learn[mode](learnt.data(), k);
            ASSERT_EQ(learnt, expected)
                << "level " << level << " mode " << mode << " shift " << shift << " bits " << bits;
            if ((sums & 1) != 0) {
              ASSERT_EQ(basal_sums, basal) << "level " << level << " mode " << mode << " shift " << shift;
            }
            if ((sums & 2) != 0) {
              ASSERT_EQ(apical_sums, apical) << "level " << level << " mode " << mode << " shift " << shift;
            }
          }
      }
}

TEST(Kernels, UnknownLevelIsRefused) {
  EXPECT_THROW(kernels(2), std::invalid_argument);
}
