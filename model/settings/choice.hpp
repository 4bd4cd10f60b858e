// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace apical::model {

/// Enumerations whose values have names, which is how files, messages and results know them. Such an
/// enumeration has a function beside it that returns its names as an array, in the order of its values:
///   enum class Order { sweep, parallel };
///   constexpr auto choices(Order) { return std::array{"sweep", "parallel"}; }

/// All names, in the order of the values.
template <class E>
constexpr auto names() {
  return choices(E{});
}

template <class E, class = decltype(choices(E{}))>
constexpr const char* name_of(E value) {
  return choices(value)[static_cast<std::size_t>(value)];
}

/// The value of this name, if there is one.
template <class E>
constexpr std::optional<E> parse(std::string_view name) {
  int value = 0;
  for (const std::string_view one : names<E>()) {
    if (one == name) return static_cast<E>(value);
    ++value;
  }
  return std::nullopt;
}

}  // namespace apical::model
