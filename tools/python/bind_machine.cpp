// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <pybind11/stl.h>

#include "tools/python/bindings.hpp"
#include "tools/python/stepped_machine.hpp"

namespace apical::python {

namespace py = pybind11;

void bind_machine(py::module_& m) {
  py::class_<sim::SignalStatistics>(m, "SignalStatistics",
                                    "What one signal of one layer needed so far, in real units.")
      .def_readonly("signal", &sim::SignalStatistics::signal)
      .def_readonly("layer", &sim::SignalStatistics::layer, "1..N; 0 for the input.")
      .def_readonly("population", &sim::SignalStatistics::population, "\"\" of a layer, else its name.")
      .def_readonly("format", &sim::SignalStatistics::format, "In words; \"double\" on golden.")
      .def_readonly("minimum", &sim::SignalStatistics::minimum)
      .def_readonly("maximum", &sim::SignalStatistics::maximum)
      .def_readonly("count", &sim::SignalStatistics::count, "Values that were looked at.")
      .def_readonly("saturated", &sim::SignalStatistics::saturated)
      .def_property_readonly("clipped", &sim::SignalStatistics::clipped,
                             "Share of the values that the overflow mode had to change.")
      .def_readonly("rounded_to_zero", &sim::SignalStatistics::rounded_to_zero)
      .def_readonly("used_bits", &sim::SignalStatistics::used_bits, "Histogram over the bits of integers.")
      .def_readonly("resolution", &sim::SignalStatistics::resolution, "Value of one LSB; 0 on golden.")
      .def("__repr__", [](const sim::SignalStatistics& s) {
        return fmt::format("<{} of layer {}: {:.4g}..{:.4g}, {}>", s.signal, s.layer, s.minimum, s.maximum,
                           s.format);
      });

  py::class_<SteppedMachine>(m, "Machine",
                             "A network that you advance tick by tick. One thread at a time may use it; "
                             "others get a ValueError.")
      .def(py::init<const tools::Config&, const std::string&, const py::object&>(), py::arg("config"),
           py::arg("machine") = "", py::arg("weights") = py::none(),
           "machine: golden, emulator, tlm or rtl (default: run.machine). weights: None (from run.seed), an "
           "HDF5\n"
           "or .npz file, or a dict {name: matrix}; the machine copies them.")
      .def(
          "tick", &SteppedMachine::tick, py::arg("input"), py::arg("target") = py::none(),
          py::arg("nudge") = py::none(),
          "Advances one tick. input [n_0]; target [n_N] or None; nudge multiplies dynamics.beta (default: 1\n"
          "with a target, 0 without). Doubles in C order aren't copied, integer machines quantise them.")
      .def("run_ticks", &SteppedMachine::run_ticks, py::arg("inputs"), py::arg("targets") = py::none(),
           py::arg("nudge") = py::none(), py::arg("record") = py::tuple(), py::arg("learning") = true,
           "Advances a tick per row. inputs [ticks x n_0], targets [ticks x n_N] or None, nudge a number or\n"
           "[ticks]; record: pairs (signal, layer) to read after every tick. Returns {(signal, layer):\n"
           "[ticks x units]}. learning=False is a test: learning rates are 0 meanwhile, neurons go on, and\n"
           "imperfections after training act. Other Python threads run meanwhile; Ctrl-C ends it between\n"
           "ticks.")
      .def("read", &SteppedMachine::read, py::arg("signal"), py::arg("layer"),
           "Values of \"u\", \"rate\", \"error\", \"basal\", ... of layer 1..N in real units: a copy, since\n"
           "integers have to be converted.")
      .def("weights", &SteppedMachine::weights, py::arg("which"),
           "A copy of the weights of a projection, by name or number (1..): [target x source (+ 1: bias)].")
      .def("all_weights", &SteppedMachine::all_weights, "{name: weights} of all projections; copies.")
      .def("set_weights", &SteppedMachine::set_weights, py::arg("which"), py::arg("values"),
           "Replaces the weights of a projection between ticks; golden and emulator. The emulator quantises\n"
           "them as it does on loading.")
      .def("raw_weights", &SteppedMachine::raw_weights, py::arg("which"),
           "Emulator: a copy of the weights of a projection as integers (int64), whole numbers of\n"
           "weight_lsb(which).")
      .def("set_raw_weights", &SteppedMachine::set_raw_weights, py::arg("which"), py::arg("values"),
           "Emulator: replaces them between ticks by int64 [target x source (+ 1: bias)] within the format.")
      .def("weight_lsb", &SteppedMachine::weight_lsb, py::arg("which"),
           "Emulator: value of one LSB of a projection's weights.")
      .def("checkpoint", &SteppedMachine::checkpoint,
           "Emulator without imperfections: all architectural state as bytes, weights and learning rates\n"
           "included; those of apical_snapshot() of the C interface.")
      .def("restore", &SteppedMachine::restore, py::arg("checkpoint"),
           "Goes on from a checkpoint, of this process or of another one, with the same bits. ValueError,\n"
           "and nothing has changed, for bytes of another program or that are damaged.")
      .def("set_learning_scale", &SteppedMachine::set_learning_scale, py::arg("factor"),
           "Learning rates become `factor` times those of the configuration.")
      .def("live_raw", &SteppedMachine::live_raw, py::arg("signal"), py::arg("layer"),
           "Emulator: the integers of a signal as it holds them (int64), without a copy: read-only, and\n"
           "they follow the machine. Layer 0 has \"rate\", the input. Real value = integer * lsb(...).")
      .def("lsb", &SteppedMachine::lsb, py::arg("signal"), py::arg("layer"),
           "Emulator: value of one LSB of a signal.")
      .def("live_weights", &SteppedMachine::live_weights, py::arg("which"),
           "Golden: the weights as it holds them, without a copy: read-only, and they follow the machine.")
      .def("state_digest", &SteppedMachine::state_digest,
           "Hash of all architectural state: equal digest = equal state, on every integer machine.")
      .def("statistics", &SteppedMachine::statistics, "What every signal needed so far.")
      .def_property_readonly("name", &SteppedMachine::name, "golden, emulator, tlm or rtl.")
      .def_property_readonly("config", &SteppedMachine::config)
      .def_property_readonly("macs", &SteppedMachine::macs, "Multiply-accumulates done so far.")
      .def_property_readonly("events", &SteppedMachine::events, "Values sent between layers so far.")
      .def_property_readonly("trouble", &SteppedMachine::trouble, "\"\", or what diverged or is clipped.")
      .def_property_readonly(
          "notes", &SteppedMachine::notes,
          "list[str]: what loading lost, at the start and in the last set_weights() of each "
          "projection.")
      .def_property_readonly("failed", &SteppedMachine::failed, "True when a voltage isn't a number.")
      .def("__repr__", [](const SteppedMachine& machine) {
        return fmt::format("<apical.Machine {} [{}]>", machine.name(),
                           fmt::join(machine.config().network.layers, ", "));
      });
}

}  // namespace apical::python
