// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <Eigen/Core>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sim/isa/image.hpp"

namespace apical::tools {

/// A core that was synthesised to gates: what hw/synthesis/area wrote of it.
struct SynthesisedCore {
  sim::CoreParameters core;
  double gates = 0.0;        ///< gate equivalents of logic and flip-flops, 4 transistors each
  double memory_bits = 0.0;  ///< of memories
};

/// Reads hw/synthesis/area.json. Throws std::runtime_error naming the file.
std::vector<SynthesisedCore> read_synthesised_cores(const std::filesystem::path&);

/// Area of a core without synthesising it: sums of products of its parameters with factors >= 0, fitted to
/// synthesised cores by least squares of the relative error.
class AreaModel {
 public:
  explicit AreaModel(const std::vector<SynthesisedCore>&);
  /// Fitted to the table beside the core's sources, once in a process.
  static const AreaModel& of_sources();

  double gates(const sim::CoreParameters&) const;        ///< gate equivalents of logic and flip-flops
  double memory_bits(const sim::CoreParameters&) const;  ///< of memories
  /// Gate equivalents of both; a bit of memory is six transistors, its periphery not counted.
  double area(const sim::CoreParameters& c) const {
    return gates(c) + transistors_of_bit / 4.0 * memory_bits(c);
  }

  static constexpr double transistors_of_bit = 6.0;

 private:
  Eigen::VectorXd gate_factors_, memory_factors_;
};

}  // namespace apical::tools
