// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "sim/core/core_host.hpp"
#include "sim/core/core_library.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {

/// Clocks; far beyond any program. What a tick may take where nobody knows better.
inline constexpr std::uint64_t longest_tick = 100'000'000;

/// The register port of a verilated core of its own.
class PluginPort : public RegisterPort {
 public:
  explicit PluginPort(std::shared_ptr<const CoreLibrary>);
  ~PluginPort() override;
  PluginPort(const PluginPort&) = delete;
  PluginPort& operator=(const PluginPort&) = delete;
  void write(int offset, std::uint32_t value) override;
  std::uint32_t read(int offset) override;
  /// Every access is acknowledged within so many clocks, or read() and write() throw Stopped.
  void limit_access(std::uint64_t clocks) { limit_ = clocks; }
  const CorePlugin& plugin() const { return library_->plugin(); }
  void* self() const { return self_; }  ///< for plugin()

 private:
  std::shared_ptr<const CoreLibrary> library_;
  std::uint32_t access(int offset, Request, std::uint32_t value);

  std::uint64_t limit_ = longest_tick;  ///< an access may have to wait for the end of a tick
  void* self_;
};

/// The Verilated core behind the machine interface, driven through its register port like a
/// host would. Signals are read through the window; weights are followed by the retire port and can be read
/// back whole.
class CoreIntegers : public RegisterMachine {
 public:
  /// Loads the program, writing a waveform of that to `waveform` unless it is empty. Throws Stopped when the
  /// core refuses the program.
  CoreIntegers(std::string name, std::shared_ptr<const fixedpoint::Program>, const CoreParameters&,
               std::shared_ptr<const CoreLibrary>, const std::string& waveform = "");
  CoreIntegers(const CoreIntegers&) = delete;
  CoreIntegers& operator=(const CoreIntegers&) = delete;

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
  std::vector<std::int64_t> weights(int projection) override {  ///< as the retire port told them
    return weights_[static_cast<std::size_t>(fixedpoint::holder_of(*program_, projection))];
  }
  std::vector<std::int64_t> stored_weights(int projection) override;
  const std::vector<Write>* writes() override { return &writes_; }
  void limit_tick(std::uint64_t clocks) override { longest_ = clocks; }
  bool cut_tick(int number) override;
  std::optional<std::uint32_t> address(int layer, int projection, int row, int column) const override {
    return host_.address(layer, projection, row, column);
  }
  std::uint64_t clocks() const override { return port_.plugin().clocks(port_.self()); }
  bool waveform(const std::string& file) override;
  std::uint32_t read_register(int offset) override { return port_.read(offset); }

 private:
  void follow();
  Write told(const Retired&) const;

  std::string name_;
  std::shared_ptr<const fixedpoint::Program> program_;
  int signal_bits_;  ///< SW
  PluginPort port_;
  CoreHost host_;
  std::vector<std::vector<std::int64_t>> weights_;
  std::vector<Write> writes_;
  bool stray_ = false;  ///< the retire port told of a weight that isn't there
  std::uint64_t longest_ = longest_tick;
  std::vector<std::int64_t> eta_;
  std::int64_t beta_ = 0;
  std::uint32_t ticks_ = 0;
};

}  // namespace apical::sim
