#pragma once
#include <memory>
#include <string>
#include <vector>

#include "sim/core_host.hpp"
#include "sim/core_library.hpp"
#include "sim/integer_machine.hpp"

namespace apical::sim {

/// The register port of a verilated core of its own.
class PluginPort : public RegisterPort {
 public:
  explicit PluginPort(std::shared_ptr<const CoreLibrary>);
  ~PluginPort() override;
  PluginPort(const PluginPort&) = delete;
  PluginPort& operator=(const PluginPort&) = delete;
  void write(int offset, std::uint32_t value) override;
  std::uint32_t read(int offset) override;
  const CorePlugin& plugin() const { return library_->plugin(); }
  void* self() const { return self_; }  ///< for plugin()

 private:
  std::shared_ptr<const CoreLibrary> library_;
  void* self_;
};

/// The Verilated core behind the machine interface, driven through its register port like a
/// host would. Signals are read through the window; weights are followed by the retire port and can be read
/// back whole.
class CoreMachine : public RegisterMachine {
 public:
  /// `plugin` must outlive the machine (keep its CoreLibrary). Throws std::runtime_error when the core
  /// refuses the program.
  CoreMachine(std::string name, std::shared_ptr<const fixedpoint::Program>, const CoreParameters&,
              std::shared_ptr<const CoreLibrary>);
  CoreMachine(const CoreMachine&) = delete;
  CoreMachine& operator=(const CoreMachine&) = delete;

  std::string name() const override { return name_; }
  const fixedpoint::Program& program() const override { return *program_; }
  void write_input(const std::vector<std::int64_t>& raw) override { host_.write_input(raw); }
  void write_target(const std::vector<std::int64_t>& raw) override { host_.write_target(raw); }
  void set_beta(std::int64_t value) override;
  void set_learning_scale(double factor) override;
  void tick() override;
  std::uint32_t ticks() const override { return ticks_; }
  std::int64_t beta() const override { return beta_; }
  std::int64_t eta(int projection) const override { return eta_[static_cast<std::size_t>(projection)]; }
  std::vector<std::int64_t> read(int layer, int field) override;
  std::vector<std::int64_t> weights(int projection) override {
    return weights_[static_cast<std::size_t>(fixedpoint::holder_of(*program_, projection))];
  }
  std::uint64_t clocks() const override { return port_.plugin().clocks(port_.self()); }
  bool waveform(const std::string& file) override;

  /// The weight memory through the window: what the retire port must have told.
  std::vector<std::int64_t> read_weights(int projection);
  std::uint32_t read_register(int offset) override { return port_.read(offset); }

 private:
  std::string name_;
  std::shared_ptr<const fixedpoint::Program> program_;
  PluginPort port_;
  CoreHost host_;
  std::vector<std::vector<std::int64_t>> weights_;
  std::vector<std::int64_t> eta_;
  std::int64_t beta_ = 0;
  std::uint32_t ticks_ = 0;
};

}  // namespace apical::sim
