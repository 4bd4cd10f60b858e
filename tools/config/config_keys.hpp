// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/config/config.hpp"

namespace apical::tools {

/// A value of an enumeration as its names, which are what a key accepts.
struct Choice {
  std::vector<const char*> names;
  std::function<const char*()> get;
  std::function<bool(std::string_view)> set;  ///< false: it has no such name
};
template <class E>
Choice choice(E& value) {
  constexpr auto names = model::names<E>();
  const auto set = [&value](std::string_view name) {
    const auto parsed = model::parse<E>(name);
    if (parsed) value = *parsed;
    return parsed.has_value();
  };
  return {{names.begin(), names.end()}, [&value] { return name_of(value); }, set};
}

/// Where a key's value lives. Vectors of doubles accept a single number as well.
using Slot = std::variant<int*, std::uint64_t*, double*, bool*, std::string*, Choice, std::vector<int>*,
                          std::vector<double>*, model::Connections*, model::Activation*>;

/// One key of the configuration: all that reading, checking, printing and documenting it needs.
struct Key {
  const char* name;  ///< "section.key"
  Slot (*slot)(Config&);
  double low, high;                  ///< of numbers, and of the elements of arrays
  std::vector<const char*> choices;  ///< of numbers that are among a few; empty = any
  const char* unit;
  const char* text;  ///< one line for the document
};

const std::vector<Key>& keys();
std::vector<Key> imperfection_keys();  ///< those of [imperfections], which keys() has, too

/// A string as TOML's basic strings write it.
std::string toml_string(const std::string&);
/// The value of a key as in TOML, which reads as the same; a list of one value without brackets where it may.
std::string printed(const Key&, Config&);

/// Lists that start with one value accept a single number: one for all layers.
bool accepts_single(const Key&);

}  // namespace apical::tools
