// SPDX-License-Identifier: Apache-2.0
#include <iomanip>
#include <sstream>

#include "hw/rdl/machine.hpp"

namespace apical::rdl {

std::string hex(std::uint32_t value, int digits) {
  std::ostringstream text;
  text << "0x" << std::hex << std::setw(digits) << std::setfill('0') << value;
  return text.str();
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string camel(const std::string& text) {
  std::string result;
  bool begins = true;
  for (const char c : lower(text)) {
    if (c != '_') result += begins ? upper(std::string(1, c)) : std::string(1, c);
    begins = c == '_';
  }
  return result;
}

}  // namespace apical::rdl
