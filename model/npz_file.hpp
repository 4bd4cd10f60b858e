// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "model/named_matrix.hpp"

namespace apical::model {

/// The arrays of a .npz file, as numpy.savez and savez_compressed write them, in the order of the file; of
/// one dimension as a single column. Throws std::runtime_error "PATH: ...; accepted: ..." that names all
/// entries that aren't arrays of '<f8', '<f4', '<i8' or '<i4' with finite values in one or two dimensions,
/// integers being such as doubles hold; or what is wrong with the archive.
std::vector<NamedMatrix> read_npz(const std::filesystem::path& path);

/// An array as the .npy file that numpy.save writes: '<f8' or '<i8', rows × columns, in C order.
std::string npy(const RowMatrix&);
std::string npy(const IntegerMatrix&);

}  // namespace apical::model
