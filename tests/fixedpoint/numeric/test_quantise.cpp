// SPDX-License-Identifier: Apache-2.0
// The quantiser against IEEE 1666 (SystemC's own fixed-point types) and against exact rationals.
#define SC_INCLUDE_FX
#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>
#include <systemc>

#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/load.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#include "fixedpoint/numeric/rational.hpp"

extern "C" int sc_main(int, char**) {
  return 0;
}  // SystemC's library asks for one

using namespace apical::fixedpoint;

namespace {

const std::pair<Rounding, sc_dt::sc_q_mode> roundings[] = {{Rounding::rnd, sc_dt::SC_RND},
                                                           {Rounding::rnd_zero, sc_dt::SC_RND_ZERO},
                                                           {Rounding::rnd_min_inf, sc_dt::SC_RND_MIN_INF},
                                                           {Rounding::rnd_inf, sc_dt::SC_RND_INF},
                                                           {Rounding::rnd_conv, sc_dt::SC_RND_CONV},
                                                           {Rounding::trn, sc_dt::SC_TRN},
                                                           {Rounding::trn_zero, sc_dt::SC_TRN_ZERO}};
const std::pair<Overflow, sc_dt::sc_o_mode> overflows[] = {{Overflow::sat, sc_dt::SC_SAT},
                                                           {Overflow::sat_zero, sc_dt::SC_SAT_ZERO},
                                                           {Overflow::sat_sym, sc_dt::SC_SAT_SYM},
                                                           {Overflow::wrap, sc_dt::SC_WRAP}};

// x · 2^-x_frac through sc_fix / sc_ufix, as a raw integer.
std::int64_t ieee_1666(std::int64_t x, int x_frac, const Format& f, sc_dt::sc_q_mode q, sc_dt::sc_o_mode o) {
  const double value = std::ldexp(static_cast<double>(x), -x_frac);
  const double held = f.is_signed ? static_cast<double>(sc_dt::sc_fix(value, f.bits, f.bits - f.frac, q, o))
                                  : static_cast<double>(sc_dt::sc_ufix(value, f.bits, f.bits - f.frac, q, o));
  return static_cast<std::int64_t>(std::ldexp(held, f.frac));
}

using Wide = boost::multiprecision::cpp_int;

// An independent statement of the modes: by comparing distances to the two neighbours, not by bits.
Wide rounded(const Rational& x, Rounding mode) {
  Wide below = numerator(x) / denominator(x);
  if (Rational(below) > x) --below;
  if (Rational(below) == x) return below;
  const Wide above = below + 1;
  const Rational down = x - Rational(below), up = Rational(above) - x;
  const bool tie = down == up;
  switch (mode) {
    case Rounding::trn:
      return below;
    case Rounding::trn_zero:
      return x > 0 ? below : above;
    case Rounding::rnd:
      return tie ? above : up < down ? above : below;
    case Rounding::rnd_min_inf:
      return tie ? below : up < down ? above : below;
    case Rounding::rnd_zero:
      return tie ? (x > 0 ? below : above) : up < down ? above : below;
    case Rounding::rnd_inf:
      return tie ? (x > 0 ? above : below) : up < down ? above : below;
    case Rounding::rnd_conv:
      return tie ? (below % 2 == 0 ? below : above) : up < down ? above : below;
    default:
      return below;
  }
}

Wide limited(const Wide& v, const Format& f) {
  const Wide high = (Wide(1) << static_cast<unsigned>(f.bits - (f.is_signed ? 1 : 0))) - 1;
  const Wide low = !f.is_signed ? Wide(0) : f.overflow == Overflow::sat_sym ? Wide(-high) : Wide(-high - 1);
  if (v >= low && v <= high) return v;
  if (f.overflow == Overflow::sat_zero) return 0;
  if (f.overflow != Overflow::wrap) return v < low ? low : high;
  const Wide period = Wide(1) << static_cast<unsigned>(f.bits);
  Wide w = v % period;
  if (w < 0) w += period;
  return f.is_signed && w > high ? Wide(w - period) : w;
}

}  // namespace

TEST(Quantise, IsIeee1666ForEveryValueModeAndWidthUpTo8) {
  std::uint64_t compared = 0;
  for (int bits = 1; bits <= 8; ++bits)
    for (const bool is_signed : {true, false})
      for (const int frac : {-3, 0, 4, 11})
        for (const auto& [rounding, q] : roundings)
          for (const auto& [overflow, o] : overflows) {
            const Format f{bits, frac, is_signed, rounding, overflow};
            // IEEE 1666 leaves a signed SAT_SYM of one bit with nothing but zero; check() refuses it.
            if (is_signed && bits == 1 && overflow == Overflow::sat_sym) continue;
            // Three more fraction bits show every tie; four times the range shows every overflow.
            const std::int64_t reach = std::int64_t{4} << (bits + 2);
            for (std::int64_t x = -reach; x <= reach; ++x) {
              ASSERT_EQ(quantise(x, frac + 3, f).raw, ieee_1666(x, frac + 3, f, q, o))
                  << "x " << x << " bits " << bits << " frac " << frac << " signed " << is_signed << " "
                  << name_of(rounding) << " " << name_of(overflow);
              ++compared;
            }
          }
  RecordProperty("compared", static_cast<int>(compared));
  EXPECT_GT(compared, 1000000u);
}

TEST(Quantise, AgreesWithExactRationalsUpTo62Bits) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  for (int n = 0; n < 300000; ++n) {
    Format f;
    f.bits = pick(2, 62);
    f.frac = pick(-64, 64);
    f.is_signed = pick(0, 1) == 1;
    f.rounding = roundings[pick(0, 6)].first;
    f.overflow = overflows[pick(0, 3)].first;
    std::int64_t x = static_cast<std::int64_t>(random()) >> pick(2, 63);
    const int x_frac = pick(-70, 130);
    const int shift = x_frac - f.frac;
    if (shift > 1 && shift < 62 && pick(0, 2) == 0)
      x = (x >> shift) * (std::int64_t{1} << shift) + (std::int64_t{1} << (shift - 1));  // a tie
    if (x >= (std::int64_t{1} << 62) || x <= -(std::int64_t{1} << 62)) continue;
    const Rational scaled = shift >= 0 ? Rational(Wide(x), Wide(1) << static_cast<unsigned>(shift))
                                       : Rational(Wide(x) << static_cast<unsigned>(-shift));
    const Wide exact = rounded(scaled, f.rounding);
    const Quantised q = quantise(x, x_frac, f);
    ASSERT_EQ(Wide(q.raw), limited(exact, f)) << x << " frac " << x_frac << " -> " << f.bits << "." << f.frac
                                              << " " << name_of(f.rounding) << " " << name_of(f.overflow);
    ASSERT_EQ(q.saturated, limited(exact, f) != exact);
  }
}

TEST(Stochastic, IsUnbiasedOverAllRandomBits) {
  for (const int shift : {1, 3, 8, 15, 16, 17, 20, 24, 40})
    for (std::int64_t x : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{12345},
                           std::int64_t{-98765}, (std::int64_t{3} << shift), -(std::int64_t{5} << shift),
                           (std::int64_t{1} << shift) - 1, (std::int64_t{7} << shift) / 3}) {
      std::int64_t sum = 0;
      for (std::uint32_t r = 0; r < 65536; ++r) sum += round_shift(x, shift, Rounding::stochastic, r);
      const double mean = static_cast<double>(sum) / 65536;
      EXPECT_NEAR(mean, std::ldexp(static_cast<double>(x), -shift), 1.0 / (1 << 17))
          << "x " << x << " shift " << shift;
      if (x % (std::int64_t{1} << shift) == 0) {
        EXPECT_EQ(mean, std::ldexp(static_cast<double>(x), -shift)) << "integers stay what they are";
      }
    }
  EXPECT_EQ(round_shift((std::int64_t{1} << 62) - 1, 100, Rounding::stochastic, 65535), 0);
}

// By counting: with k random bits R, a fraction that is n / 2^k to nearest, half up, goes up for the n
// largest R, whatever the bits below R are.
TEST(Stochastic, EveryNumberOfRandomBitsGoesUpAsOftenAsItsFractionSays) {
  for (int k = 1; k <= 16; ++k)
    for (int shift = 1; shift <= 20; ++shift)
      for (std::int64_t x = -(std::int64_t{1} << std::min(shift + 1, 8)); x <= 300; x += k > 12 ? 37 : 1) {
        const std::int64_t one = std::int64_t{1} << shift, states = std::int64_t{1} << k;
        const std::int64_t floor = x >= 0 ? x / one : -((-x + one - 1) / one);
        const std::int64_t fraction = x - floor * one;                       // of 2^shift
        const std::int64_t ups = (2 * fraction * states + one) / (2 * one);  // half up
        for (std::int64_t r = 0; r<states; r += k> 12 ? 1 + states / 4096 : 1) {
          const std::uint32_t below = static_cast<std::uint32_t>(r * 7 + x) & ((1u << (16 - k)) - 1);
          const auto random16 = static_cast<std::uint32_t>(r << (16 - k)) | below;
          ASSERT_EQ(round_shift(x, shift, Rounding::stochastic, random16, k), floor + (r >= states - ups))
              << "x " << x << " shift " << shift << " random bits " << k << " R " << r;
        }
      }
}

TEST(Stochastic, RationalsAreRoundedWithAsManyRandomBits) {
  for (int k = 1; k <= 16; ++k) {
    const Format f{20, 3, true, Rounding::stochastic, Overflow::sat, k};
    for (int shift = 0; shift <= 22; ++shift)
      for (std::int64_t x = -4097; x < 4097; x += 61)
        for (std::uint32_t random = 0; random < 65536; random += 4093) {
          const Rational value =
              shift + 3 == 0 ? Rational(x) : Rational(x) / Rational(std::int64_t{1} << (shift + 3));
          ASSERT_EQ(quantise_exactly(value, f, random).raw, quantise(x, shift + 3, f, random).raw)
              << "x " << x << " shift " << shift << " random bits " << k;
        }
  }
}

TEST(Stochastic, BiasHasNoSign) {
  std::int64_t above = 0, below = 0;
  const int shift = 20;
  for (std::int64_t x = -(1 << 20); x < (1 << 20); x += 977) {
    std::int64_t sum = 0;
    for (std::uint32_t r = 0; r < 65536; ++r) sum += round_shift(x, shift, Rounding::stochastic, r);
    const double error = static_cast<double>(sum) / 65536 - std::ldexp(static_cast<double>(x), -shift);
    above += error > 0;
    below += error < 0;
  }
  EXPECT_NEAR(static_cast<double>(above) / static_cast<double>(above + below), 0.5, 0.06);
}

// For one weight the keys of successive ticks are the source of randomness; for one tick, rows and columns
// are.
TEST(CounterRandom, IsUniformAndUncorrelatedInEveryDirection) {
  const auto draw = [](std::uint32_t tick, std::uint32_t row, std::uint32_t column) {
    return static_cast<double>(random16(row_key(1, tick, 27, row), column)) / 65536 - 0.5;
  };
  constexpr int n = 60000;
  const double sigma = 1.0 / std::sqrt(static_cast<double>(n)) / 12;  // of a product of two uniform numbers
  struct Direction {
    const char* name;
    std::uint32_t tick, row, column;
  };
  for (const Direction& d : {Direction{"tick", 1, 0, 0}, {"row", 0, 1, 0}, {"tick and row", 1, 1, 0}}) {
    std::vector<int> bins(256);
    std::vector<int> ones(16);
    double lag[4] = {}, other_column = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      const auto at = [&](std::uint32_t step, std::uint32_t column) {
        return draw(5 + d.tick * (i + step), 3 + d.row * (i + step), column);
      };
      const double here = at(0, 17);
      const auto bits = static_cast<std::uint32_t>((here + 0.5) * 65536);
      ++bins[bits >> 8];
      for (std::uint32_t b = 0; b < 16; ++b) ones[b] += static_cast<int>((bits >> b) & 1);
      for (std::uint32_t s = 1; s <= 4; ++s) lag[s - 1] += here * at(s, 17);
      other_column += here * at(0, 18);
    }
    double chi = 0;
    for (const int count : bins) chi += (count - n / 256.0) * (count - n / 256.0) / (n / 256.0);
    EXPECT_LT(chi, 255 + 5 * std::sqrt(2 * 255.0)) << d.name;
    EXPECT_GT(chi, 255 - 5 * std::sqrt(2 * 255.0)) << d.name;
    for (const int count : ones) EXPECT_NEAR(count, n / 2, 5 * std::sqrt(n / 4.0)) << d.name;
    for (const double sum : lag) EXPECT_NEAR(sum / n, 0.0, 5 * sigma) << d.name;
    EXPECT_NEAR(other_column / n, 0.0, 5 * sigma) << d.name << ": neighbouring columns";
  }
}

// Sums of rounding errors over rectangles of weights: their spread is that of independent draws, or less.
TEST(CounterRandom, NeighbouringWeightsDoNotConspire) {
  double sum = 0, squares = 0, four = 0;
  constexpr int ticks = 20000;
  for (std::uint32_t t = 0; t < ticks; ++t) {
    double row_sum = 0;
    for (std::uint32_t j = 0; j < 64; ++j)
      row_sum += random16(row_key(1, t, 27, 9), j) < 0x4000 ? 0.75 : -0.25;  // errors of rounding 1/4
    sum += row_sum;
    squares += row_sum * row_sum;
    double product = 1;
    for (const std::uint32_t row : {4u, 9u})
      for (const std::uint32_t column : {30u, 31u})
        product *= random16(row_key(1, t, 27, row), column) / 65536.0 - 0.5;
    four += product;
  }
  const double independent = 64 * 0.1875;
  EXPECT_NEAR(sum / ticks, 0.0, 5 * std::sqrt(independent / ticks));
  EXPECT_LT(squares / ticks, 1.5 * independent) << "errors of a row add up";
  EXPECT_NEAR(four / ticks, 0.0, 5 / 144.0 / std::sqrt(static_cast<double>(ticks)))
      << "rectangles are correlated";
}

TEST(Load, RealNumbersAreQuantisedExactly) {
  const Format f{16, 12, true, Rounding::rnd_conv, Overflow::sat};
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int n = 0; n < 20000; ++n) {
    const double x = std::ldexp(std::uniform_real_distribution<double>(-1, 1)(random),
                                std::uniform_int_distribution<int>(-30, 6)(random));
    EXPECT_EQ(load(x, f).raw, quantise_exactly(Rational(x), f).raw) << x;
  }
  EXPECT_EQ(load(1e-310, f).raw, 0);
  EXPECT_EQ(load(1e300, f).raw, 32767);
  EXPECT_TRUE(load(-1e300, f).saturated);
}

TEST(Rational, IsReadExactlyAndFaultsAreNamed) {
  EXPECT_EQ(parse_rational("-7.97"), Rational(-797, 100));
  EXPECT_EQ(parse_rational("1e-3"), Rational(1, 1000));
  EXPECT_EQ(parse_rational("2/6"), Rational(1, 3));
  EXPECT_EQ(parse_rational("010"), Rational(10));
  EXPECT_EQ(parse_rational("+.5"), Rational(1, 2));
  for (const char* bad : {"", "-", "1/0", "0x10", "nan", "1e99999", "1/", "1.2.3", "1 2", "--1", "1e", "."})
    EXPECT_THROW(parse_rational(bad), std::invalid_argument) << bad;
  EXPECT_EQ(in_words(Rational(-797, 100)), "-7.97");
  EXPECT_EQ(in_words(Rational(1, 48)), "1/48");
  EXPECT_EQ(in_words(Rational(5, 16)), "0.3125");
  const ExactlyQuantised q =
      quantise_exactly(parse_rational("-7.97"), {8, 4, true, Rounding::rnd_conv, Overflow::sat});
  EXPECT_EQ(q.raw, -128);
  EXPECT_EQ(q.hex, "0x80");
  EXPECT_EQ(q.error, Rational(-3, 100));
}

TEST(Format, ImpossibleFormatsAreRefused) {
  EXPECT_NO_THROW(check({32, 0}, 32, "f"));
  EXPECT_THROW(check({0, 0}, 32, "f"), std::invalid_argument);
  EXPECT_THROW(check({33, 0}, 32, "f"), std::invalid_argument);
  EXPECT_THROW(check({8, 65}, 32, "f"), std::invalid_argument);
  EXPECT_THROW(check({1, 0, true, Rounding::rnd, Overflow::sat_sym}, 32, "f"), std::invalid_argument);
  EXPECT_EQ(parse_rounding("sc_rnd_conv"), Rounding::rnd_conv);
  EXPECT_EQ(parse_overflow("Wrap"), Overflow::wrap);
  EXPECT_THROW(parse_rounding("nearest"), std::invalid_argument);
  EXPECT_THROW(parse_overflow("clip"), std::invalid_argument);
}
