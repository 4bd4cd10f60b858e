// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

namespace apical::model {

/// Where a file is written until it is whole: PATH.tmp.PID, in the same folder, so that renaming it is one
/// step.
std::filesystem::path staged_name(const std::filesystem::path& path);

/// Renames a whole file to `path`; where that fails, discards it.
void finish_output(const std::filesystem::path& staged, const std::filesystem::path& path);

/// Removes a file that couldn't be written and throws std::runtime_error naming `path`.
[[noreturn]] void discard_output(const std::filesystem::path& staged, const std::filesystem::path& path);

/// Writes a file, whole or not at all; throws std::runtime_error naming it.
void write_output(const std::filesystem::path& path, const std::string& content);

/// Removes what processes that are gone left in a folder under names STEM.tmp.PID, with or without an ending.
void sweep_abandoned(const std::filesystem::path& folder, const std::string& stem);

/// Makes way for a file at `path`: removes what was abandoned there, and throws std::runtime_error naming it
/// where something that isn't a regular file, a device for example, would be replaced.
void prepare_output(const std::filesystem::path& path);

}  // namespace apical::model
