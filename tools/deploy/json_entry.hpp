// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tools/report/messages.hpp"

namespace apical::tools {

/// At most 60 signs of a text on one line, for messages.
inline std::string shortened(std::string text) {
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = '?';
  return text;
}

/// A value of a JSON file that nobody vouches for, and the way to it, for messages. The file's name and the
/// document must outlive it.
class Entry {
 public:
  Entry(const std::filesystem::path& file, const nlohmann::json& value, std::string key = "")
      : file_(file), value_(value), key_(std::move(key)) {}

  Entry operator[](const std::string& name) const {
    require(value_.is_object(), "an object");
    const auto found = value_.find(name);
    const std::string key = key_.empty() ? name : key_ + "." + name;
    if (found == value_.end())
      throw InputError(
          fmt::format("{}: {}: missing; accepted: what this version writes there", file_.string(), key));
    return {file_, *found, key};
  }
  bool has(const std::string& name) const { return value_.is_object() && value_.contains(name); }
  std::int64_t integer(std::int64_t low, std::int64_t high) const {
    const bool fits = value_.is_number_unsigned()
                          ? value_.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
                          : value_.is_number_integer();
    require(fits && value_.get<std::int64_t>() >= low && value_.get<std::int64_t>() <= high,
            fmt::format("an integer of {}..{}", low, high));
    return value_.get<std::int64_t>();
  }
  std::uint32_t count(std::int64_t low, std::int64_t high) const {
    return static_cast<std::uint32_t>(integer(low, high));
  }
  bool truth() const {
    require(value_.is_boolean(), "true or false");
    return value_.get<bool>();
  }
  std::string text() const {
    require(value_.is_string(), "a string");
    return value_.get<std::string>();
  }
  std::string digest() const {
    std::string digits = text();
    require(digits.size() == 32 && digits.find_first_not_of("0123456789abcdef") == std::string::npos,
            "32 hexadecimal digits");
    return digits;
  }
  std::string one_of(const std::vector<std::string>& names) const {
    std::string name = text();
    require(std::find(names.begin(), names.end(), name) != names.end(),
            fmt::format("{}", fmt::join(names, ", ")));
    return name;
  }
  std::vector<Entry> list(std::size_t low, std::size_t high) const {
    require(value_.is_array() && value_.size() >= low && value_.size() <= high,
            low == high ? fmt::format("a list of {}", low) : fmt::format("a list of {}..{}", low, high));
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < value_.size(); ++i)
      entries.emplace_back(file_, value_[i], fmt::format("{}[{}]", key_, i));
    return entries;
  }
  /// An object's members.
  std::vector<std::pair<std::string, Entry>> members() const {
    require(value_.is_object(), "an object");
    std::vector<std::pair<std::string, Entry>> all;
    for (const auto& [name, value] : value_.items())
      all.emplace_back(name, Entry(file_, value, key_ + "." + shortened(name)));
    return all;
  }
  void require(bool condition, const std::string& accepted) const {
    if (!condition)
      throw InputError(fmt::format(
          "{}: {}: {}; accepted: {}", file_.string(), key_,
          shortened(value_.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)), accepted));
  }

 private:
  const std::filesystem::path& file_;
  const nlohmann::json& value_;
  std::string key_;
};

}  // namespace apical::tools
