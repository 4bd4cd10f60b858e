// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/c/apical.h"

namespace apical::test {

inline std::string last_error(apical_emulator* handle = nullptr) {
  return apical_last_error(handle);
}

/// A handle that a test opened from text and overrides; null and a message where that was refused.
class OpenedInC {
 public:
  explicit OpenedInC(const std::string& text, const std::vector<std::string>& overrides = {}) {
    std::vector<const char*> all;
    for (const std::string& one : overrides) all.push_back(one.c_str());
    if (apical_open_text(text.c_str(), nullptr, all.data(), all.size(), &handle) != APICAL_OK)
      refused = last_error();
  }
  ~OpenedInC() { apical_close(handle); }
  OpenedInC(OpenedInC&& other) noexcept
      : refused(other.refused), handle(std::exchange(other.handle, nullptr)) {}
  OpenedInC(const OpenedInC&) = delete;
  operator apical_emulator*() const { return handle; }

  std::string digest() const {
    char text[APICAL_DIGEST_SIZE] = "";
    EXPECT_EQ(apical_digest(handle, text, sizeof text), APICAL_OK) << last_error(handle);
    return text;
  }
  std::vector<std::uint8_t> snapshot() const {
    std::size_t size = 0;
    EXPECT_EQ(apical_snapshot_size(handle, &size), APICAL_OK) << last_error(handle);
    std::vector<std::uint8_t> bytes(size);
    EXPECT_EQ(apical_snapshot(handle, bytes.data(), size), APICAL_OK) << last_error(handle);
    return bytes;
  }
  std::string refused;

 private:
  apical_emulator* handle = nullptr;
};

}  // namespace apical::test
