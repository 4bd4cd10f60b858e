// SPDX-License-Identifier: Apache-2.0
#include "model/hdf5_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "model/hdf5_file.hpp"
#include "model/hdf5_handle.hpp"
#include "model/input_file.hpp"

namespace apical::model {
namespace {

constexpr int most_dimensions = 8;
constexpr hsize_t most_text = hsize_t{1} << 26;

// Extents of a dataset; nothing for an empty one (H5S_NULL) or too many of them.
std::optional<std::vector<hsize_t>> shape_of(hid_t dataset) {
  const Handle space(H5Dget_space(dataset), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || rank > most_dimensions || H5Sget_simple_extent_type(space) == H5S_NULL) return std::nullopt;
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  return shape;
}

// Their product; nothing beyond `most`.
std::optional<hsize_t> count_of(const std::vector<hsize_t>& shape, hsize_t most) {
  hsize_t count = 1;
  for (const hsize_t extent : shape) {
    if (extent != 0 && count > most / extent) return std::nullopt;
    count *= extent;
  }
  return count;
}

}  // namespace

Hdf5Tree::Hdf5Tree(std::filesystem::path path, const std::string& what) : path_(std::move(path)) {
  silence_hdf5();
  check_input(path_, what);
  file_ = H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file_ < 0)
    throw std::runtime_error(
        fmt::format("{}: can't be read as HDF5 (truncated?); accepted: {}", path_.string(), what));
}

Hdf5Tree::~Hdf5Tree() {
  H5Fclose(file_);
}

bool Hdf5Tree::is_group(const std::string& name) const {
  return Handle(H5Gopen2(file_, name.c_str(), H5P_DEFAULT), H5Gclose).valid();
}

bool Hdf5Tree::is_dataset(const std::string& name) const {
  return Handle(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose).valid();
}

std::vector<std::string> Hdf5Tree::names(const std::string& group) const {
  return is_group(group) ? names_in(path_, group) : std::vector<std::string>{};
}

std::optional<Array> Hdf5Tree::numbers(const std::string& name) const {
  const Handle dataset(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) return std::nullopt;
  const Handle type(H5Dget_type(dataset), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  const auto shape = shape_of(dataset);
  if ((kind != H5T_FLOAT && kind != H5T_INTEGER) || !shape) return std::nullopt;
  const auto count = count_of(*shape, most_values_of(path_, H5Tget_size(type)));
  if (!count) return std::nullopt;
  Array array{{shape->begin(), shape->end()}, std::vector<double>(*count)};
  if (*count > 0 &&
      H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0)
    return std::nullopt;
  return array;
}

std::optional<std::vector<std::string>> Hdf5Tree::texts(const std::string& name) const {
  const Handle dataset(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) return std::nullopt;
  const Handle type(H5Dget_type(dataset), H5Tclose);
  const auto shape = shape_of(dataset);
  if (H5Tget_class(type) != H5T_STRING || !shape) return std::nullopt;
  const std::size_t size = H5Tget_size(type);
  const auto count = count_of(*shape, most_text / std::max<std::size_t>(size, 1));
  if (!count) return std::nullopt;
  std::vector<std::string> all;
  if (*count == 0) return all;
  if (H5Tis_variable_str(type) <= 0) {
    std::string bytes(*count * size, '\0');
    if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0) return std::nullopt;
    for (hsize_t k = 0; k < *count; ++k) {
      const std::string padded = bytes.substr(k * size, size);
      all.push_back(padded.substr(0, padded.find('\0')));
    }
    return all;
  }
  // Many of them may be one long text of the file. (Asked about a single value, HDF5 1.10 crashes.)
  const Handle space(H5Dget_space(dataset), H5Sclose);
  hsize_t bytes = 0;
  if (!shape->empty() && (H5Dvlen_get_buf_size(dataset, type, space, &bytes) < 0 || bytes > most_text))
    return std::nullopt;
  std::vector<char*> texts(*count, nullptr);
  if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()) < 0) return std::nullopt;
  for (const char* text : texts) all.emplace_back(text == nullptr ? "" : text);
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts.data());
  return all;
}

std::optional<std::string> Hdf5Tree::text(const std::string& dataset) const {
  const auto all = texts(dataset);
  if (!all || all->size() != 1) return std::nullopt;
  return all->front();
}

}  // namespace apical::model
