// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "fixedpoint/numeric/load.hpp"
#include "tools/config/formats.hpp"
#include "tools/python/bindings.hpp"

namespace apical::python {

namespace py = pybind11;

// Arrays of one size; apical/quantiser.py made them so.
static py::tuple quantised(const Doubles& values, const std::string& text, const Integers& random) {
  const fixedpoint::Format format = tools::parse_format(text, "format");
  const double* const x = checked(values, "values", {values.size()});
  Integers raw(values.size());
  py::array_t<bool> limited(values.size());
  for (py::ssize_t i = 0; i < values.size(); ++i) {
    const std::int64_t bits = random.at(i);
    if (bits < 0 || bits > UINT16_MAX)
      throw tools::InputError(fmt::format("random16: value {} is {}; accepted: 0..{}", i, bits, UINT16_MAX));
    const fixedpoint::Quantised q = fixedpoint::quantise_real(x[i], format, static_cast<std::uint32_t>(bits));
    raw.mutable_at(i) = q.raw;
    limited.mutable_at(i) = q.saturated;
  }
  return py::make_tuple(raw, limited, format.lsb());
}

void bind_quantise(py::module_& m) {
  m.def("quantised", &quantised, py::arg("values"), py::arg("format"), py::arg("random16"),
        "(raw, limited, value of one LSB) of a list; apical.quantise() is for any shape.");
}

}  // namespace apical::python
