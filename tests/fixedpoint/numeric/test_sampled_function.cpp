// SPDX-License-Identifier: Apache-2.0
// Tables of sampled activations against fractions, from Hermite's four polynomials and not from the powers of
// t that the code under test uses.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "fixedpoint/numeric/activation_table.hpp"
#include "fixedpoint/numeric/rational.hpp"

namespace {

using namespace apical::fixedpoint;
using apical::ActivationSamples;

constexpr Curve curves[] = {Curve::value, Curve::derivative};

// φ = h00 φ_i + h10 h φ'_i + h01 φ_{i+1} + h11 h φ'_{i+1}, and its derivative; constant outside.
Rational hermite(const ActivationSamples& s, Curve curve, const Rational& x) {
  const bool derivative = curve == Curve::derivative;
  if (x < Rational(s.u.front())) return derivative ? Rational(0) : Rational(s.rate.front());
  for (std::size_t i = 0; i + 1 < s.u.size(); ++i) {
    if (x >= Rational(s.u[i + 1])) continue;
    const Rational h = Rational(s.u[i + 1]) - Rational(s.u[i]), t = (x - Rational(s.u[i])) / h;
    const Rational p0(s.rate[i]), p1(s.rate[i + 1]), m0(s.slope[i]), m1(s.slope[i + 1]);
    if (derivative)
      return 6 * t * (t - 1) / h * (p0 - p1) + (1 - t) * (1 - 3 * t) * m0 + t * (3 * t - 2) * m1;
    return (1 + 2 * t) * (1 - t) * (1 - t) * p0 + t * (1 - t) * (1 - t) * h * m0 + t * t * (3 - 2 * t) * p1 +
           t * t * (t - 1) * h * m1;
  }
  return derivative ? Rational(0) : Rational(s.rate.back());
}

std::int64_t rounded(const ActivationSamples& s, const ActivationTable& table, Curve curve,
                     std::int64_t raw) {
  const Rational x = table.in.frac >= 0
                         ? Rational(raw) / Rational(boost::multiprecision::cpp_int(1) << table.in.frac)
                         : Rational(raw) * Rational(boost::multiprecision::cpp_int(1) << -table.in.frac);
  Format out = table.out;
  if (out.rounding == Rounding::stochastic)
    out.rounding = Rounding::rnd_conv;  // a look-up has no random bits
  return quantise_exactly(hermite(s, curve, x), out).raw;
}

struct Drawing {
  std::mt19937_64& random;

  int below(int n) const { return static_cast<int>(random() % static_cast<unsigned>(n)); }
  double uniform(double low, double high) const {
    return std::uniform_real_distribution<double>(low, high)(random);
  }
  // Few digits, whose interpolant meets ties and ends of ranges, or all that doubles have; gaps of any size.
  ActivationSamples samples() const {
    const bool round = below(2) == 0;
    const auto number = [&](double size) {
      return round ? std::ldexp(below(33) - 16, -3) * size / 2 : uniform(-size, size);
    };
    ActivationSamples s;
    double u = number(4.0) - 2.0;
    for (int i = 4 + below(12); i > 0; --i) {
      s.u.push_back(u);
      s.rate.push_back(number(2.0));
      s.slope.push_back(below(4) == 0 ? 0.0 : number(3.0));
      u += round ? std::ldexp(1 + below(8), -2) : std::exp2(uniform(-12.0, 1.5));
    }
    return s;
  }
};

apical::SharedSamples tanh_samples(int from, int to, int per_unit) {
  ActivationSamples s;
  for (int i = from * per_unit; i <= to * per_unit; ++i) {
    const double u = static_cast<double>(i) / per_unit, r = std::tanh(u);
    s.u.push_back(u);
    s.rate.push_back(r);
    s.slope.push_back(1 / (std::cosh(u) * std::cosh(u)));
  }
  return std::make_shared<const ActivationSamples>(s);
}

}  // namespace

TEST(SampledTable, IsCorrectlyRoundedForEveryInput) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Drawing draw{random};
  for (int trial = 0; trial < 60; ++trial) {
    const ActivationSamples s = draw.samples();
    const AnyFunction function(std::make_shared<const ActivationSamples>(s));
    const Format in{5 + draw.below(4), draw.below(7) - 1, draw.below(4) != 0};
    for (const Curve curve : curves) {
      const Format out{2 + draw.below(20), draw.below(24) - 4, draw.below(4) != 0,
                       static_cast<Rounding>(draw.below(8)), static_cast<Overflow>(draw.below(4))};
      const ActivationTable table = build(function, curve, in, out, 8, 10);
      ASSERT_FALSE(table.piecewise);
      for (std::int64_t n = 0; n < std::int64_t{1} << in.bits; ++n) {
        const std::int64_t raw = table.lowest() + n;
        ASSERT_EQ(table.lookup(raw), rounded(s, table, curve, raw))
            << "trial " << trial << (curve == Curve::derivative ? " slope" : " rate") << " at " << raw
            << " of " << in.bits << "." << in.frac << " to " << out.bits << "." << out.frac << " "
            << name_of(out.rounding);
      }
    }
  }
}

TEST(SampledTable, SegmentsStartAtTheNearestValue) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Drawing draw{random};
  for (int trial = 0; trial < 20; ++trial) {
    const ActivationSamples s = draw.samples();
    const AnyFunction function(std::make_shared<const ActivationSamples>(s));
    for (const Curve curve : curves) {
      const Format in{16 + draw.below(8), 12}, out{32, 14};
      const ActivationTable table = build(function, curve, in, out, 7, 10);
      ASSERT_TRUE(table.piecewise);
      const Rational scale(std::int64_t{1} << (out.frac + ActivationTable::guard_bits));
      for (std::int64_t i = 0; i < 128; ++i) {
        const Rational x =
            Rational(table.lowest() + (i << table.low_bits)) / Rational(std::int64_t{1} << in.frac);
        const Rational away =
            abs(Rational(table.base[static_cast<std::size_t>(i)]) - hermite(s, curve, x) * scale);
        ASSERT_LE(away, Rational(1, 2)) << "trial " << trial << " segment " << i;
      }
      EXPECT_LT(table.max_error_lsb, 1e9);
      EXPECT_GE(table.max_error_lsb, 0.0);
    }
  }
}

// Samples on the table's inputs are what the table of the function itself has, to the last bit.
TEST(SampledTable, OfSamplesAtEveryInputIsTheFunctions) {
  const auto samples = tanh_samples(-8, 8, 64);
  for (const Curve curve : curves)
    for (const Rounding rounding : {Rounding::rnd, Rounding::rnd_conv, Rounding::trn, Rounding::trn_zero}) {
      const Format in{10, 6}, out{20, 16, true, rounding};
      const ActivationTable sampled = build(AnyFunction(samples), curve, in, out, 8, 10);
      const ActivationTable named = build(Function::tanh, curve, in, out, 8, 10);
      EXPECT_EQ(sampled.base, named.base);
      EXPECT_NEAR(sampled.max_error_lsb, named.max_error_lsb, 1e-4);
    }
}

// A cubic between samples h apart is h⁴/384 · max|φ''''| away at most, its slope √3 h³/216 · max|φ''''|; tanh
// has 4.086.
TEST(SampledTable, OfFineSamplesIsTheFunctionsToTheInterpolation) {
  constexpr double fourth = 4.086, h = 0.125;
  const auto samples = tanh_samples(-8, 8, 8);
  const Format in{12, 8}, out{30, 26};
  const double lsb = std::ldexp(1.0, -out.frac);
  for (const Curve curve : curves) {
    const bool slope = curve == Curve::derivative;
    const double bound = slope ? std::sqrt(3.0) * h * h * h / 216 * fourth : h * h * h * h / 384 * fourth;
    const ActivationTable sampled = build(AnyFunction(samples), curve, in, out, 8, 12);
    const ActivationTable named = build(Function::tanh, curve, in, out, 8, 12);
    double worst = 0.0;
    for (std::size_t n = 0; n < named.base.size(); ++n)
      worst = std::max(worst, lsb * static_cast<double>(std::abs(sampled.base[n] - named.base[n])));
    EXPECT_LE(worst, bound + 2 * lsb);
    EXPECT_GE(worst, 0.5 * bound) << "the bound says nothing";
  }
}

TEST(SampledTable, AreOthersWhereOneNumberIs) {
  const auto first = tanh_samples(-2, 2, 4);
  ActivationSamples other = *first;
  other.rate[8] = 0.25;
  const Format in{10, 6}, out{12, 8};
  const AnyFunction a(first), same(std::make_shared<const ActivationSamples>(*first)),
      b(std::make_shared<const ActivationSamples>(other));
  EXPECT_FALSE(a < same || same < a);
  EXPECT_TRUE(a < b || b < a);
  EXPECT_TRUE(a < AnyFunction(Function::silu) || AnyFunction(Function::silu) < a);
  EXPECT_EQ(build(a, Curve::value, in, out, 8, 10).lookup(0), 0);
  EXPECT_EQ(build(b, Curve::value, in, out, 8, 10).lookup(0), 64);
  EXPECT_EQ(build(same, Curve::value, in, out, 8, 10).lookup(0), 0);
}
