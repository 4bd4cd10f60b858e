// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/named_matrix.hpp"

namespace apical::model {

/// An HDF5 file as a tree of groups with numbers and texts in them, opened to be read. Absent and unreadable
/// are one: what isn't there as it is asked for is nothing.
class Hdf5Tree {
 public:
  /// Throws std::runtime_error "PATH: ...; accepted: WHAT" where HDF5 can't open it.
  Hdf5Tree(std::filesystem::path path, const std::string& what);
  ~Hdf5Tree();
  Hdf5Tree(const Hdf5Tree&) = delete;
  Hdf5Tree& operator=(const Hdf5Tree&) = delete;

  bool is_group(const std::string& name) const;
  bool is_dataset(const std::string& name) const;
  std::vector<std::string> names(const std::string& group) const;  ///< sorted
  /// Nothing where it isn't numbers, or declares more of them than the file can hold.
  std::optional<Array> numbers(const std::string& dataset) const;
  /// Texts in C order; nothing where it isn't texts, of fixed or variable length, or takes more than 64 MB.
  std::optional<std::vector<std::string>> texts(const std::string& dataset) const;
  std::optional<std::string> text(const std::string& dataset) const;

 private:
  std::filesystem::path path_;
  std::int64_t file_ = -1;
};

}  // namespace apical::model
