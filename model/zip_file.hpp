// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace apical::model {

/// A zip archive in memory, as NumPy writes them: entries stored or deflated, in one piece, below 4 GiB.
class ZipFile {
 public:
  /// Throws std::runtime_error "PATH: what is wrong; accepted: WHAT" for what isn't a whole archive: entries
  /// that are encrypted, doubled, packed otherwise, or that declare more than the file can hold (or 2 GiB in
  /// all), and zip64.
  ZipFile(std::filesystem::path path, std::string what);

  const std::filesystem::path& path() const { return path_; }
  /// Of the entries, as the directory at the archive's end lists them.
  std::vector<std::string> names() const;
  /// The content of one. Throws likewise where it isn't as long as declared or its checksum is another.
  std::string content(std::size_t entry) const;

  [[noreturn]] void refuse(const std::string& wrong) const;

 private:
  struct Entry {
    std::string name;
    bool deflated = false;
    std::uint32_t checksum = 0;
    std::size_t packed = 0, size = 0, start = 0;
  };
  std::uint32_t number(std::size_t at, int bytes) const;
  void read_directory();
  Entry read_entry(std::size_t at) const;

  std::filesystem::path path_;
  std::string what_, bytes_;
  std::vector<Entry> entries_;
};

/// An archive of stored entries (name, content); equal contents make equal archives, whenever they are made.
/// Throws std::runtime_error for what takes 4 GiB.
std::string zip_archive(const std::vector<std::pair<std::string, std::string>>& entries);

}  // namespace apical::model
