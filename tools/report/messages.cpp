// SPDX-License-Identifier: Apache-2.0
#include "tools/report/messages.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <system_error>

namespace apical::tools {

std::string echoed(const std::string& text, std::size_t most) {
  std::string line;
  for (const char c : text) {
    if (line.size() >= most) {
      // Not in the middle of a character of several bytes.
      while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0) == 0x80) line.pop_back();
      if (!line.empty() && static_cast<unsigned char>(line.back()) >= 0xc0) line.pop_back();
      return line + "...";
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\n')
      line += "\\n";
    else if (byte < 0x20 || byte == 0x7f)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += c;
  }
  return line;
}

namespace {

// A message of one line on a terminal, whatever somebody put where a name was expected.
std::string with_short_words(const std::string& message) {
  constexpr std::size_t most = 1500, word_size = 200;
  if (message.size() <= most) return message;
  std::string all, word;
  for (const char c : message + ' ') {
    if (c != ' ') {
      word += c;
      continue;
    }
    all += echoed(word, word_size) + ' ';
    word.clear();
  }
  all.pop_back();
  return all;
}

}  // namespace

std::string explained(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
    return "not enough memory; accepted: a smaller network.layers, or a machine with more";
  if (const auto* files = dynamic_cast<const std::filesystem::filesystem_error*>(&error); files != nullptr)
    return fmt::format("{}: {}; accepted: a path that can be used here", echoed(files->path1().string()),
                       files->code().message());
  if (const auto* json = dynamic_cast<const nlohmann::json::exception*>(&error); json != nullptr) {
    const std::string what = json->what();
    const std::size_t end = what.find("] ");
    return fmt::format("a JSON file: {}; accepted: one as this program writes it",
                       echoed(end == std::string::npos ? what : what.substr(end + 2)));
  }
  if (const auto* system = dynamic_cast<const std::system_error*>(&error); system != nullptr)
    return fmt::format("the system refuses: {}; accepted: more processes, threads or files (ulimit)",
                       system->code().message());
  return with_short_words(error.what());
}

}  // namespace apical::tools
