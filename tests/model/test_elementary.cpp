// SPDX-License-Identifier: Apache-2.0
// The project's own elementary functions against 50 digits, over random arguments and at their corners.
#include "model/elementary.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <functional>
#include <limits>
#include <random>

namespace {

namespace mp = boost::multiprecision;
namespace model = apical::model;
using Digits = mp::number<mp::cpp_bin_float<70>, mp::et_off>;

constexpr double infinite = std::numeric_limits<double>::infinity();

struct Case {
  const char* name;
  double (*ours)(double);
  std::function<Digits(const Digits&)> exact;
  double least, most;  // of the arguments
  bool by_size;        // arguments of every size, of both signs where `least` is negative
};

// Error in units of the last place of the exact value.
double error_of(double found, const Digits& exact) {
  const auto rounded = static_cast<double>(exact);
  if (found == rounded) return 0.5;  // at most
  if (!std::isfinite(rounded) || !std::isfinite(found)) return infinite;
  const double size = std::abs(rounded);
  const double place = size < std::numeric_limits<double>::min() ? std::numeric_limits<double>::denorm_min()
                                                                 : std::ldexp(1.0, std::ilogb(size) - 52);
  return static_cast<double>(abs((Digits(found) - exact) / Digits(place)));
}

TEST(Elementary, FunctionsAreWithinOneUnitOfTheLastPlace) {
  const std::vector<Case> cases = {
      {"exp", model::exp, [](const Digits& x) { return Digits(mp::exp(x)); }, -740.0, 709.0, false},
      {"exp", model::exp, [](const Digits& x) { return Digits(mp::exp(x)); }, -1.0, 1.0, true},
      {"expm1", model::expm1, [](const Digits& x) { return Digits(mp::expm1(x)); }, -45.0, 45.0, false},
      {"expm1", model::expm1, [](const Digits& x) { return Digits(mp::expm1(x)); }, -1.0, 1.0, true},
      {"log", model::log, [](const Digits& x) { return Digits(mp::log(x)); }, 0.5, 2.0, false},
      {"log", model::log, [](const Digits& x) { return Digits(mp::log(x)); }, 0.0, 1e300, true},
      {"log1p", model::log1p, [](const Digits& x) { return Digits(mp::log1p(x)); }, -0.999, 3.0, false},
      {"log1p", model::log1p, [](const Digits& x) { return Digits(mp::log1p(x)); }, 0.0, 1e300, true},
      {"tanh", model::tanh, [](const Digits& x) { return Digits(mp::tanh(x)); }, -22.0, 22.0, false},
      {"tanh", model::tanh, [](const Digits& x) { return Digits(mp::tanh(x)); }, -1.0, 1.0, false},
      {"tanh", model::tanh, [](const Digits& x) { return Digits(mp::tanh(x)); }, -1.0, 1.0, true},
      {"sin", model::sin, [](const Digits& x) { return Digits(mp::sin(x)); }, -10.0, 10.0, false},
      {"sin", model::sin, [](const Digits& x) { return Digits(mp::sin(x)); }, -1e12, 1e12, true},
      {"cos", model::cos, [](const Digits& x) { return Digits(mp::cos(x)); }, -10.0, 10.0, false},
      {"cos", model::cos, [](const Digits& x) { return Digits(mp::cos(x)); }, -1e12, 1e12, true},
      {"acos", model::acos, [](const Digits& x) { return Digits(mp::acos(x)); }, -1.0, 1.0, false},
      {"log2", model::log2, [](const Digits& x) { return Digits(mp::log(x) / mp::log(Digits(2))); }, 0.0,
       1e300, true},
      {"log10", model::log10, [](const Digits& x) { return Digits(mp::log10(x)); }, 0.0, 1e300, true},
  };
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  for (const Case& c : cases) {
    double worst = 0.0, where = 0.0;
    for (int n = 0; n < 3000; ++n) {
      double x = c.least + uniform(random) * (c.most - c.least);
      if (c.by_size) {
        x = c.most * std::ldexp(uniform(random), -(n % 60));
        if (c.least < 0.0 && n % 2 == 1) x = -x;
      }
      const double error = error_of(c.ours(x), c.exact(Digits(x)));
      if (error > worst) worst = error, where = x;
    }
    fmt::print("{} on {}..{}: {:.3f}, at {:a}\n", c.name, c.least, c.most, worst, where);
    EXPECT_LT(worst, 1.0) << c.name << " at " << where;
  }
}

// Whatever a long double is: of these arguments some hundred lie so close to the middle between two doubles
// that its digits don't decide. Every third lies beside a multiple of π/2, where all but a few digits cancel.
TEST(Elementary, SineAndCosineAreRoundedCorrectly) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  const Digits quarter = acos(Digits(0));
  for (int n = 0; n < 6000; ++n) {
    double x = std::ldexp(uniform(random), n % 37 - 5);
    if (n % 3 == 0) x = static_cast<double>(quarter * std::floor(std::ldexp(uniform(random), n % 31)));
    if (n % 2 == 1) x = -x;
    ASSERT_EQ(model::sin(x), static_cast<double>(Digits(mp::sin(Digits(x)))))
        << "x = " << fmt::format("{:a}", x);
    ASSERT_EQ(model::cos(x), static_cast<double>(Digits(mp::cos(Digits(x)))))
        << "x = " << fmt::format("{:a}", x);
  }
}

TEST(Elementary, CornersAreWhatTheyAre) {
  const double none = std::numeric_limits<double>::quiet_NaN(),
               smallest = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(model::exp(0.0), 1.0);
  EXPECT_EQ(model::exp(-infinite), 0.0);
  EXPECT_EQ(model::exp(infinite), infinite);
  EXPECT_EQ(model::exp(709.79), infinite);
  EXPECT_EQ(model::exp(-745.0), smallest);
  EXPECT_EQ(model::exp(-745.2), 0.0);
  EXPECT_EQ(model::expm1(-infinite), -1.0);
  EXPECT_EQ(model::expm1(infinite), infinite);
  EXPECT_EQ(model::log(1.0), 0.0);
  EXPECT_EQ(model::log(0.0), -infinite);
  EXPECT_EQ(model::log(infinite), infinite);
  EXPECT_LT(error_of(model::log(smallest), mp::log(Digits(smallest))), 1.0);
  EXPECT_EQ(model::log1p(-1.0), -infinite);
  EXPECT_EQ(model::log1p(0.0), 0.0);
  EXPECT_EQ(model::log1p(infinite), infinite);
  EXPECT_EQ(model::tanh(infinite), 1.0);
  EXPECT_EQ(model::tanh(-infinite), -1.0);
  EXPECT_TRUE(std::signbit(model::tanh(-0.0)));
  EXPECT_EQ(model::sin(0.0), 0.0);
  EXPECT_EQ(model::cos(0.0), 1.0);
  EXPECT_EQ(model::sin(1e22), -0.8522008497671888);
  EXPECT_EQ(model::acos(1.0), 0.0);
  EXPECT_TRUE(std::isnan(model::acos(1.1)));
  EXPECT_EQ(model::log2(8.0), 3.0);
  EXPECT_EQ(model::log10(1e-3), -3.0);
  EXPECT_EQ(model::pow(2.0, 10.0), 1024.0);
  EXPECT_EQ(model::pow(0.0, 0.0), 1.0);
  EXPECT_EQ(model::pow(0.0, 3.0), 0.0);
  EXPECT_EQ(model::pow(100.0, 0.5), 10.0);
  EXPECT_EQ(model::pow(-0.5, 3.0), -0.125);
  for (double (*f)(double) : {model::exp, model::expm1, model::log, model::log1p, model::tanh, model::sin,
                              model::cos, model::log2, model::log10})
    EXPECT_TRUE(std::isnan(f(none)));
  for (double (*f)(double) : {model::log, model::log2, model::log10}) EXPECT_TRUE(std::isnan(f(-1.0)));
  for (double (*f)(double) : {model::sin, model::cos}) EXPECT_TRUE(std::isnan(f(infinite)));
}

}  // namespace
