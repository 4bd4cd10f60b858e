// SPDX-License-Identifier: Apache-2.0
#include "tools/config/weights_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "model/hdf5_file.hpp"
#include "model/hdf5_tree.hpp"
#include "model/input_file.hpp"
#include "model/npz_file.hpp"
#include "model/output_file.hpp"
#include "model/zip_file.hpp"
#include "tools/report/messages.hpp"

namespace apical::tools {
namespace {

const std::string group = "/weights", weight = ".weight", bias = ".bias";

bool ends_with(const std::string& name, const std::string& end) {
  return name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

std::string module_of(const std::string& name, const std::string& end) {
  return name.substr(0, name.size() - end.size());
}

// What every zip archive starts with: its content is asked, since names may end in anything.
bool is_zip(const std::filesystem::path& path) {
  char start[2] = {};
  std::ifstream(path, std::ios::binary).read(start, sizeof start);
  return start[0] == 'P' && start[1] == 'K';
}

}  // namespace

bool is_nir(const std::filesystem::path& path) {
  model::check_input(path, weights_files);
  return !is_zip(path) && model::Hdf5Tree(path, weights_files).is_group("/node");
}

std::vector<model::NamedMatrix> read_weights_file(const std::filesystem::path& path) {
  model::check_input(path, weights_files);
  if (is_zip(path)) return model::read_npz(path);
  if (!model::Hdf5Tree(path, weights_files).is_group(group))
    throw std::runtime_error(
        fmt::format("{}: has no group {}; accepted: {}", path.string(), group, weights_files));
  std::vector<model::NamedMatrix> all;
  for (const std::string& name : model::names_in(path, group))
    all.push_back({name, model::read_matrix(path, fmt::format("{}/{}", group, name))});
  return all;
}

void write_weights_file(const std::filesystem::path& path, const std::vector<model::NamedMatrix>& all) {
  const std::string ending = path.extension().string();
  if (ending == ".h5" || ending == ".hdf5") {
    model::Hdf5Writer file(path);
    for (const model::NamedMatrix& matrix : all)
      file.write(fmt::format("{}/{}", group, matrix.name), matrix.values);
    file.commit();
    return;
  }
  if (ending != ".npz")
    throw InputError(
        fmt::format("{}: which format?; accepted: a name that ends in .npz, .h5 or .hdf5", path.string()));
  std::vector<std::pair<std::string, std::string>> entries;
  entries.reserve(all.size());
  for (const model::NamedMatrix& matrix : all)
    entries.emplace_back(matrix.name + ".npy", model::npy(matrix.values));
  model::write_output(path, model::zip_archive(entries));
}

bool has_modules(const std::vector<model::NamedMatrix>& arrays) {
  return std::any_of(arrays.begin(), arrays.end(), [](const model::NamedMatrix& array) {
    return ends_with(array.name, weight) || ends_with(array.name, bias);
  });
}

std::vector<model::NamedMatrix> modules_of(const std::vector<model::NamedMatrix>& arrays,
                                           std::vector<std::string>& wrong) {
  std::vector<model::NamedMatrix> modules;
  for (const model::NamedMatrix& array : arrays) {
    if (ends_with(array.name, weight))
      modules.push_back({module_of(array.name, weight), array.values});
    else if (!ends_with(array.name, bias))
      wrong.push_back(fmt::format("{} belongs to no module", echoed(array.name, 80)));
  }
  for (const model::NamedMatrix& array : arrays) {
    if (!ends_with(array.name, bias)) continue;
    const std::string name = module_of(array.name, bias);
    const auto module = std::find_if(modules.begin(), modules.end(),
                                     [&](const model::NamedMatrix& other) { return other.name == name; });
    if (module == modules.end()) {
      wrong.push_back(fmt::format("{} has no {}{}", echoed(array.name, 80), echoed(name, 80), weight));
    } else if (array.values.cols() != 1 || array.values.rows() != module->values.rows()) {
      wrong.push_back(fmt::format("{} is {} x {} beside {} rows of {}{}", echoed(array.name, 80),
                                  array.values.rows(), array.values.cols(), module->values.rows(),
                                  echoed(name, 80), weight));
    } else {
      module->values.conservativeResize(Eigen::NoChange, module->values.cols() + 1);
      module->values.rightCols(1) = array.values;
    }
  }
  return modules;
}

}  // namespace apical::tools
