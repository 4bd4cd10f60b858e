// SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include "tools/config/nir.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/config/weights_file.hpp"
#include "tools/python/bindings.hpp"

namespace apical::python {

namespace py = pybind11;

namespace {

std::string path_of(const py::object& path) {
  return py::str(path).cast<std::string>();
}

py::dict in_python(const std::vector<model::NamedMatrix>& weights) {
  py::dict all;
  for (const model::NamedMatrix& matrix : weights) {
    const double* values = matrix.values.data();
    all[py::str(matrix.name)] =
        owned(std::vector<double>(values, values + matrix.values.size()), matrix.values.cols());
  }
  return all;
}

}  // namespace

void bind_weights(py::module_& m) {
  m.def(
      "read_weights",
      [](const py::object& path) { return in_python(tools::read_weights_file(path_of(path))); },
      py::arg("path"), "{name: matrix} of a file of weights, in the order of the file.");
  m.def(
      "write_weights",
      [](const py::object& path, const std::vector<std::pair<std::string, Doubles>>& weights) {
        std::vector<model::NamedMatrix> all;
        for (const auto& [name, array] : weights) {
          const double* data = checked(array, name.c_str(), {array.shape(0), array.shape(1)});
          all.push_back({name, Eigen::Map<const model::RowMatrix>(data, array.shape(0), array.shape(1))});
        }
        tools::write_weights_file(path_of(path), all);
      },
      py::arg("path"), py::arg("weights"), "Writes [(name, matrix)], whole or not at all.");
  m.def(
      "read_nir",
      [](const py::object& path, double dt, const std::string& time_unit, const std::string& activation) {
        const tools::NirNetwork network = tools::load_nir(path_of(path), {dt, time_unit, activation});
        return py::make_tuple(network.config, in_python(network.weights));
      },
      py::arg("path"), py::arg("dt") = 0.0, py::arg("time_unit") = "", py::arg("activation") = "",
      "(configuration, {name: matrix}) of a NIR graph; apical.nir.load() says more.");
  m.def(
      "write_nir",
      [](const py::object& path, tools::Config config, const py::dict& weights, const std::string& time_unit,
         bool activation_in_metadata) {
        check_located(config);
        tools::check_nir(config, activation_in_metadata);
        const std::vector<std::string> names = tools::weight_names(config);
        std::vector<model::NamedMatrix> all;
        for (model::WeightMatrix& matrix : starting_weights(config, weights))
          all.push_back({names[all.size()], std::move(matrix)});
        tools::save_nir(path_of(path), config, all, time_unit, activation_in_metadata);
      },
      py::arg("path"), py::arg("config"), py::arg("weights"), py::arg("time_unit") = "ms",
      py::arg("activation_in_metadata") = false, "Writes a NIR graph; apical.nir.save() says more.");
}

}  // namespace apical::python
