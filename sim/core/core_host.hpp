// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/isa/image.hpp"

namespace apical::sim {

/// An access to a register.
enum class Request { read, write };

/// A register port: the core's own, or one that only writes down what a host does.
class RegisterPort {
 public:
  virtual ~RegisterPort() = default;
  virtual void write(int offset, std::uint32_t value) = 0;
  virtual std::uint32_t read(int offset) = 0;
};

/// What a host of the core does, in accesses to its registers (hw/apical.rdl).
class CoreHost {
 public:
  /// `port` must outlive the host.
  CoreHost(RegisterPort& port, std::shared_ptr<const fixedpoint::Program>, const CoreParameters&);

  /// Zeroes the neurons and writes the program. Throws Stopped where the zeroing doesn't end.
  void load();
  void write_input(const std::vector<std::int64_t>& raw);
  void write_target(const std::vector<std::int64_t>& raw);
  void set_beta(std::int64_t value);
  void set_learning_scale(double factor);  ///< all learning rates, times those of the configuration
  /// The register of the learning rate of a projection.
  void set_eta(int projection, std::uint32_t value);
  /// Where the window has a unit's signals (projection -1), or a weight.
  std::uint32_t address(int layer, int projection, int row, int column) const;
  /// Words of 32 bits or fewer, sign-extended.
  std::int64_t read_signal(int layer, int field, int unit);
  std::int64_t read_weight(int projection, int row, int column);

  /// One word of a memory (sim/isa/core_map.hpp).
  void write_memory(int memory, std::uint32_t address, std::int64_t value);
  std::int64_t read_memory(int memory, std::uint32_t address);
  /// Somebody else has moved the window.
  void forget_window() {
    selected_ = -1;
    high_ = -2;
  }
  const CoreImage& image() const { return image_; }

 private:
  void select(int memory, std::uint32_t address);

  RegisterPort& port_;
  std::shared_ptr<const fixedpoint::Program> program_;
  int lanes_;
  int units_;  ///< words that the core zeroes
  CoreImage image_;
  int selected_ = -1;       ///< memory of the window
  std::uint32_t next_ = 0;  ///< address that it stands at
  std::int64_t high_ = -2;  ///< upper half that it will write; -2: unknown
};

}  // namespace apical::sim
