// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace apical::sim {

/// Values of the names that an expression may have: `unit`; or `row` and `column`.
using IndexValues = std::array<std::int64_t, 2>;

/// Where in a design's memories something lies: whole numbers, names, + - * / % and parentheses. / and % are
/// those of C on numbers from 0 on, of which alone they are asked.
class IndexExpression {
 public:
  /// Throws std::invalid_argument "TEXT: what is wrong; accepted: ...".
  IndexExpression(const std::string& text, std::vector<std::string> names);

  /// Throws std::invalid_argument where it has no value: division by 0, numbers below 0 or beyond 2^31 - 1.
  std::int64_t value(const IndexValues&) const;
  const std::string& text() const { return text_; }

 private:
  struct Step {
    char operation;  ///< 'n' a number, 'v' a value, or one of + - * / %
    std::int64_t number;
  };
  void sum(std::size_t& at);
  void product(std::size_t& at);
  void factor(std::size_t& at);
  char next(std::size_t& at) const;
  [[noreturn]] void refuse(const std::string& what) const;

  std::string text_;
  std::vector<std::string> names_;
  std::vector<Step> steps_;  ///< operands before their operation
};

/// A hierarchical name with expressions in braces: "quarter[{column % 4}].store.held".
class HierarchicalName {
 public:
  /// Throws std::invalid_argument likewise.
  HierarchicalName(const std::string& text, const std::vector<std::string>& names);
  std::string value(const IndexValues&) const;

 private:
  std::vector<std::string> between_;  ///< texts before, between and behind the expressions
  std::vector<IndexExpression> parts_;
};

}  // namespace apical::sim
