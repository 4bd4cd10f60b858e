// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "tools/config/starting_weights.hpp"
#include "tools/python/bindings.hpp"
#include "tools/run/run.hpp"

namespace apical::python {

namespace py = pybind11;
using tools::InputError;

namespace {

std::string shape_text(const py::array& array) {
  std::vector<py::ssize_t> shape(array.shape(), array.shape() + array.ndim());
  return fmt::format("{}", fmt::join(shape, " x "));
}

Doubles with_shape(std::vector<double> values, const std::vector<py::ssize_t>& shape) {
  auto kept = std::make_unique<std::vector<double>>(std::move(values));
  const double* data = kept->data();
  const py::capsule owner(kept.release(), [](void* p) { delete static_cast<std::vector<double>*>(p); });
  return Doubles(shape, data, owner);
}

}  // namespace

Doubles owned(std::vector<double> values) {
  const auto size = static_cast<py::ssize_t>(values.size());
  return with_shape(std::move(values), {size});
}

Doubles owned(std::vector<double> values, py::ssize_t columns) {
  const auto rows = columns == 0 ? 0 : static_cast<py::ssize_t>(values.size()) / columns;
  return with_shape(std::move(values), {rows, columns});
}

const double* checked(const Doubles& array, const char* name, const std::vector<py::ssize_t>& shape) {
  if (static_cast<std::size_t>(array.ndim()) != shape.size() ||
      !std::equal(shape.begin(), shape.end(), array.shape()))
    throw InputError(fmt::format("{}: {} values; accepted: {}", name,
                                 array.ndim() == 0 ? "a single value, no" : shape_text(array),
                                 fmt::join(shape, " x ")));
  for (py::ssize_t i = 0; i < array.size(); ++i)
    if (!std::isfinite(array.data()[i]))
      throw InputError(fmt::format("{}: value {} is {}; accepted: finite values", name, i, array.data()[i]));
  return array.data();
}

std::vector<std::string> assignments(const py::object& overrides) {
  return py::module_::import("apical._values")
      .attr("assignments")(overrides)
      .cast<std::vector<std::string>>();
}

void check_located(const tools::Config& config) {
  try {
    tools::check(config);
  } catch (const std::invalid_argument& error) {
    throw InputError(tools::located(config, error));
  }
}

std::vector<model::WeightMatrix> starting_weights(tools::Config& config, const py::object& weights) {
  check_located(config);
  const py::object given = py::module_::import("apical.weights").attr("given")(weights);
  const bool is_file = py::isinstance<py::str>(given);
  if (is_file) config.weights_file = given.cast<std::string>();
  auto all = tools::starting_weights(config);
  if (is_file || given.is_none()) return all;
  const auto by_name = given.cast<py::dict>();
  const std::vector<std::string> names = tools::weight_names(config);
  for (const auto& [name, array] : by_name)
    if (std::find(names.begin(), names.end(), py::str(name).cast<std::string>()) == names.end())
      throw InputError(fmt::format("weights: \"{}\"; accepted: {}", py::str(name).cast<std::string>(),
                                   fmt::join(names, ", ")));
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (!by_name.contains(names[k]))
      throw InputError(fmt::format("weights: no {}; accepted: {}", names[k], fmt::join(names, ", ")));
    const Doubles array = Doubles::ensure(by_name[names[k].c_str()]);
    if (!array) throw InputError(fmt::format("weights {}: not numbers; accepted: an array", names[k]));
    const double* data =
        checked(array, fmt::format("weights {}", names[k]).c_str(), {all[k].rows(), all[k].cols()});
    all[k] = Eigen::Map<const model::WeightMatrix>(data, all[k].rows(), all[k].cols());
  }
  return all;
}

void raise_pending_signal() {
  const py::gil_scoped_acquire hold;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

}  // namespace apical::python
