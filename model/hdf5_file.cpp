// SPDX-License-Identifier: Apache-2.0
#include "model/hdf5_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "model/hdf5_handle.hpp"
#include "model/input_file.hpp"
#include "model/output_file.hpp"

namespace apical::model {
namespace {

constexpr std::uint64_t rows_per_chunk = 256;
constexpr std::uint64_t most_values = std::uint64_t{1} << 30;  // 8 GiB of doubles

Handle with_groups() {
  Handle list(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(list, 1);
  return Handle(H5Pcopy(list), H5Pclose);
}

}  // namespace

void silence_hdf5() {
  [[maybe_unused]] static const herr_t once = H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

hsize_t most_values_of(const std::filesystem::path& path, std::size_t size) {
  return std::min<hsize_t>(most_values, 1100 * std::filesystem::file_size(path) / size + 4096);
}

Hdf5Writer::Hdf5Writer(std::filesystem::path path) : path_(std::move(path)), temporary_(staged_name(path_)) {
  silence_hdf5();
  prepare_output(path_);
  file_ = H5Fcreate(temporary_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  if (file_ >= 0) return;
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);  // created, perhaps, and then the disk was full
  fail("can't be created");
}

Hdf5Writer::~Hdf5Writer() {
  if (file_ < 0) return;
  close_growing();
  H5Fclose(file_);
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void Hdf5Writer::fail(const std::string& what) const {
  throw std::runtime_error(
      fmt::format("{}: {} (a full or read-only disk?); nothing was left behind", path_.string(), what));
}

void Hdf5Writer::write(const std::string& name, const RowMatrix& values) {
  const hsize_t shape[2] = {static_cast<hsize_t>(values.rows()), static_cast<hsize_t>(values.cols())};
  const Handle space(H5Screate_simple(2, shape, nullptr), H5Sclose);
  const Handle groups = with_groups();
  const Handle dataset(
      H5Dcreate2(file_, name.c_str(), H5T_IEEE_F64LE, space, groups, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  if (!dataset.valid() ||
      H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    fail(fmt::format("{} can't be written", name));
}

void Hdf5Writer::write(const std::string& name, const Array& array) {
  const std::vector<hsize_t> shape(array.shape.begin(), array.shape.end());
  const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
  const Handle groups = with_groups();
  const Handle dataset(
      H5Dcreate2(file_, name.c_str(), H5T_IEEE_F64LE, space, groups, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  if (!dataset.valid() ||
      H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0)
    fail(fmt::format("{} can't be written", name));
}

void Hdf5Writer::write(const std::string& name, const std::vector<std::int64_t>& numbers) {
  const hsize_t shape[1] = {numbers.size()};
  const Handle space(numbers.size() == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, shape, nullptr),
                     H5Sclose);
  const Handle groups = with_groups();
  const Handle dataset(
      H5Dcreate2(file_, name.c_str(), H5T_STD_I64LE, space, groups, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  if (!dataset.valid() ||
      H5Dwrite(dataset, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()) < 0)
    fail(fmt::format("{} can't be written", name));
}

void Hdf5Writer::write(const std::string& name, const std::vector<std::string>& texts,
                       std::uint64_t columns) {
  const hsize_t shape[2] = {columns == 0 ? 1 : texts.size() / columns, columns};
  const Handle space(columns == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(2, shape, nullptr), H5Sclose);
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const Handle groups = with_groups();
  const Handle dataset(H5Dcreate2(file_, name.c_str(), type, space, groups, H5P_DEFAULT, H5P_DEFAULT),
                       H5Dclose);
  std::vector<const char*> pointers;
  pointers.reserve(texts.size());
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  if (!dataset.valid() || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)
    fail(fmt::format("{} can't be written", name));
}

void Hdf5Writer::append(const std::string& name, const std::vector<double>& row) {
  Growing& g = growing_[name];
  if (g.dataset < 0) {
    g.width = row.size();
    const hsize_t shape[2] = {0, g.width};
    const hsize_t limit[2] = {H5S_UNLIMITED, g.width};
    const hsize_t chunk[2] = {rows_per_chunk, g.width};
    const Handle space(H5Screate_simple(2, shape, limit), H5Sclose);
    const Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_chunk(layout, 2, chunk);
    const Handle groups = with_groups();
    g.dataset = H5Dcreate2(file_, name.c_str(), H5T_IEEE_F64LE, space, groups, layout, H5P_DEFAULT);
    if (g.dataset < 0) fail(fmt::format("{} can't be written", name));
  }
  g.pending.insert(g.pending.end(), row.begin(), row.end());
  if (g.pending.size() == rows_per_chunk * g.width) flush(g);
}

void Hdf5Writer::flush(Growing& g) {
  const hsize_t count = g.width == 0 ? 0 : g.pending.size() / g.width;
  if (count == 0) return;
  const hsize_t shape[2] = {g.rows + count, g.width};
  const hsize_t first[2] = {g.rows, 0};
  const hsize_t block[2] = {count, g.width};
  bool good = H5Dset_extent(g.dataset, shape) >= 0;
  const Handle all(H5Dget_space(g.dataset), H5Sclose);
  const Handle part(H5Screate_simple(2, block, nullptr), H5Sclose);
  good = good && H5Sselect_hyperslab(all, H5S_SELECT_SET, first, nullptr, block, nullptr) >= 0;
  good = good && H5Dwrite(g.dataset, H5T_NATIVE_DOUBLE, part, all, H5P_DEFAULT, g.pending.data()) >= 0;
  if (!good) fail("can't be extended");
  g.rows += count;
  g.pending.clear();
}

void Hdf5Writer::close_growing() {
  for (auto& [name, g] : growing_)
    if (g.dataset >= 0) H5Dclose(g.dataset);
  growing_.clear();
}

void Hdf5Writer::commit() {
  for (auto& [name, g] : growing_) flush(g);
  close_growing();
  const bool flushed = H5Fflush(file_, H5F_SCOPE_GLOBAL) >= 0;
  const bool closed = H5Fclose(file_) >= 0;
  file_ = -1;
  std::error_code error;
  if (flushed && closed) std::filesystem::rename(temporary_, path_, error);
  if (!flushed || !closed || error) {
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
    fail("can't be written");
  }
}

RowMatrix read_matrix(const std::filesystem::path& path, const std::string& name) {
  silence_hdf5();
  const auto refuse = [&](const std::string& what) {
    throw std::runtime_error(fmt::format("{}: {}", path.string(), what));
  };
  check_input(path, "an HDF5 file");
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file.valid()) refuse("isn't a readable HDF5 file (truncated?); accepted: an HDF5 file");
  const Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) refuse(fmt::format("has no dataset {}", name));
  const Handle type(H5Dget_type(dataset), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER)
    refuse(fmt::format("{} doesn't hold numbers; accepted: integers or floating-point numbers", name));
  const Handle space(H5Dget_space(dataset), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank != 1 && rank != 2) refuse(fmt::format("{} has rank {}; accepted: 2 (rows × columns)", name, rank));
  hsize_t shape[2] = {0, 1};
  H5Sget_simple_extent_dims(space, shape, nullptr);
  const hsize_t most = most_values_of(path, H5Tget_size(type));
  if (shape[1] != 0 && shape[0] > most / shape[1])
    refuse(fmt::format(
        "{} declares {} x {} values, which a file of {} bytes can't hold; accepted: at most {} values", name,
        shape[0], shape[1], std::filesystem::file_size(path), hsize_t{most_values}));
  RowMatrix values(static_cast<Eigen::Index>(shape[0]), static_cast<Eigen::Index>(shape[1]));
  if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    refuse(fmt::format("{} can't be read as numbers", name));
  for (Eigen::Index i = 0; i < values.rows(); ++i)
    for (Eigen::Index j = 0; j < values.cols(); ++j)
      if (!std::isfinite(values(i, j)))
        refuse(fmt::format("{}[{}, {}] is {}; accepted: finite values", name, i, j, values(i, j)));
  return values;
}

std::vector<std::string> names_in(const std::filesystem::path& path, const std::string& group) {
  silence_hdf5();
  check_input(path, "an HDF5 file");
  std::vector<std::string> names;
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file.valid() || H5Lexists(file, group.c_str(), H5P_DEFAULT) <= 0) return names;
  const Handle folder(H5Gopen2(file, group.c_str(), H5P_DEFAULT), H5Gclose);
  if (!folder.valid()) return names;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* all) -> herr_t {
    static_cast<std::vector<std::string>*>(all)->emplace_back(name);
    return 0;
  };
  H5Literate(folder, H5_INDEX_NAME, H5_ITER_INC, nullptr, +add, &names);
  return names;
}

}  // namespace apical::model
