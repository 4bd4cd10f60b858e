// SPDX-License-Identifier: Apache-2.0
// The tables against decimal floating point of 80 digits, through other formulas than the code under test.
#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_dec_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <random>
#include <vector>

#include "fixedpoint/numeric/activation_table.hpp"

using namespace apical::fixedpoint;

namespace {

using Exact =
    boost::multiprecision::number<boost::multiprecision::cpp_dec_float<80>, boost::multiprecision::et_off>;
using Wide = boost::multiprecision::cpp_int;

constexpr Function functions[] = {Function::logistic, Function::tanh, Function::hard_sigmoid,
                                  Function::softplus, Function::relu, Function::linear,
                                  Function::silu};
constexpr Rounding roundings[] = {Rounding::rnd,      Rounding::rnd_zero,  Rounding::rnd_min_inf,
                                  Rounding::rnd_inf,  Rounding::rnd_conv,  Rounding::trn,
                                  Rounding::trn_zero, Rounding::stochastic};

const char* marked(Curve curve) {
  return curve == Curve::derivative ? "'" : "";
}

Exact phi(Function function, Curve curve, const Exact& x) {
  const bool derivative = curve == Curve::derivative;
  switch (function) {
    case Function::logistic:
      return derivative ? Exact(1 / (2 + 2 * cosh(x))) : Exact((1 + tanh(x / 2)) / 2);
    case Function::tanh:
      return derivative ? Exact(1 / (cosh(x) * cosh(x))) : Exact(sinh(x) / cosh(x));
    case Function::hard_sigmoid:
      if (derivative) return x < 0 || x >= 1 ? 0 : 1;
      return x < 0 ? Exact(0) : x > 1 ? Exact(1) : x;
    case Function::softplus:
      return derivative ? Exact((1 + tanh(x / 2)) / 2) : Exact(log(1 + exp(x)));
    case Function::relu:
      if (derivative) return x < 0 ? 0 : 1;
      return x < 0 ? Exact(0) : x;
    case Function::silu:
      return derivative ? Exact((1 + tanh(x / 2)) / 2 + x / (2 + 2 * cosh(x)))
                        : Exact(x * (1 + tanh(x / 2)) / 2);
    default:
      return derivative ? Exact(1) : x;
  }
}

Exact phi(const ActivationTable& table, Function function, Curve curve, std::int64_t raw, int frac) {
  return ldexp(phi(function, curve, ldexp(Exact(raw), -table.in.frac)), frac);
}

std::int64_t rounded(const Exact& value, Rounding mode) {
  const Exact below = floor(value), above = below + 1;
  const std::int64_t low = static_cast<std::int64_t>(below);
  if (below == value) return low;
  const Exact down = value - below, up = above - value;
  if (mode == Rounding::trn) return low;
  if (mode == Rounding::trn_zero) return value > 0 ? low : low + 1;
  if (up != down) return up < down ? low + 1 : low;
  switch (mode) {
    case Rounding::rnd:
      return low + 1;
    case Rounding::rnd_min_inf:
      return low;
    case Rounding::rnd_zero:
      return value > 0 ? low : low + 1;
    case Rounding::rnd_inf:
      return value > 0 ? low + 1 : low;
    default:  // a look-up has no random bits: STOCHASTIC enters as RND_CONV
      return low % 2 == 0 ? low : low + 1;
  }
}

std::int64_t saturated(std::int64_t value, const Format& f) {
  return std::min(std::max(value, f.minimum_raw()), f.maximum_raw());
}

}  // namespace

TEST(FullTable, IsCorrectlyRoundedForEveryInputFunctionAndMode) {
  for (const Function function : functions)
    for (const Curve curve : {Curve::value, Curve::derivative})
      for (const auto& [in, out] : {std::pair{Format{10, 6}, Format{12, 9}},
                                    {Format{10, 3}, Format{8, 7}},
                                    {Format{9, 11}, Format{16, 14}},
                                    {Format{6, -1}, Format{6, -2}},
                                    {Format{9, 5, false}, Format{8, 4, false}}}) {
        std::vector<ActivationTable> tables;
        for (const Rounding rounding : roundings) {
          Format f = out;
          f.rounding = rounding;
          tables.push_back(build(function, curve, in, f, 8, 10));
          ASSERT_FALSE(tables.back().piecewise);
        }
        for (std::int64_t n = 0; n < std::int64_t{1} << in.bits; ++n) {
          const std::int64_t raw = tables[0].lowest() + n;
          const Exact exact = phi(tables[0], function, curve, raw, out.frac);
          for (const ActivationTable& table : tables)
            ASSERT_EQ(table.lookup(raw, 0x9abc), saturated(rounded(exact, table.out.rounding), table.out))
                << name_of(function) << marked(curve) << " " << in.bits << "." << in.frac << " -> "
                << out.bits << "." << out.frac << " " << name_of(table.out.rounding) << " raw " << raw;
        }
      }
}

// 16-bit look-ups, where long double decides nearly all entries and 50 digits the close ones.
TEST(FullTable, OfSixteenBitsIsCorrectlyRounded) {
  const ActivationTable fine = build(Function::tanh, Curve::value, {16, 12}, {32, 30}, 8, 16);
  const ActivationTable coarse = build(Function::softplus, Curve::value, {16, 13}, {16, 11}, 8, 16);
  for (std::int64_t raw = -32768; raw < 32768; raw += 5) {
    ASSERT_EQ(fine.lookup(raw), rounded(phi(fine, Function::tanh, Curve::value, raw, 30), Rounding::rnd_conv))
        << raw;
    ASSERT_EQ(coarse.lookup(raw),
              rounded(phi(coarse, Function::softplus, Curve::value, raw, 11), Rounding::rnd_conv))
        << raw;
  }
  EXPECT_LE(fine.max_error_lsb, 0.5 + 1e-6);
  EXPECT_GT(fine.max_error_lsb, 0.49);
}

TEST(PiecewiseTable, DoesTheArithmeticThatItsDocumentationStates) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const Function function : functions)
    for (const Curve curve : {Curve::value, Curve::derivative})
      for (const Format& in : {Format{16, 11}, Format{20, 14}, Format{32, 27}, Format{16, 12, false}})
        for (const Rounding rounding : roundings) {
          const Format out{16, 13, true, rounding, Overflow::sat};
          const ActivationTable table = build(function, curve, in, out, 8, 10);
          ASSERT_TRUE(table.piecewise);
          ASSERT_EQ(table.base.size(), 256u);
          ASSERT_EQ(table.low_bits, in.bits - 8);
          for (int trial = 0; trial < 100; ++trial) {
            const Wide n = random() & ((std::uint64_t{1} << in.bits) - 1);
            const std::int64_t raw = static_cast<std::int64_t>(n) + table.lowest();
            const std::size_t segment = static_cast<std::size_t>(n >> table.low_bits);
            const Wide low = n % (Wide(1) << table.low_bits);
            const Wide exact = (Wide(table.base[segment]) << table.low_bits) + table.delta[segment] * low;
            const std::uint32_t bits = static_cast<std::uint32_t>(random() & 0xffff);
            ASSERT_EQ(table.lookup(raw, bits),
                      quantise(static_cast<std::int64_t>(exact),
                               13 + ActivationTable::guard_bits + table.low_bits, out, bits)
                          .raw)
                << name_of(function) << " raw " << raw;
          }
        }
}

TEST(PiecewiseTable, NodesAreCorrectlyRounded) {
  for (const Function function : {Function::logistic, Function::tanh, Function::softplus, Function::silu})
    for (const Curve curve : {Curve::value, Curve::derivative}) {
      const Format in{16, 12}, out{20, 14};  // nothing saturates
      const ActivationTable table = build(function, curve, in, out, 8, 10);
      const int frac = out.frac + ActivationTable::guard_bits;
      for (std::size_t i = 0; i < 256; ++i) {
        const std::int64_t start = table.lowest() + static_cast<std::int64_t>(i << table.low_bits);
        const auto node = [&](std::int64_t raw) {
          return rounded(phi(table, function, curve, raw, frac), Rounding::rnd);
        };
        ASSERT_EQ(table.base[i], node(start)) << name_of(function) << " segment " << i;
        ASSERT_EQ(table.base[i] + table.delta[i], node(start + 256)) << name_of(function) << " segment " << i;
      }
    }
}

// A chord over h errs by h²/8 max|φ''| at most; then half an LSB of guard bits and half an LSB of rounding.
TEST(PiecewiseTable, ErrorIsWhatAChordAllowsAndIsTheOneMeasured) {
  struct Case {
    Function function;
    Curve curve;
    double curvature;  // maximum of the second derivative of what the table holds
  };
  for (const Case& c : {Case{Function::logistic, Curve::value, 0.0963},
                        {Function::logistic, Curve::derivative, 0.125},
                        {Function::tanh, Curve::value, 0.7699},
                        {Function::tanh, Curve::derivative, 2.0},
                        {Function::softplus, Curve::value, 0.25},
                        {Function::softplus, Curve::derivative, 0.0963},
                        {Function::silu, Curve::value, 0.5},
                        {Function::silu, Curve::derivative, 0.3082}})
    for (const int index_bits : {8, 9}) {
      const Format in{16, 11}, out{18, 14};
      const ActivationTable table = build(c.function, c.curve, in, out, index_bits, 10);
      const double h = std::ldexp(1.0, in.bits - index_bits - in.frac);
      const double allowed = std::ldexp(h * h / 8 * c.curvature, out.frac) + 0.5 + 1.0 / 64;
      double worst = 0;
      for (std::int64_t raw = -16384; raw < 16384; raw += 3)
        worst = std::max(worst, static_cast<double>(abs(Exact(
                                    table.lookup(raw) - phi(table, c.function, c.curve, raw, out.frac)))));
      EXPECT_LE(table.max_error_lsb, allowed) << name_of(c.function) << marked(c.curve) << " " << index_bits;
      EXPECT_LE(worst, table.max_error_lsb + 1e-9)
          << name_of(c.function) << marked(c.curve) << " " << index_bits;
      EXPECT_GT(worst, 0.9 * table.max_error_lsb)
          << name_of(c.function) << marked(c.curve) << " " << index_bits;
    }
  EXPECT_LT(build(Function::logistic, Curve::value, {16, 11}, {16, 14}, 9, 10).max_error_lsb, 1.5);
}

TEST(PiecewiseTable, KinksOnSegmentBoundariesAreExact) {
  for (const Function function : {Function::relu, Function::hard_sigmoid, Function::linear})
    for (const Curve curve : {Curve::value, Curve::derivative}) {
      const ActivationTable table = build(function, curve, {16, 11}, {32, 20}, 8, 10);
      EXPECT_EQ(table.max_error_lsb, 0.0) << name_of(function);
      for (std::int64_t raw = -32768; raw < 32768; ++raw)
        ASSERT_EQ(Exact(table.lookup(raw)), phi(table, function, curve, raw, 20)) << name_of(function);
    }
  // The kink at 1 lies inside a segment here, which the measured error must say.
  EXPECT_GT(build(Function::hard_sigmoid, Curve::value, {16, 4}, {16, 14}, 8, 10).max_error_lsb, 1000.0);
}

// Beyond the range of the output the exact value has no room in 64 bits; the table saturates all the same.
TEST(PiecewiseTable, SaturatesFarBeyondItsRange) {
  const Format in{32, 26};
  for (const Overflow overflow : {Overflow::sat, Overflow::sat_sym, Overflow::sat_zero})
    for (const Rounding rounding : roundings) {
      const Format out{32, 30, true, rounding, overflow};
      const ActivationTable relu = build(Function::relu, Curve::value, in, out, 9, 10);
      const ActivationTable linear = build(Function::linear, Curve::value, in, out, 9, 10);
      const bool zero = overflow == Overflow::sat_zero;
      for (const std::int64_t raw : {std::int64_t{1} << 27, std::int64_t{5} << 26, std::int64_t{1} << 28,
                                     std::int64_t{1} << 30, (std::int64_t{1} << 31) - 1}) {
        EXPECT_EQ(relu.lookup(raw), zero ? 0 : out.maximum_raw()) << raw;
        EXPECT_EQ(relu.lookup(-raw), 0) << raw;
        EXPECT_EQ(linear.lookup(raw), zero ? 0 : out.maximum_raw()) << raw;
        EXPECT_EQ(linear.lookup(-raw - 1), zero ? 0 : out.minimum_raw()) << raw;
        EXPECT_TRUE(quantise(linear.exact(raw), linear.exact_frac(), out).saturated);
      }
      EXPECT_EQ(relu.lookup((1 << 27) - 1), ((1 << 27) - 1) << 4);
      EXPECT_EQ(linear.lookup(-(1 << 27) + 1), (-(1 << 27) + 1) * 16);
    }
}

TEST(Table, WhatNeedsMoreThan62BitsIsRefused) {
  EXPECT_THROW(build(Function::softplus, Curve::value, {32, 16}, {32, 30}, 9, 10), std::invalid_argument);
  EXPECT_THROW(
      build(Function::linear, Curve::value, {32, 26}, {32, 30, true, Rounding::rnd, Overflow::wrap}, 9, 10),
      std::invalid_argument);
  EXPECT_THROW(
      build(Function::linear, Curve::value, {8, -64}, {8, 0, true, Rounding::rnd, Overflow::wrap}, 8, 10),
      std::invalid_argument);
  EXPECT_NO_THROW(build(Function::linear, Curve::value, {8, -64}, {8, 0}, 8, 10));
  EXPECT_THROW(build(Function::linear, Curve::value, {16, 11}, {16, 11}, 0, 10), std::invalid_argument);
  EXPECT_THROW(build(Function::linear, Curve::value, {16, 11}, {16, 11}, 8, 17), std::invalid_argument);
}

TEST(Table, WrapsWhenAskedTo) {
  const Format out{8, 5, true, Rounding::trn, Overflow::wrap};
  const ActivationTable full = build(Function::linear, Curve::value, {10, 4}, out, 8, 10);
  const ActivationTable piecewise = build(Function::linear, Curve::value, {12, 6}, out, 8, 10);
  for (std::int64_t raw = -512; raw < 512; ++raw)
    ASSERT_EQ(full.lookup(raw), static_cast<std::int8_t>(static_cast<std::uint8_t>(raw * 2))) << raw;
  for (std::int64_t raw = -2048; raw < 2048; ++raw)
    ASSERT_EQ(piecewise.lookup(raw), static_cast<std::int8_t>(static_cast<std::uint8_t>(raw >> 1))) << raw;
}

TEST(Function, NamesAreReadBack) {
  for (const Function function : functions) EXPECT_EQ(parse_function(name_of(function)), function);
  try {
    parse_function("sigmoid");
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_NE(std::string(e.what()).find("logistic, tanh, hard_sigmoid, softplus, relu, linear, silu"),
              std::string::npos);
  }
}
