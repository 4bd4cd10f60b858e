#pragma once
#include <filesystem>
#include <string>

namespace apical::tools {

/// Writes `text` under a temporary name beside `path` and renames it: the file is there whole or not at all.
/// Throws InputError naming the file when the disk is full or read-only.
void write_file(const std::filesystem::path& path, const std::string& text);

/// Makes a folder and its parents; throws InputError naming it when that fails.
void make_folder(const std::filesystem::path& path);

}  // namespace apical::tools
