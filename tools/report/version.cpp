// SPDX-License-Identifier: Apache-2.0
#include "tools/report/version.hpp"

#include <fmt/chrono.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "build_id.hpp"

namespace apical::tools {

const char* version() {
  return APICAL_VERSION;
}

const char* build_id() {
  return APICAL_BUILD_ID;
}

const char* commit() {
  return APICAL_COMMIT;
}

std::string date() {
  std::time_t seconds = std::time(nullptr);
  if (const char* epoch = std::getenv("SOURCE_DATE_EPOCH"); epoch != nullptr) {
    std::int32_t set = 0;  // until 2038, and never beyond what a calendar holds
    const char* const end = epoch + std::strlen(epoch);
    if (const auto [stop, error] = std::from_chars(epoch, end, set); error == std::errc() && stop == end)
      seconds = set;
  }
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

std::string program() {
  return fmt::format("apical {} (commit {}, build {})", version(), commit(), build_id());
}

nlohmann::ordered_json provenance() {
  return {{"version", version()}, {"commit", commit()}, {"build", build_id()}, {"date", date()}};
}

}  // namespace apical::tools
