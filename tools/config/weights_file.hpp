// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "model/named_matrix.hpp"

namespace apical::tools {

inline const std::string weights_files = "an HDF5 file with /weights/W1.., a .npz file or a NIR graph";

/// Whether a file is a NIR graph, which tools/config/nir.hpp reads.
bool is_nir(const std::filesystem::path& path);

/// What a file of weights holds, as it names it: of HDF5 the datasets of /weights in the order of their
/// names, of .npz the arrays in the order of the file, vectors as single columns. Throws std::runtime_error
/// "PATH: ...; accepted: ..." for what is neither, damaged or not numbers.
std::vector<model::NamedMatrix> read_weights_file(const std::filesystem::path& path);

/// Writes them, whole or not at all, as the name's ending says: .h5, .hdf5 or .npz. Throws InputError for
/// another one, std::runtime_error where the file can't be written.
void write_weights_file(const std::filesystem::path& path, const std::vector<model::NamedMatrix>&);

/// PyTorch's pairs MODULE.weight [out x in] and MODULE.bias [out], or weights alone, as one matrix per module
/// with the bias as its last column, named MODULE, in the order in which the file has the weights. Names that
/// are no such pair, and biases of another length, are added to `wrong`.
std::vector<model::NamedMatrix> modules_of(const std::vector<model::NamedMatrix>& arrays,
                                           std::vector<std::string>& wrong);
/// Whether an array is named as PyTorch names those of a module.
bool has_modules(const std::vector<model::NamedMatrix>& arrays);

}  // namespace apical::tools
