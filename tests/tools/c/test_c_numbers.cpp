// SPDX-License-Identifier: Apache-2.0
// The quantiser of the C interface against those of the emulator and of `apical quantise`, on random formats.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "fixedpoint/numeric/counter_random.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#include "fixedpoint/numeric/rational.hpp"
#include "tests/tools/c/open_emulator.hpp"

using namespace apical;
using test::last_error;

namespace {

constexpr std::uint64_t seed = 20261130;
constexpr int formats = 10000, numbers_of_each = 24;

class Draw {
 public:
  explicit Draw(std::uint64_t from) : random_(from) {}
  int between(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool one_in(int n) { return between(1, n) == 1; }
  std::uint16_t word() { return static_cast<std::uint16_t>(random_()); }

  // Every rounding, overflow and number of random bits in turn; widths of signals, often the ends of them.
  apical_format format(int number) {
    apical_format f;
    f.rounding = number % 8;
    f.overflow = number / 8 % 4;
    f.random_bits = 1 + number / 32 % 16;
    f.is_signed = between(0, 1);
    f.bits = one_in(8) ? 1 : one_in(8) ? 32 : one_in(16) ? 62 : between(1, 32);
    if (f.is_signed != 0 && f.overflow == APICAL_SAT_SYM) f.bits = std::max(f.bits, 2);
    f.frac = one_in(10) ? between(-64, 64) : between(-4, std::min(f.bits + 4, 64));
    return f;
  }
  // Of any magnitude below 2^62, often near ties.
  std::int64_t integer() {
    const std::int64_t x = static_cast<std::int64_t>(random_()) >> between(2, 63);
    const int ties = between(0, 40);
    return one_in(2) ? x : (x >> ties) * (std::int64_t{1} << ties) / 2;
  }
  double real(const apical_format& f) {
    if (one_in(30)) return std::ldexp(static_cast<double>(integer()), between(-1100, 900));
    if (one_in(30)) return one_in(2) ? 0.0 : std::numeric_limits<double>::denorm_min();
    const double in_lsb = std::ldexp(static_cast<double>(integer()), -between(0, 62));
    return std::ldexp(in_lsb, -f.frac + between(0, f.bits));
  }

 private:
  std::mt19937_64 random_;
};

fixedpoint::Format in_cpp(const apical_format& f) {
  return {f.bits,
          f.frac,
          f.is_signed != 0,
          static_cast<fixedpoint::Rounding>(f.rounding),
          static_cast<fixedpoint::Overflow>(f.overflow),
          f.random_bits};
}

std::string shown(const apical_format& f) {
  return ::testing::PrintToString(
      std::vector<int>{f.bits, f.frac, f.is_signed, f.rounding, f.overflow, f.random_bits});
}

}  // namespace

TEST(NumbersInC, IntegersAreThoseOfTheEmulatorsQuantiser) {
  Draw draw(seed);
  for (int n = 0; n < formats; ++n) {
    const apical_format f = draw.format(n);
    std::vector<std::int64_t> x(numbers_of_each), wanted, one_by_one, raw(numbers_of_each);
    std::vector<std::uint16_t> random(numbers_of_each);
    std::vector<std::uint8_t> limits, limited(numbers_of_each);
    const int x_frac = draw.one_in(10) ? draw.between(-4096, 4096) : draw.between(f.frac - 70, f.frac + 70);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = draw.integer();
      random[i] = draw.word();
      const fixedpoint::Quantised q = fixedpoint::quantise(x[i], x_frac, in_cpp(f), random[i]);
      wanted.push_back(q.raw);
      limits.push_back(q.saturated);
      std::int64_t one = 0;
      std::int32_t changed = -1;
      ASSERT_EQ(apical_quantise(x[i], x_frac, &f, random[i], &one, &changed), APICAL_OK) << last_error();
      ASSERT_EQ(changed, q.saturated) << shown(f) << ' ' << x[i] << ' ' << x_frac;
      one_by_one.push_back(one);
    }
    ASSERT_EQ(one_by_one, wanted) << shown(f) << " x_frac " << x_frac;
    ASSERT_EQ(apical_quantise_array(x.data(), x.size(), x_frac, &f, random.data(), nullptr, raw.data(),
                                    limited.data()),
              APICAL_OK)
        << last_error();
    ASSERT_EQ(raw, wanted) << shown(f) << " x_frac " << x_frac;
    ASSERT_EQ(limited, limits) << shown(f) << " x_frac " << x_frac;
  }
}

TEST(NumbersInC, RealOnesAreThoseOfTheCommandLine) {
  Draw draw(seed + 1);
  for (int n = 0; n < formats; ++n) {
    const apical_format f = draw.format(n);
    const double x = draw.real(f);
    const std::uint16_t random = draw.word();
    const auto wanted = fixedpoint::quantise_exactly(fixedpoint::Rational(x), in_cpp(f), random);
    std::int64_t raw = 0, of_array = 0;
    std::int32_t limited = -1;
    ASSERT_EQ(apical_quantise_real(x, &f, random, &raw, &limited), APICAL_OK) << last_error();
    ASSERT_EQ(raw, wanted.raw) << shown(f) << ' ' << ::testing::PrintToString(x) << " random " << random;
    ASSERT_EQ(limited, wanted.saturated) << shown(f) << ' ' << ::testing::PrintToString(x);
    ASSERT_EQ(apical_quantise_reals(&x, 1, &f, &random, nullptr, &of_array, nullptr), APICAL_OK)
        << last_error();
    ASSERT_EQ(of_array, raw);
  }
}

TEST(NumbersInC, RandomBitsAreThoseOfTheCounter) {
  Draw draw(seed + 2);
  for (int n = 0; n < 1000; ++n) {
    const apical_counter c = {
        static_cast<std::uint32_t>(draw.between(0, 1 << 30)), static_cast<std::uint32_t>(n),
        static_cast<std::uint32_t>(draw.between(0, (1 << 12) - 1)),
        static_cast<std::uint32_t>(draw.between(0, (1 << 20) - 1)),
        draw.one_in(3) ? 0xffffffffu - 9 : static_cast<std::uint32_t>(draw.between(0, 1 << 20))};
    std::vector<std::uint16_t> wanted, random(10);
    const std::uint32_t key = fixedpoint::row_key(c.seed, c.tick, c.stream, c.row);
    for (std::uint32_t i = 0; i < 10; ++i) wanted.push_back(fixedpoint::random16(key, c.column + i));
    ASSERT_EQ(apical_random(&c, random.size(), random.data()), APICAL_OK) << last_error();
    ASSERT_EQ(random, wanted);
    const apical_format f = {16, 8, 1, APICAL_STOCHASTIC, APICAL_SAT, 1 + n % 16};
    std::vector<std::int64_t> x(10), drawn(10), given(10);
    for (std::int64_t& one : x) one = draw.between(-100000, 100000);
    ASSERT_EQ(apical_quantise_array(x.data(), 10, 20, &f, nullptr, &c, drawn.data(), nullptr), APICAL_OK);
    ASSERT_EQ(apical_quantise_array(x.data(), 10, 20, &f, random.data(), nullptr, given.data(), nullptr),
              APICAL_OK);
    ASSERT_EQ(drawn, given);
  }
}

TEST(NumbersInC, RefusesWhatIsOutOfRange) {
  const apical_format good = {16, 8, 1, APICAL_STOCHASTIC, APICAL_SAT, 16};
  std::int64_t raw = 42;
  const auto refused = [&](apical_status status, const std::string& message) {
    EXPECT_EQ(status, APICAL_BAD_INPUT);
    EXPECT_EQ(last_error(), message);
    EXPECT_EQ(raw, 42);
  };
  const auto with = [&](auto change) {
    apical_format f = good;
    change(f);
    return apical_quantise(1, 0, &f, 0, &raw, nullptr);
  };
  refused(with([](apical_format& f) { f.bits = 63; }), "format.bits: 63; accepted: 1..62");
  refused(with([](apical_format& f) { f.frac = -65; }), "format.frac: -65; accepted: -64..64");
  refused(with([](apical_format& f) { f.rounding = 8; }),
          "format.rounding: 8; accepted: a whole number, 0..7");
  refused(with([](apical_format& f) { f.overflow = -1; }),
          "format.overflow: -1; accepted: a whole number, 0..3");
  refused(with([](apical_format& f) { f.random_bits = 0; }), "format.random_bits: 0; accepted: 1..16");
  constexpr std::int64_t limit = std::int64_t{1} << 62;
  for (const std::int64_t x : {limit, -limit, std::numeric_limits<std::int64_t>::min()})
    refused(apical_quantise(x, 0, &good, 0, &raw, nullptr),
            "x: " + std::to_string(x) + "; accepted: an integer of magnitude below 2^62");
  refused(apical_quantise(1, 4097, &good, 0, &raw, nullptr),
          "x_frac: 4097; accepted: a whole number, -4096..4096");
  refused(apical_quantise(1, 0, &good, 65536, &raw, nullptr),
          "random16: 65536; accepted: a whole number, 0..65535");
  refused(apical_quantise_real(std::nan(""), &good, 0, &raw, nullptr), "x: nan; accepted: a finite number");
  const double with_infinity[] = {1.0, -std::numeric_limits<double>::infinity()};
  const std::uint16_t random16[] = {0, 0};
  std::int64_t two[] = {42, 42};
  EXPECT_EQ(apical_quantise_reals(with_infinity, 2, &good, random16, nullptr, two, nullptr),
            APICAL_BAD_INPUT);
  EXPECT_EQ(two[0], 42);  // nothing was written
  const apical_counter last = {1, 1, 1, 1, 0xffffffffu};
  refused(apical_quantise_reals(with_infinity, 2, &good, nullptr, &last, two, nullptr),
          "counter.column: 4294967295 and 2 values from it on; accepted: columns below 2^32");
  refused(apical_quantise_reals(with_infinity, 2, &good, random16, &last, two, nullptr),
          "random16: beside a counter; accepted: one of the two");
  EXPECT_EQ(apical_quantise_reals(nullptr, 0, &good, nullptr, &last, nullptr, nullptr), APICAL_OK);
}
