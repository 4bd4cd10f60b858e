// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <toml++/toml.h>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/config/key_value.hpp"

namespace apical::tools {

/// A value in one line, as set_key() reads it.
std::string in_line(const toml::node&);

/// A table of a study or of a design's description. Every reader throws InputError "FILE:LINE: PREFIXkey:
/// ...; accepted: ..." for what is missing, of another type or out of range.
class Section {
 public:
  /// Refuses keys that aren't `accepted`. `source` and `table` have to outlive it.
  Section(const std::string& source, const toml::table& table, std::string prefix,
          const std::vector<std::string>& accepted);

  std::string where(const toml::node&) const;  ///< "FILE:LINE"
  std::string where(const std::string& key) const;
  [[noreturn]] void refuse(const std::string& key, const std::string& what,
                           const std::string& accepted) const;
  const toml::node* get(const std::string& key) const { return table_.get(key); }
  bool has(const std::string& key) const { return get(key) != nullptr; }

  std::string text(const std::string& key, const std::string& otherwise) const;
  /// One of `choices`, the first where the key is missing.
  std::string choice(const std::string& key, const std::vector<std::string>& choices) const;
  double number(const std::string& key) const;
  std::uint64_t whole(const std::string& key, std::int64_t low, std::int64_t high) const;
  const toml::array& array(const std::string& key, const std::string& accepted) const;  ///< not empty
  std::vector<std::string> strings(const std::string& key) const;
  std::vector<const toml::table*> tables(const std::string& key) const;  ///< of [[key]]; may be none
  /// "section.key=value" for every value below a table; none without it.
  std::vector<KeyValue> assignments(const std::string& key) const;

 private:
  void flatten(const toml::table&, const std::string& prefix, std::vector<KeyValue>&) const;

  const std::string& source_;
  const toml::table& table_;
  std::string prefix_;
};

}  // namespace apical::tools
