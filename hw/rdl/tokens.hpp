// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace apical::rdl {

/// Words, numbers, strings and single signs, with comments dropped.
class Tokens {
 public:
  explicit Tokens(std::string text) : text_(std::move(text)) {}
  std::string next() {
    skip();
    if (at_ >= text_.size()) return "";
    const std::size_t begin = at_;
    if (text_[at_] == '"') {
      do {
        at_ = text_.find('"', at_ + 1);
        if (at_ == std::string::npos) {
          at_ = begin;
          fail("a string does not end");
        }
      } while (text_[at_ - 1] == '\\');
      return text_.substr(begin, ++at_ - begin);
    }
    if (is_word(text_[at_])) {
      while (at_ < text_.size() && is_word(text_[at_])) ++at_;
      return text_.substr(begin, at_ - begin);
    }
    ++at_;
    return text_.substr(begin, 1);
  }
  std::string peek() {
    const std::size_t here = at_;
    const std::string token = next();
    at_ = here;
    return token;
  }
  bool accept(const std::string& token) {
    const bool there = peek() == token;
    if (there) next();
    return there;
  }
  void expect(const std::string& token) {
    const std::string got = next();
    if (got != token) fail("expected " + token + ", got " + got);
  }
  std::string name() {
    const std::string token = next();
    if (token.empty() || !is_word(token[0]) || std::isdigit(static_cast<unsigned char>(token[0])) != 0)
      fail("expected a name, got " + token);
    return token;
  }
  std::uint32_t number() {
    const std::string token = next();
    std::size_t used = 0;
    unsigned long value = 0;
    try {
      value = std::stoul(token, &used, 0);
    } catch (const std::exception&) {
      used = 0;
    }
    if (token.empty() || used != token.size() || value > 0xffffffffUL)
      fail("expected a number, got " + token);
    return static_cast<std::uint32_t>(value);
  }
  std::string string() {
    const std::string token = next();
    if (token.size() < 2 || token.front() != '"') fail("expected a string, got " + token);
    std::string text;
    for (std::size_t i = 1; i + 1 < token.size(); ++i)
      if (token[i] != '\\') text += token[i];
    return text;
  }
  [[noreturn]] void fail(const std::string& what) const {
    std::size_t line = 1;
    for (std::size_t i = 0; i < at_ && i < text_.size(); ++i) line += text_[i] == '\n';
    throw std::runtime_error("line " + std::to_string(line) + ": " + what);
  }

 private:
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
  void skip() {
    for (;;) {
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
      if (text_.compare(at_, 2, "//") != 0) return;
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    }
  }
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace apical::rdl
