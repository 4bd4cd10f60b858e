// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/dut/dut_library.hpp"
#include "sim/dut/dut_state.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {

/// A design of a user's behind the interface that lockstep compares: what its description names, of which
/// reading anything else gives nothing.
class DutIntegers : public IntegerMachine {
 public:
  /// Resets the design and loads the program's weights. Throws std::invalid_argument for a description that
  /// doesn't fit the design, Stopped for one that ends by itself.
  DutIntegers(std::string name, std::shared_ptr<const fixedpoint::Program>,
              std::shared_ptr<const DutDescription>, std::shared_ptr<const DutLibrary>,
              const std::string& waveform);

  std::string name() const override { return name_; }
  const fixedpoint::Program& program() const override { return *program_; }
  void write_input(const std::vector<std::int64_t>& raw) override { input_.write(raw); }
  void write_target(const std::vector<std::int64_t>& raw) override { target_.write(raw); }
  void set_beta(std::int64_t value) override;
  void set_learning_scale(double factor) override;
  void tick() override;
  std::uint32_t ticks() const override { return ticks_; }
  std::int64_t beta() const override { return beta_; }
  std::int64_t eta(int projection) const override {
    return eta_registers_[static_cast<std::size_t>(projection)];
  }
  bool holds(int layer, int field) const override { return signals_.count({layer, field}) != 0; }
  bool holds_weights(int projection) const override { return weights_.count(projection) != 0; }
  std::vector<std::int64_t> read(int layer, int field) override;
  std::vector<std::int64_t> weights(int projection) override;
  std::uint64_t clocks() const override { return plugin().clocks(self_.get()); }
  bool waveform(const std::string& file) override {
    return plugin().trace(self_.get(), file.empty() ? nullptr : file.c_str()) != 0;
  }

 private:
  const DutPlugin& plugin() const { return library_->plugin(); }
  void resolve();
  void reset();
  void clock();
  void drive(const DutVariable&, std::uint64_t value);
  bool is(const DutVariable&, std::uint64_t value) const;

  std::string name_;
  std::shared_ptr<const fixedpoint::Program> program_;
  std::shared_ptr<const DutDescription> description_;
  std::shared_ptr<const DutLibrary> library_;
  std::shared_ptr<void> self_;
  DutVariable clock_{}, reset_{}, start_{}, done_{};
  DutCells input_, target_, nudge_;
  std::map<int, DutCells> eta_, weights_;
  std::map<std::pair<int, int>, DutCells> signals_;
  std::vector<std::int64_t> eta_registers_;
  std::int64_t beta_ = 0;
  std::uint32_t ticks_ = 0;
};

/// What of a program's state a description names and what it doesn't, and which constants the host can't set:
/// "layer1.u", "W1", "eta of W1".
struct DutScope {
  std::vector<std::string> compared, not_compared, not_driven;
};
DutScope dut_scope(const fixedpoint::Program&, const DutDescription&);

}  // namespace apical::sim
