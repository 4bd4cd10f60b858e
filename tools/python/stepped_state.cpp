// SPDX-License-Identifier: Apache-2.0
// A machine's integers, in and out: weights as the emulator holds them, checkpoints of all state.
#include <fmt/format.h>

#include "sim/machines/emulator_machine.hpp"
#include "sim/machines/imperfect_emulator.hpp"
#include "sim/machines/snapshot.hpp"
#include "tools/python/stepped_machine.hpp"

namespace apical::python {

namespace py = pybind11;
using tools::InputError;

const fixedpoint::Emulator& SteppedMachine::emulator() const {
  const auto* emulated = dynamic_cast<const sim::EmulatorMachine*>(machine_.get());
  if (emulated == nullptr) throw InputError(fmt::format("raw integers of {}; accepted: emulator", name()));
  return emulated->emulator();
}

Integers SteppedMachine::raw_weights(const py::object& which) const {
  const auto lock = alone();
  const int k = projection(which) - 1;
  const fixedpoint::WeightMemory& weights = emulator().weights(k);
  const Shape& shape = shapes_[static_cast<std::size_t>(k)];
  Integers all({shape.rows, shape.columns});
  for (int row = 0; row < shape.rows; ++row)
    for (int column = 0; column < shape.columns; ++column)
      all.mutable_at(row, column) = weights.at(row, column);
  return all;
}

void SteppedMachine::set_raw_weights(const py::object& which, const Integers& values) {
  const auto lock = alone();
  const int k = projection(which) - 1;
  const fixedpoint::Projection& p = emulator().program().projections[static_cast<std::size_t>(k)];
  const Shape& shape = shapes_[static_cast<std::size_t>(k)];
  if (values.ndim() != 2 || values.shape(0) != shape.rows || values.shape(1) != shape.columns)
    throw InputError(
        fmt::format("weights {}: another shape; accepted: {} x {}", shape.name, shape.rows, shape.columns));
  std::vector<double> real;  // exact, so that loading them gives the same integers
  for (py::ssize_t i = 0; i < values.size(); ++i) {
    const std::int64_t raw = values.data()[i];
    if (raw < p.weight.minimum_raw() || raw > p.weight.maximum_raw())
      throw InputError(fmt::format("weights {}: value {} is {}; accepted: {}..{}", shape.name, i, raw,
                                   p.weight.minimum_raw(), p.weight.maximum_raw()));
    real.push_back(p.value(raw));
  }
  machine_->set_weights(k + 1, real);
  set_.erase(k + 1);  // nothing was lost
}

double SteppedMachine::weight_lsb(const py::object& which) const {
  const int k = projection(which) - 1;
  return emulator().program().projections[static_cast<std::size_t>(k)].weight.lsb();
}

fixedpoint::Emulator& SteppedMachine::saved_emulator(const char* what) {
  if (dynamic_cast<const sim::ImperfectEmulator*>(machine_.get()) != nullptr)
    throw InputError(fmt::format(
        "{}: of a machine with imperfections, which have a state of their own; accepted: none", what));
  auto* const emulated = dynamic_cast<sim::EmulatorMachine*>(machine_.get());
  if (emulated == nullptr) throw InputError(fmt::format("{}: of {}; accepted: emulator", what, name()));
  return emulated->emulator();
}

py::bytes SteppedMachine::checkpoint() {
  const auto lock = alone();
  const std::vector<std::int64_t> words = sim::snapshot(saved_emulator("checkpoint"));
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof words.front()};
}

void SteppedMachine::restore(const py::bytes& bytes) {
  const auto lock = alone();
  char* data = nullptr;
  py::ssize_t size = 0;
  if (PyBytes_AsStringAndSize(bytes.ptr(), &data, &size) != 0) throw py::error_already_set();
  fixedpoint::Emulator& machine = saved_emulator("restore");
  try {
    sim::restore(machine, data, static_cast<std::size_t>(size));
  } catch (const std::invalid_argument& error) {
    throw InputError(error.what());
  }
  set_.clear();
  rates_.clear();
  for (int k = 0; k < static_cast<int>(machine.program().projections.size()); ++k)
    rates_.push_back(machine.eta(k));
}

void SteppedMachine::set_testing(bool testing) {
  machine_->set_testing(testing);
  machine_->set_learning_scale(testing ? 0.0 : scale_);
  if (testing || rates_.empty()) return;
  for (std::size_t k = 0; k < rates_.size(); ++k)
    saved_emulator("restore").set_eta_register(static_cast<int>(k), rates_[k]);
}

}  // namespace apical::python
