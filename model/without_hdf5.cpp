// SPDX-License-Identifier: Apache-2.0
// In place of hdf5_file.cpp where the library is built alone (APICAL_LIBRARY_ONLY): files are refused.
#include <stdexcept>

#include "model/hdf5_file.hpp"

namespace apical::model {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path) {
  throw std::runtime_error(path.string() +
                           ": this library was built without HDF5 (APICAL_LIBRARY_ONLY); accepted: no file");
}

}  // namespace

Hdf5Writer::Hdf5Writer(std::filesystem::path path) {
  refuse(path);
}
Hdf5Writer::~Hdf5Writer() = default;
void Hdf5Writer::write(const std::string&, const RowMatrix&) {}
void Hdf5Writer::append(const std::string&, const std::vector<double>&) {}
void Hdf5Writer::commit() {}

RowMatrix read_matrix(const std::filesystem::path& path, const std::string&) {
  refuse(path);
}

std::vector<std::string> names_in(const std::filesystem::path& path, const std::string&) {
  refuse(path);
}

}  // namespace apical::model
