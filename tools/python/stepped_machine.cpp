// SPDX-License-Identifier: Apache-2.0
#include "tools/python/stepped_machine.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "sim/machines/golden_machine.hpp"
#include "sim/machines/integer_machine.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/machines.hpp"

namespace apical::python {

namespace py = pybind11;
using tools::InputError;

namespace {

constexpr py::ssize_t ticks_between_signals = 256;  // looks for Ctrl-C

fixedpoint::Signal signal_of(const std::string& name, int layer) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < fixedpoint::neuron_signals; ++i) {
    const auto signal = static_cast<fixedpoint::Signal>(i);
    if (layer == 0 && signal != fixedpoint::Signal::rate) continue;
    if (name == fixedpoint::name_of(signal)) return signal;
    names.emplace_back(fixedpoint::name_of(signal));
  }
  throw InputError(
      fmt::format("signal \"{}\" of layer {}; accepted: {}", name, layer, fmt::join(names, ", ")));
}

// An array over memory of the machine that `self` holds.
template <class T>
py::array view(const py::object& self, const T* data, std::vector<py::ssize_t> shape,
               std::vector<py::ssize_t> strides) {
  py::array array(py::dtype::of<T>(), std::move(shape), std::move(strides), data, self);
  array.attr("setflags")(py::arg("write") = false);
  return array;
}

}  // namespace

SteppedMachine::SteppedMachine(const tools::Config& config, const std::string& kind,
                               const py::object& weights)
    : config_(config) {
  if (!kind.empty()) tools::set_key(config_, "run.machine=" + kind, "machine");
  const auto initial = starting_weights(config_, weights);
  program_ = tools::program_of(config_, initial);
  machine_ = tools::make_machine(config_, initial, program_);
  const std::vector<std::string> names = tools::weight_names(config_);
  for (std::size_t k = 0; k < names.size(); ++k)
    shapes_.push_back({names[k], initial[k].rows(), initial[k].cols()});
}

std::unique_lock<std::mutex> SteppedMachine::alone() const {
  std::unique_lock<std::mutex> lock(busy_, std::try_to_lock);
  if (!lock) throw InputError("machine: another thread is using it; accepted: one thread at a time");
  return lock;
}

void SteppedMachine::check_layer(int layer, int first) const {
  if (layer < first || layer > depth())
    throw InputError(fmt::format("layer {}; accepted: {}..{}", layer, first, depth()));
}

double SteppedMachine::checked_nudge(double nudge, bool has_target) const {
  if (!std::isfinite(nudge) || nudge < 0.0)
    throw InputError(fmt::format("nudge: {}; accepted: a number, 0 or above", nudge));
  if (nudge != 0.0 && !has_target) throw InputError("nudge: without a target; accepted: 0");
  // What the register of beta holds.
  if (program_ == nullptr) return nudge;
  const int frac = program_->beta_frac;
  const double limit =
      std::ldexp(static_cast<double>(fixedpoint::to_register(4.0, frac, fixedpoint::constant_bits)), -frac);
  if (nudge * config_.network.beta > limit)
    throw InputError(fmt::format("nudge: {} times dynamics.beta = {}; accepted: up to {}", nudge,
                                 config_.network.beta, limit));
  return nudge;
}

void SteppedMachine::tick(const Doubles& input, const std::optional<Doubles>& target,
                          std::optional<double> nudge) {
  const double* shown = checked(input, "input", {units(0)});
  const double* wanted = target ? checked(*target, "target", {units(depth())}) : nullptr;
  const double strength = checked_nudge(nudge.value_or(target ? 1.0 : 0.0), target.has_value());
  const auto lock = alone();
  const py::gil_scoped_release others;
  machine_->tick(shown, wanted, strength, true);
}

py::dict SteppedMachine::run_ticks(const Doubles& inputs, const std::optional<Doubles>& targets,
                                   const std::optional<Doubles>& nudge, const std::vector<Place>& record,
                                   bool learning) {
  const py::ssize_t ticks = inputs.ndim() == 2 ? inputs.shape(0) : 1, width = units(0);
  const py::ssize_t target_width = units(depth());
  const double* shown = checked(inputs, "inputs", {ticks, width});
  const double* wanted = targets ? checked(*targets, "targets", {ticks, target_width}) : nullptr;
  const bool single = !nudge || nudge->ndim() == 0;
  if (!single) checked(*nudge, "nudge", {ticks});
  std::vector<double> strengths;
  for (py::ssize_t t = 0; t < (single ? 1 : ticks); ++t)
    strengths.push_back(checked_nudge(nudge ? nudge->data()[t] : targets ? 1.0 : 0.0, targets.has_value()));

  const auto lock = alone();
  py::dict recorded;
  std::vector<double*> into;
  for (const auto& [signal, layer] : record) {
    const auto size = static_cast<py::ssize_t>(values(signal, layer).size());
    Doubles rows({ticks, size});
    into.push_back(rows.mutable_data());
    recorded[py::make_tuple(signal, layer)] = rows;
  }
  const py::gil_scoped_release others;
  if (!learning) set_testing(true);
  for (py::ssize_t t = 0; t < ticks; ++t) try {
      const double* input = shown + t * width;
      const double* target = wanted == nullptr ? nullptr : wanted + t * target_width;
      const auto moved = [t](const double* row, py::ssize_t count) {
        return row != nullptr &&
               std::memcmp(row, row - count, static_cast<std::size_t>(count) * sizeof *row) != 0;
      };
      machine_->tick(input, target, strengths[single ? 0 : static_cast<std::size_t>(t)],
                     t == 0 || moved(input, width) || moved(target, target_width));
      for (std::size_t i = 0; i < record.size(); ++i) {
        const std::vector<double> now = values(record[i].first, record[i].second);
        into[i] = std::copy(now.begin(), now.end(), into[i]);
      }
      if (t % ticks_between_signals == ticks_between_signals - 1) raise_pending_signal();
    } catch (...) {
      if (!learning) set_testing(false);
      throw;
    }
  if (!learning) set_testing(false);
  return recorded;
}

std::vector<double> SteppedMachine::values(const std::string& signal, int layer) const {
  check_layer(layer, 1);
  return machine_->read(signal, layer);
}

Doubles SteppedMachine::read(const std::string& signal, int layer) const {
  const auto lock = alone();
  return owned(values(signal, layer));
}

int SteppedMachine::projection(const py::object& which) const {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < shapes_.size(); ++k) {
    const auto number = static_cast<long>(k + 1);
    if (py::isinstance<py::str>(which) ? which.cast<std::string>() == shapes_[k].name
                                       : PyIndex_Check(which.ptr()) != 0 && which.equal(py::int_(number)))
      return static_cast<int>(number);
    names.push_back(shapes_[k].name);
  }
  throw InputError(fmt::format("weights: {}; accepted: 1..{}, {}", py::repr(which).cast<std::string>(),
                               shapes_.size(), fmt::join(names, ", ")));
}

Doubles SteppedMachine::weights_of(int projection) const {
  return owned(machine_->weights(projection), shapes_[static_cast<std::size_t>(projection - 1)].columns);
}

Doubles SteppedMachine::weights(const py::object& which) const {
  const auto lock = alone();
  return weights_of(projection(which));
}

py::dict SteppedMachine::all_weights() const {
  const auto lock = alone();
  py::dict all;
  for (std::size_t k = 0; k < shapes_.size(); ++k)
    all[py::str(shapes_[k].name)] = weights_of(static_cast<int>(k + 1));
  return all;
}

void SteppedMachine::set_weights(const py::object& which, const Doubles& values) {
  const int k = projection(which);
  const Shape& shape = shapes_[static_cast<std::size_t>(k - 1)];
  const double* data = checked(values, ("weights " + shape.name).c_str(), {shape.rows, shape.columns});
  const auto lock = alone();
  if (program_ == nullptr) return machine_->set_weights(k, {data, data + values.size()});
  std::vector<std::int64_t> raw;
  const fixedpoint::LoadReport load =
      fixedpoint::load_weights(program_->projections[static_cast<std::size_t>(k - 1)], data,
                               static_cast<std::size_t>(values.size()), raw);
  try {
    tools::check_loading(config_, load);
  } catch (const std::invalid_argument& error) {
    throw InputError(tools::located(config_, error));
  }
  machine_->set_weights(k, {data, data + values.size()});
  set_[k] = load;
}

std::vector<std::string> SteppedMachine::notes() const {
  const auto lock = alone();
  if (program_ == nullptr) return {};
  std::vector<std::string> all = tools::loading_notes(config_, *program_);
  for (const auto& [k, load] : set_)
    for (std::string& note : tools::loading_notes(std::vector{load})) all.push_back(std::move(note));
  return all;
}

void SteppedMachine::set_learning_scale(double factor) {
  if (!(factor >= 0.0 && factor <= 1000.0))
    throw InputError(fmt::format("learning scale: {}; accepted: a number, 0..1000", factor));
  const auto lock = alone();
  scale_ = factor;
  rates_.clear();
  machine_->set_learning_scale(factor);
}

py::array SteppedMachine::live_raw(const py::object& self, const std::string& name, int layer) {
  const auto& machine = self.cast<const SteppedMachine&>();
  machine.check_layer(layer, 0);
  const auto& raw = machine.emulator().signal(signal_of(name, layer), layer);
  return view(self, raw.data(), {static_cast<py::ssize_t>(raw.size())}, {sizeof(std::int64_t)});
}

double SteppedMachine::lsb(const std::string& name, int layer) const {
  check_layer(layer, 0);
  const auto& populations = emulator().program().populations;
  return populations[static_cast<std::size_t>(layer)][signal_of(name, layer)].lsb();
}

py::array SteppedMachine::live_weights(const py::object& self, const py::object& which) {
  const auto& machine = self.cast<const SteppedMachine&>();
  const auto* golden = dynamic_cast<const sim::GoldenMachine*>(machine.machine_.get());
  if (golden == nullptr)
    throw InputError(
        fmt::format("weights of {} without a copy; accepted: golden, but no microcircuit", machine.name()));
  const Eigen::MatrixXd& w = golden->golden().matrix(machine.projection(which));
  const py::ssize_t size = sizeof(double);
  return view(self, w.data(), {w.rows(), w.cols()}, {size, w.rows() * size});
}

std::string SteppedMachine::state_digest() const {
  const auto lock = alone();
  return machine_->state_digest();
}

std::vector<sim::SignalStatistics> SteppedMachine::statistics() const {
  const auto lock = alone();
  return machine_->statistics();
}

std::uint64_t SteppedMachine::macs() const {
  const auto lock = alone();
  return machine_->macs();
}

std::uint64_t SteppedMachine::events() const {
  const auto lock = alone();
  return machine_->events();
}

std::string SteppedMachine::trouble() const {
  const auto lock = alone();
  return machine_->trouble();
}

bool SteppedMachine::failed() const {
  const auto lock = alone();
  return machine_->failed();
}

}  // namespace apical::python
