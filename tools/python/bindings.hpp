// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "model/golden.hpp"
#include "tools/config/config.hpp"

/// The Python module apical._core, one file per part of it. What the command line ends with status 2 for is
/// a ValueError with the same message.
namespace apical::python {

void bind_config(pybind11::module_&);
void bind_machine(pybind11::module_&);
void bind_quantise(pybind11::module_&);
void bind_run(pybind11::module_&);
void bind_sweep(pybind11::module_&);
void bind_weights(pybind11::module_&);

/// Doubles row by row; numpy copies only what isn't so already.
using Doubles = pybind11::array_t<double, pybind11::array::c_style | pybind11::array::forcecast>;

/// Integers likewise; an array of real numbers is none.
using Integers = pybind11::array_t<std::int64_t, pybind11::array::c_style>;

/// A numpy array that takes the memory of `values` over; two-dimensional with `columns`.
Doubles owned(std::vector<double> values);
Doubles owned(std::vector<double> values, pybind11::ssize_t columns);

/// Values of `array`, which has to have this shape and finite values. Throws tools::InputError naming it.
const double* checked(const Doubles& array, const char* name, const std::vector<pybind11::ssize_t>& shape);

/// "section.key=value" of what Python gave: None, a dict, or assignments (apical/_values.py).
std::vector<std::string> assignments(const pybind11::object& overrides);

/// Initial weights in the order of tools::weight_names(): from None (the seed), a file, or a dict
/// (apical/weights.py); the configuration keeps the name of a file. Throws tools::InputError.
std::vector<model::WeightMatrix> starting_weights(tools::Config&, const pybind11::object& weights);

/// Throws tools::InputError for what tools::check() refuses.
void check_located(const tools::Config&);

/// Raises the KeyboardInterrupt (or whatever a signal handler raises) that is pending; takes the GIL.
void raise_pending_signal();

}  // namespace apical::python
