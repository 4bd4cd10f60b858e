// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace apical::model {

/// Throws std::runtime_error "PATH: what is wrong; accepted: WHAT" unless `path` is a regular file of at most
/// `most` bytes. Nothing is opened: a pipe would block, a device might never end.
void check_input(const std::filesystem::path& path, const std::string& what,
                 std::uintmax_t most = std::uintmax_t{1} << 40);

/// The content of a file that check_input() accepts; throws as it does.
std::string read_input(const std::filesystem::path& path, const std::string& what,
                       std::uintmax_t most = std::uintmax_t{1} << 24);

/// Everything that is wrong with a file, for one message: joined by "; ", and where that would take more than
/// a screen, how many more there are.
std::string in_one_line(const std::vector<std::string>& findings);

}  // namespace apical::model
