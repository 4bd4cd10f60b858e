// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <pybind11/stl.h>

#include <sstream>

#include "tools/config/starting_weights.hpp"
#include "tools/python/bindings.hpp"
#include "tools/run/run.hpp"

namespace apical::python {

namespace py = pybind11;
using tools::Config;

namespace {

Config overridden(Config config, const py::object& overrides) {
  for (const std::string& assignment : assignments(overrides)) tools::set_key(config, assignment);
  return config;
}

// Every line of canonical() is TOML.
py::dict effective(const Config& config) {
  const py::object loads = py::module_::import("tomllib").attr("loads");
  py::dict all;
  std::istringstream lines(tools::canonical(config));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find(" = ");
    const std::string key = line.substr(0, equals);
    const py::object value = loads("value = " + line.substr(equals + 3))["value"];
    all[py::str(key)] = value;
    if (key.rfind("formats.", 0) != 0 || !py::isinstance<py::dict>(value)) continue;
    // What a layer has of its own is a key of its own, "formats.u.layer2".
    for (const py::handle& inner : py::list(value))
      if (const auto name = inner.cast<std::string>(); name.rfind("layer", 0) == 0)
        all[py::str(fmt::format("{}.{}", key, name))] = value.attr("pop")(name);
  }
  return all;
}

py::dict shapes(const Config& config) {
  check_located(config);
  const std::vector<std::string> names = tools::weight_names(config);
  const auto weights = tools::starting_weights(config);
  py::dict all;
  for (std::size_t k = 0; k < names.size(); ++k)
    all[py::str(names[k])] = py::make_tuple(weights[k].rows(), weights[k].cols());
  return all;
}

}  // namespace

void bind_config(py::module_& m) {
  py::class_<Config>(m, "Config", "A configuration. It doesn't change; override() gives another one.")
      .def("override", &overridden, py::arg("overrides"),
           "Another configuration with these keys: a dict {\"section.key\": value} or a list of\n"
           "\"section.key=value\", as `apical run --set` takes them.")
      .def("effective", &effective,
           "All keys with their effective values, defaults included: {\"run.seed\": 1, ...}. Lists of one\n"
           "value are that value; formats are dicts.")
      .def(
          "__getitem__",
          [](const Config& c, const std::string& key) {
            const py::dict all = effective(c);
            if (!all.contains(key)) throw py::key_error(key);
            return py::object(all[key.c_str()]);
          },
          py::arg("key"), "The effective value of \"section.key\"; KeyError where there is none.")
      .def("canonical", &tools::canonical, "All keys, one a line, sorted: what digest hashes.")
      .def("toml", &tools::as_toml, py::arg("comment") = "written by apical",
           "The text of a configuration file that says the same.")
      .def_property_readonly("digest", &tools::digest,
                             "Hash of all effective keys: equal digest = equal configuration.")
      .def_property_readonly(
          "layers", [](const Config& c) { return c.network.layers; },
          "Units of the input and of every layer.")
      .def_property_readonly("weight_shapes", &shapes,
                             "{name: (rows, columns)} in the order of the weights; a bias is the last "
                             "column.")
      .def_property_readonly(
          "source", [](const Config& c) { return c.source; }, "The file that it was read from.")
      .def("__eq__",
           [](const Config& a, const Config& b) { return tools::canonical(a) == tools::canonical(b); })
      .def("__repr__", [](const Config& c) {
        return fmt::format("<apical.Config {} [{}]>", c.source, fmt::join(c.network.layers, ", "));
      });
  m.def(
      "load",
      [](const py::object& path, const py::object& overrides) {
        return overridden(tools::read_config(py::str(path).cast<std::string>()), overrides);
      },
      py::arg("path"), py::arg("overrides") = py::none(),
      "Reads a configuration file; overrides as in Config.override(). ValueError \"FILE:LINE: KEY: ...;\n"
      "accepted: ...\" for what it doesn't know.");
  m.def(
      "parse",
      [](const std::string& text, const py::object& overrides, const std::string& source) {
        return overridden(tools::parse_config(text, source), overrides);
      },
      py::arg("text"), py::arg("overrides") = py::none(), py::arg("source") = "TOML",
      "Likewise from TOML text; `source` is FILE in messages.");
}

}  // namespace apical::python
