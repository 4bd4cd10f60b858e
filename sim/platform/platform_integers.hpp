// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/isa/image.hpp"
#include "sim/machines/integer_machine.hpp"
#include "sim/platform/operation_probe.hpp"
#include "sim/platform/platform.hpp"
#include "sim/platform/timeline.hpp"
#include "sim/platform/tlm_core.hpp"

namespace apical::sim {

/// A platform's core behind the machine interface: what the host does is apical_driver.c, and everything else
/// is read through the window, too.
class PlatformIntegers : public RegisterMachine {
 public:
  /// The platform, with its core attached, must outlive the machine. The first call starts the kernel and
  /// loads the program; throws std::runtime_error where the core refuses it.
  PlatformIntegers(std::string name, Platform&, std::shared_ptr<const fixedpoint::Program>,
                   const CoreParameters&);

  std::string name() const override { return name_; }
  const fixedpoint::Program& program() const override { return *program_; }
  void write_input(const std::vector<std::int64_t>& raw) override;
  void write_target(const std::vector<std::int64_t>& raw) override;
  void set_beta(std::int64_t value) override { beta_ = value; }
  void set_learning_scale(double factor) override;
  void tick() override;
  std::uint32_t ticks() const override { return ticks_; }
  std::int64_t beta() const override { return beta_; }
  std::int64_t eta(int projection) const override { return eta_[static_cast<std::size_t>(projection)]; }
  std::vector<std::int64_t> read(int layer, int field) override;
  std::vector<std::int64_t> weights(int projection) override;
  std::uint32_t read_register(int offset) override;

  const std::shared_ptr<const fixedpoint::Program>& program_of() const { return program_; }
  int classify();  ///< by the driver, from the voltages of the outputs

 private:
  void run(const std::function<void()>& job);
  void load();
  std::vector<std::uint32_t> read_memory(int memory, std::uint32_t first, std::size_t count);

  std::string name_;
  Platform& platform_;
  std::shared_ptr<const fixedpoint::Program> program_;
  CoreParameters parameters_;
  CoreImage image_;
  std::vector<apical_word> words_;
  std::vector<apical_setting> settings_;
  apical_image driver_image_{};
  bool loaded_ = false;
  // What the host has for the core before the next tick.
  std::optional<std::vector<std::int32_t>> input_, target_;
  std::int64_t beta_ = 0;
  std::optional<std::int64_t> written_beta_;
  std::vector<std::int64_t> eta_;
  bool write_eta_ = false;
  std::uint32_t ticks_ = 0;
};

/// A platform with a TLM core of its own, as narrow as the program allows. One kernel per process, and one
/// elaboration: all of them must be made before the first one ticks.
class TlmIntegers : public PlatformIntegers {
 public:
  TlmIntegers(const std::string& name, std::shared_ptr<const fixedpoint::Program>, const CoreParameters&,
              fixedpoint::EmulatorOptions options = {});

  /// From the first tick on, written when finish_traces() is called: operations and stalls as Chrome
  /// trace-event JSON (Timeline), operations and interrupts as VCD. To be called before the first tick.
  void write_timeline(const std::filesystem::path&);
  void write_waveform(const std::filesystem::path&);
  void finish_traces();

  /// Runs `job` on the host of such a platform with the registers of its core, and throws what it throws.
  static void with_registers(const CoreParameters&, const std::function<void(RegisterPort&)>& job);

 private:
  struct Parts {
    Parts(const std::string& name, const CoreParameters&, fixedpoint::EmulatorOptions);
    Platform platform;
    TlmCore core;
    std::unique_ptr<OperationProbe> probe;
    std::unique_ptr<Timeline> timeline;
    std::unique_ptr<Waveform> waveform;
  };
  TlmIntegers(const std::string& name, std::unique_ptr<Parts>, std::shared_ptr<const fixedpoint::Program>,
              const CoreParameters&);
  std::unique_ptr<Parts> parts_;
};

}  // namespace apical::sim
