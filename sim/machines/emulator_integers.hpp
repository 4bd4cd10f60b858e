// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {

/// The emulator behind the interface that lockstep compares.
class EmulatorIntegers : public IntegerMachine {
 public:
  EmulatorIntegers(std::string name, std::shared_ptr<const fixedpoint::Program>, fixedpoint::EmulatorOptions);

  std::string name() const override { return name_; }
  const fixedpoint::Program& program() const override { return emulator_.program(); }
  void write_input(const std::vector<std::int64_t>& raw) override;
  void write_target(const std::vector<std::int64_t>& raw) override;
  void set_beta(std::int64_t value) override;
  void set_learning_scale(double factor) override { emulator_.set_learning_scale(factor); }
  void tick() override { emulator_.tick(); }
  std::uint32_t ticks() const override { return emulator_.ticks(); }
  std::int64_t beta() const override { return emulator_.beta(); }
  std::int64_t eta(int projection) const override { return emulator_.eta(projection); }
  std::vector<std::int64_t> read(int layer, int field) override;
  std::vector<std::int64_t> weights(int projection) override;
  const fixedpoint::Emulator& emulator() const { return emulator_; }

 protected:
  fixedpoint::Emulator& emulator() { return emulator_; }

 private:
  std::string name_;
  fixedpoint::Emulator emulator_;
};

}  // namespace apical::sim
