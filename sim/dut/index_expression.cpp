// SPDX-License-Identifier: Apache-2.0
#include "sim/dut/index_expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <stdexcept>

namespace apical::sim {
namespace {

constexpr std::size_t longest = 200;  // characters: so deep may parentheses be
constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

IndexExpression::IndexExpression(const std::string& text, std::vector<std::string> names)
    : text_(text), names_(std::move(names)) {
  if (text_.size() > longest) refuse(fmt::format("{} characters, more than {}", text_.size(), longest));
  std::size_t at = 0;
  sum(at);
  if (const char rest = next(at); rest != '\0') refuse(fmt::format("'{}' isn't understood", rest));
}

void IndexExpression::refuse(const std::string& what) const {
  throw std::invalid_argument(
      fmt::format("\"{}\": {}; accepted: whole numbers{}{}, + - * / % and parentheses",
                  text_.substr(0, longest), what, names_.empty() ? "" : ", ", fmt::join(names_, ", ")));
}

// The next character that is no space; 0 at the end.
char IndexExpression::next(std::size_t& at) const {
  while (at < text_.size() && text_[at] == ' ') ++at;
  return at < text_.size() ? text_[at] : '\0';
}

void IndexExpression::sum(std::size_t& at) {
  product(at);
  for (char c = next(at); c == '+' || c == '-'; c = next(at)) {
    ++at;
    product(at);
    steps_.push_back({c, 0});
  }
}

void IndexExpression::product(std::size_t& at) {
  factor(at);
  for (char c = next(at); c == '*' || c == '/' || c == '%'; c = next(at)) {
    ++at;
    factor(at);
    steps_.push_back({c, 0});
  }
}

void IndexExpression::factor(std::size_t& at) {
  const char c = next(at);
  if (c == '(') {
    ++at;
    sum(at);
    if (next(at) != ')') refuse("a parenthesis isn't closed");
    ++at;
    return;
  }
  std::string word;
  while (at < text_.size() && (is_letter(text_[at]) || is_digit(text_[at]))) word += text_[at++];
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_digit)) {
    if (word.size() > 10 || std::stoll(word) > largest) refuse(word + " is too large");
    steps_.push_back({'n', std::stoll(word)});
    return;
  }
  const auto name = std::find(names_.begin(), names_.end(), word);
  if (word.empty() || name == names_.end())
    refuse(word.empty() ? "a number or a name is missing" : fmt::format("\"{}\" is no name here", word));
  steps_.push_back({'v', name - names_.begin()});
}

std::int64_t IndexExpression::value(const IndexValues& values) const {
  std::vector<std::int64_t> stack;
  for (const Step& step : steps_) {
    if (step.operation == 'n' || step.operation == 'v') {
      stack.push_back(step.operation == 'n' ? step.number : values.at(static_cast<std::size_t>(step.number)));
      continue;
    }
    const std::int64_t b = stack.back();
    stack.pop_back();
    std::int64_t& a = stack.back();
    const bool divides = step.operation == '/' || step.operation == '%';
    if (divides && (b <= 0 || a < 0)) refuse(fmt::format("{} {} {} has no value", a, step.operation, b));
    a = step.operation == '+'   ? a + b
        : step.operation == '-' ? a - b
        : step.operation == '*' ? a * b
        : step.operation == '/' ? a / b
                                : a % b;
    if (a > largest || a < -largest) refuse("too large a number comes about");
  }
  if (stack.back() < 0) refuse(fmt::format("is {}, below 0", stack.back()));
  return stack.back();
}

HierarchicalName::HierarchicalName(const std::string& text, const std::vector<std::string>& names)
    : between_(1) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{') {
      between_.back() += text[at];
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string::npos)
      throw std::invalid_argument(
          fmt::format("\"{}\": a brace isn't closed; accepted: {{expression}}", text));
    parts_.emplace_back(text.substr(at + 1, end - at - 1), names);
    between_.emplace_back();
    at = end;
  }
}

std::string HierarchicalName::value(const IndexValues& values) const {
  std::string name = between_.front();
  for (std::size_t i = 0; i < parts_.size(); ++i)
    name += std::to_string(parts_[i].value(values)) + between_[i + 1];
  return name;
}

}  // namespace apical::sim
