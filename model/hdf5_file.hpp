// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "model/named_matrix.hpp"

namespace apical::model {

/// Writes an HDF5 file under a temporary name beside `path`; it gets its own name in commit(), whole or not
/// at all. Every failure (a full disk included) throws std::runtime_error naming the file.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(std::filesystem::path path);
  ~Hdf5Writer();  ///< removes the temporary file unless committed
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  /// A two-dimensional dataset of doubles; groups in `name` ("/weights/W1") are made as needed.
  void write(const std::string& name, const RowMatrix& values);
  void write(const std::string& name, const Array&);
  /// Whole numbers in one dimension, or one without any; texts in rows of `columns`, or one without
  /// dimensions where that is 0.
  void write(const std::string& name, const std::vector<std::int64_t>& numbers);
  void write(const std::string& name, const std::vector<std::string>& texts, std::uint64_t columns);
  /// Adds one row to a dataset that grows; the first call decides its width.
  void append(const std::string& name, const std::vector<double>& row);
  void commit();

 private:
  struct Growing {
    std::int64_t dataset = -1;
    std::uint64_t rows = 0, width = 0;
    std::vector<double> pending;
  };
  void flush(Growing&);
  void close_growing();
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path path_, temporary_;
  std::int64_t file_ = -1;
  std::map<std::string, Growing> growing_;
};

/// Reads a two-dimensional dataset (a one-dimensional one as a single column). Throws std::runtime_error
/// naming file and dataset when it is absent, has another rank, declares more than the file can hold (or 2^30
/// values), or holds what isn't a finite number; before anything is allocated, but for the last.
RowMatrix read_matrix(const std::filesystem::path& path, const std::string& dataset);

/// Names in a group ("/weights") of an HDF5 file; none where there is no such group. Throws
/// std::runtime_error naming the path unless it is a regular file.
std::vector<std::string> names_in(const std::filesystem::path& path, const std::string& group);

}  // namespace apical::model
