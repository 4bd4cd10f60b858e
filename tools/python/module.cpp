// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <utility>

#include "tools/python/bindings.hpp"
#include "tools/report/messages.hpp"
#include "tools/report/version.hpp"

namespace py = pybind11;

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled part of apical; use it through the package `apical`.";
  m.attr("__version__") = apical::tools::version();
  // What the command line calls bad usage or input (status 2).
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(std::move(pointer));
    } catch (const py::builtin_exception&) {
      throw;
    } catch (const std::runtime_error& error) {
      PyErr_SetString(PyExc_ValueError, apical::tools::explained(error).c_str());
    }
  });
  apical::python::bind_config(m);
  apical::python::bind_machine(m);
  apical::python::bind_quantise(m);
  apical::python::bind_run(m);
  apical::python::bind_sweep(m);
  apical::python::bind_weights(m);
}
