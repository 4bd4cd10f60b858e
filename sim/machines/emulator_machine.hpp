// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixedpoint/emulator/emulator.hpp"
#include "sim/machines/machine.hpp"

namespace apical::sim {

/// The emulator as a rung of the ladder: real values in and out, integers inside.
class EmulatorMachine : public Machine {
 public:
  explicit EmulatorMachine(std::shared_ptr<const fixedpoint::Program>, fixedpoint::EmulatorOptions = {});

  std::string name() const override { return "emulator"; }
  void tick(const double* input, const double* target, double nudge, bool changed) override;
  void set_learning_scale(double factor) override { emulator_.set_learning_scale(factor); }
  std::vector<double> read(const std::string& signal, int layer) const override;
  std::vector<double> weights(int layer) const override;
  void set_weights(int projection, const std::vector<double>& values) override {
    emulator_.load_weights(projection - 1, values.data());
  }
  std::string state_digest() const override { return emulator_.digest(); }
  std::vector<fixedpoint::Activity> activity() const override;
  std::uint64_t macs() const override { return emulator_.observers().macs(); }
  std::uint64_t events() const override { return emulator_.observers().events(); }
  std::vector<SignalStatistics> statistics() const override;
  std::string trouble() const override;
  bool failed() const override { return false; }

  const fixedpoint::Emulator& emulator() const { return emulator_; }
  fixedpoint::Emulator& emulator() { return emulator_; }

 protected:
  virtual void advance() { emulator_.tick(); }  ///< with input, target and beta in place

  fixedpoint::Emulator emulator_;

 private:
  bool fresh_ = true;  ///< nothing was written yet
};

}  // namespace apical::sim
