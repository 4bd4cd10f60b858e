// SPDX-License-Identifier: Apache-2.0
// In place of hdf5_file.cpp where the library is built alone (APICAL_LIBRARY_ONLY): files are refused.
#include <stdexcept>

#include "model/hdf5_file.hpp"
#include "model/hdf5_tree.hpp"

namespace apical::model {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path) {
  throw std::runtime_error(path.string() +
                           ": this library was built without HDF5 (APICAL_LIBRARY_ONLY); accepted: .npz");
}

}  // namespace

Hdf5Writer::Hdf5Writer(std::filesystem::path path) {
  refuse(path);
}
Hdf5Writer::~Hdf5Writer() = default;
void Hdf5Writer::write(const std::string&, const RowMatrix&) {}
void Hdf5Writer::write(const std::string&, const Array&) {}
void Hdf5Writer::write(const std::string&, const std::vector<std::int64_t>&) {}
void Hdf5Writer::write(const std::string&, const std::vector<std::string>&, std::uint64_t) {}
void Hdf5Writer::append(const std::string&, const std::vector<double>&) {}
void Hdf5Writer::commit() {}

RowMatrix read_matrix(const std::filesystem::path& path, const std::string&) {
  refuse(path);
}

std::vector<std::string> names_in(const std::filesystem::path& path, const std::string&) {
  refuse(path);
}

Hdf5Tree::Hdf5Tree(std::filesystem::path path, const std::string&) {
  refuse(path);
}
Hdf5Tree::~Hdf5Tree() = default;
bool Hdf5Tree::is_group(const std::string&) const {
  return false;
}
bool Hdf5Tree::is_dataset(const std::string&) const {
  return false;
}
std::vector<std::string> Hdf5Tree::names(const std::string&) const {
  return {};
}
std::optional<Array> Hdf5Tree::numbers(const std::string&) const {
  return std::nullopt;
}
std::optional<std::vector<std::string>> Hdf5Tree::texts(const std::string&) const {
  return std::nullopt;
}
std::optional<std::string> Hdf5Tree::text(const std::string&) const {
  return std::nullopt;
}

}  // namespace apical::model
