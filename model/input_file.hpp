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

/// What says that a file is still the one it was: its path, size, place on the disk, and when it was last
/// written; of one that isn't there its path. Equal text, equal content, once it has settled.
std::string identity_of(const std::filesystem::path& path);
/// A file whose last change is longer ago than clocks of file systems are coarse: another one would show.
bool has_settled(const std::filesystem::path& path);

/// Everything that is wrong with a file, for one message: joined by "; ", and where that would take more than
/// a screen, how many more there are.
std::string in_one_line(const std::vector<std::string>& findings);

}  // namespace apical::model
