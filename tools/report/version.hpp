// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace apical::tools {

/// The project's version, "0.1.0".
const char* version();

/// What results of this program depend on beside their inputs: a digest of all sources that it was built from
/// (tools/build_id.cmake), 32 hexadecimal digits. Builds of equal sources have one, wherever they were built.
const char* build_id();

/// The commit that the sources were checked out at, 40 hexadecimal digits, "-changed" after them where
/// tracked files differed from it; "unknown" where there was no repository.
const char* commit();

/// The time, "2026-11-29T16:18:51Z"; that of $SOURCE_DATE_EPOCH (reproducible-builds.org) where it is set.
std::string date();

/// "apical 0.1.0 (commit ..., build ...)".
std::string program();

/// {"version", "commit", "build", "date"}: what every file of results says of the program that wrote it.
nlohmann::ordered_json provenance();

}  // namespace apical::tools
