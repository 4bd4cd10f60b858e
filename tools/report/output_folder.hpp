// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace apical::tools {

/// A folder of results that is filled all at once: files are written to a hidden folder inside it and get
/// their names in commit(). Without commit() everything is as it was before, including the folder's absence.
/// What processes that were killed left there is removed.
class OutputFolder {
 public:
  /// Makes the folder and its parents. Throws InputError naming it when that fails or it can't be written.
  explicit OutputFolder(std::filesystem::path folder);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }
  /// Where to write the file that will be `name`.
  std::filesystem::path stage(const std::string& name);
  /// Stages a text file; throws InputError naming it when the disk is full.
  void write(const std::string& name, const std::string& text);
  /// Stages a copy of a file, as whole as that is.
  void copy(const std::filesystem::path& source, const std::string& name);
  /// Gives every staged file its name, in the order of staging, and removes `stale` ones of earlier runs.
  /// Where one can't have its name, all is as it was before.
  void commit(const std::vector<std::string>& stale = {});

 private:
  std::filesystem::path folder_, staging_;
  std::vector<std::filesystem::path> made_;  ///< outermost first
  std::vector<std::string> names_;
};

}  // namespace apical::tools
