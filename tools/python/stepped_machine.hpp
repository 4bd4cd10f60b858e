// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "sim/machines/machine.hpp"
#include "tools/python/bindings.hpp"

namespace apical::python {

/// A machine as Python steps it: checks all that it is given, and lets one thread in at a time. Errors are
/// tools::InputError.
class SteppedMachine {
 public:
  SteppedMachine(const tools::Config&, const std::string& kind, const pybind11::object& weights);

  void tick(const Doubles& input, const std::optional<Doubles>& target, std::optional<double> nudge);
  using Place = std::pair<std::string, int>;  ///< signal and layer
  pybind11::dict run_ticks(const Doubles& inputs, const std::optional<Doubles>& targets,
                           const std::optional<Doubles>& nudge, const std::vector<Place>& record,
                           bool learning);
  Doubles read(const std::string& signal, int layer) const;
  Doubles weights(const pybind11::object& which) const;
  pybind11::dict all_weights() const;
  void set_weights(const pybind11::object& which, const Doubles& values);
  void set_learning_scale(double factor);
  static pybind11::array live_raw(const pybind11::object& self, const std::string& signal, int layer);
  Integers raw_weights(const pybind11::object& which) const;
  void set_raw_weights(const pybind11::object& which, const Integers& values);
  double weight_lsb(const pybind11::object& which) const;
  pybind11::bytes checkpoint();
  void restore(const pybind11::bytes&);
  double lsb(const std::string& signal, int layer) const;
  static pybind11::array live_weights(const pybind11::object& self, const pybind11::object& which);
  std::string state_digest() const;
  std::vector<sim::SignalStatistics> statistics() const;

  std::string name() const { return machine_->name(); }
  const tools::Config& config() const { return config_; }
  std::uint64_t macs() const;
  std::uint64_t events() const;
  std::string trouble() const;
  std::vector<std::string> notes() const;
  bool failed() const;

 private:
  struct Shape {
    std::string name;
    pybind11::ssize_t rows, columns;
  };
  int units(int layer) const { return config_.network.layers[static_cast<std::size_t>(layer)]; }
  int depth() const { return static_cast<int>(config_.network.layers.size()) - 1; }
  std::unique_lock<std::mutex> alone() const;
  void check_layer(int layer, int first) const;
  double checked_nudge(double nudge, bool has_target) const;
  int projection(const pybind11::object& which) const;  ///< 1..
  Doubles weights_of(int projection) const;
  std::vector<double> values(const std::string& signal, int layer) const;
  void set_testing(bool testing);
  const fixedpoint::Emulator& emulator() const;
  fixedpoint::Emulator& saved_emulator(const char* what);  ///< all of whose state a checkpoint has

  tools::Config config_;
  std::unique_ptr<sim::Machine> machine_;
  std::vector<Shape> shapes_;
  std::shared_ptr<const fixedpoint::Program> program_;  ///< none on golden
  std::map<int, fixedpoint::LoadReport> set_;           ///< by projection: of set_weights()
  double scale_ = 1.0;                                  ///< of the learning rates, outside of tests
  std::vector<std::int64_t> rates_;                     ///< instead of it: registers that were restored
  mutable std::mutex busy_;
};

}  // namespace apical::python
