// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/numeric/format.hpp"
#include "model/settings/settings_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

namespace apical::fixedpoint {
namespace {

constexpr std::array<const char*, 8> rounding_names = {"RND",      "RND_ZERO", "RND_MIN_INF", "RND_INF",
                                                       "RND_CONV", "TRN",      "TRN_ZERO",    "STOCHASTIC"};
constexpr std::array<const char*, 4> overflow_names = {"SAT", "SAT_ZERO", "SAT_SYM", "WRAP"};

template <class Names>
std::size_t find(const char* what, std::string_view text, const Names& names) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (upper.rfind("SC_", 0) == 0) upper.erase(0, 3);
  const auto found = std::find(names.begin(), names.end(), upper);
  if (found == names.end())
    throw std::invalid_argument(fmt::format("{} \"{}\"; accepted: {}", what, text, fmt::join(names, ", ")));
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

void check(const Format& f, int max_bits, const std::string& name, int layer) {
  if (f.bits < 1 || f.bits > max_bits)
    throw SettingsError(name + ".bits", fmt::format("{}", f.bits), fmt::format("1..{}", max_bits), layer);
  if (f.frac < -64 || f.frac > 64)
    throw SettingsError(name + ".frac", fmt::format("{}", f.frac), "-64..64", layer);
  if (f.random_bits < 1 || f.random_bits > 16)
    throw SettingsError(name + ".random_bits", fmt::format("{}", f.random_bits), "1..16", layer);
  if (f.is_signed && f.bits == 1 && f.overflow == Overflow::sat_sym)
    throw SettingsError(name + ".bits", "1 with SAT_SYM holds only 0", fmt::format("2..{}", max_bits), layer);
}

double unseen(const Format& f) {
  if (f.rounding == Rounding::trn || f.rounding == Rounding::trn_zero) return 1.0;
  return f.rounding == Rounding::stochastic ? std::ldexp(0.5, -f.random_bits) : 0.5;
}

const char* name_of(Rounding mode) {
  return rounding_names[static_cast<std::size_t>(mode)];
}
const char* name_of(Overflow mode) {
  return overflow_names[static_cast<std::size_t>(mode)];
}
Rounding parse_rounding(std::string_view text) {
  return static_cast<Rounding>(find("rounding", text, rounding_names));
}
Overflow parse_overflow(std::string_view text) {
  return static_cast<Overflow>(find("overflow", text, overflow_names));
}

}  // namespace apical::fixedpoint
