// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fixedpoint/numeric/format.hpp"

namespace apical::tools {

/// A column of integers: of so many bits, worth raw · 2^-frac.
struct Field {
  std::string name;
  int bits, frac;
  bool is_signed;
};
Field field_of(const std::string& name, const fixedpoint::Format&);

/// Integers in rows, for CSV and for $readmemh.
class Records {
 public:
  explicit Records(std::vector<Field> fields) : fields_(std::move(fields)) {}

  const std::vector<Field>& fields() const { return fields_; }
  std::size_t rows() const { return fields_.empty() ? 0 : values_.size() / fields_.size(); }
  /// One value per field, in their order, within their widths.
  void add(const std::vector<std::int64_t>& row) { values_.insert(values_.end(), row.begin(), row.end()); }

  /// A line of names, then decimal numbers.
  std::string csv() const;
  /// A word a row: the fields one after the other, the first on top, each as two's complement and filled up
  /// to whole digits; what they are in a comment.
  std::string memh() const;
  /// [{name, bits, frac, signed, digits}]
  nlohmann::ordered_json in_json() const;

 private:
  std::vector<Field> fields_;
  std::vector<std::int64_t> values_;
};

/// In names of files and of JSON there are no spaces: "learning of B2" is "learning_of_B2".
std::string without_spaces(std::string name);

}  // namespace apical::tools
