// SPDX-License-Identifier: Apache-2.0
// Whatever is accepted is written as a text that loads to the same configuration.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <random>

#include "fixedpoint/program/compiler.hpp"
#include "tests/scratch.hpp"
#include "tools/config/config_keys.hpp"
#include "tools/config/formats.hpp"

namespace apical::tools {
namespace {

using test::contains;
using test::message_of;

// Draws a value that is accepted, from anywhere in its range.
struct Draw {
  const Key& key;
  std::mt19937& random;

  std::size_t below(std::size_t n) const {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  }
  double number() const {
    if (!key.choices.empty()) return std::stod(key.choices[below(key.choices.size())]);
    if (below(4) == 0) return below(2) == 0 ? key.low : key.high;
    const double at = std::pow(std::uniform_real_distribution<double>(0, 1)(random), double(1 + below(20)));
    return std::clamp(key.low + at * (key.high - key.low), key.low, key.high);
  }
  template <class T>
  std::vector<T> list(const std::vector<T>& now) const {
    Config defaults;
    const bool none = std::get<std::vector<T>*>(key.slot(defaults))->empty() || (std::is_same_v<T, int>);
    std::vector<T> values(below(4) + (none ? 0 : 1));
    for (T& x : values) x = static_cast<T>(number());
    return now.empty() && below(2) == 0 ? now : values;
  }
  void operator()(int* x) const { *x = static_cast<int>(number()); }
  void operator()(std::uint64_t* x) const { *x = static_cast<std::uint64_t>(number()); }
  void operator()(double* x) const { *x = number(); }
  void operator()(bool* x) const { *x = below(2) == 0; }
  void operator()(std::string* x) const {
    static const std::vector<std::string> parts = {"a",    "\"", "\\", "'", "\n", "\t", "\x01",
                                                   "\x7f", "é",  "#",  "{", " ",  "="};
    x->clear();
    for (std::size_t i = below(6); i > 0; --i) *x += parts[below(parts.size())];
  }
  void operator()(const Choice& x) const { x.set(x.names[below(x.names.size())]); }
  void operator()(model::Activation* x) const {
    *x = static_cast<model::Activation::Name>(below(model::names<model::Activation::Name>().size()));
  }
  void operator()(std::vector<int>* x) const { *x = list(*x); }
  void operator()(std::vector<double>* x) const { *x = list(*x); }
  void operator()(model::Connections* x) const {
    x->clear();
    for (std::size_t i = below(4); i > 0; --i)
      x->emplace_back(static_cast<int>(number()), static_cast<int>(number()));
  }
};

TEST(CanonicalText, LoadsToTheSameDigest) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  for (int trial = 0; trial < 300; ++trial) {
    Config c = parse_config("", "drawn");
    for (const Key& key : keys())
      if (below(2) == 0) std::visit(Draw{key, random}, key.slot(c));
    for (int i = below(12); i > 0; --i) {
      auto signal = fixedpoint::default_formats().begin();
      std::advance(signal, below(static_cast<int>(fixedpoint::default_formats().size())));
      const std::string name =
          "formats." + signal->first + (below(2) == 0 ? ".layer" + std::to_string(1 + below(9)) : "");
      set_key(c,
              fmt::format("{}={{ bits = {}, frac = {}, signed = {}, rounding = \"{}\", overflow = \"{}\", "
                          "random_bits = {} }}",
                          name, 1 + below(32), below(129) - 64, below(2) == 0,
                          fixedpoint::name_of(static_cast<fixedpoint::Rounding>(below(8))),
                          fixedpoint::name_of(static_cast<fixedpoint::Overflow>(below(4))), 1 + below(16)));
    }
    const std::string text = canonical(c), written = as_toml(c, "drawn");
    ASSERT_EQ(canonical(parse_config(text, "canonical")), text);
    ASSERT_EQ(canonical(parse_config(written, "written")), text) << written;
  }
}

// What a report or a reference page shows as the default can be said.
TEST(CanonicalText, EveryDefaultIsAccepted) {
  Config defaults = parse_config("", "defaults");
  for (const Key& key : keys()) {
    Config c = parse_config("", "set");
    set_key(c, fmt::format("{}={}", key.name, printed(key, defaults)));
    EXPECT_EQ(digest(c), digest(defaults)) << key.name;
  }
  for (const std::string& line : format_lines(defaults.formats)) {
    Config c = parse_config("", "set");
    const std::size_t equals = line.find(" = ");
    set_key(c, line.substr(0, equals) + "=" + line.substr(equals + 3));
    EXPECT_EQ(digest(c), digest(defaults)) << line;
  }
  EXPECT_TRUE(
      contains(message_of([&] { set_key(defaults, "formats.weight.frac=auto"); }), "formats.weight.frac"));
}

}  // namespace
}  // namespace apical::tools
