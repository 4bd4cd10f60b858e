// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/mesh/mesh_integers.hpp"
#include "sim/verify/lockstep.hpp"
#include "tools/config/config.hpp"

namespace apical::tools {

/// The chip that a network is put on.
struct MeshChip {
  int cores = 16, buffer = 4;
  double megahertz = 200.0;
  sim::CoreBudget core;
};

/// What a mesh did in `ticks`, after one that isn't counted.
struct MeshMeasurement {
  int cores = 0, columns = 0, rows = 0;
  std::vector<int> layers, slices;  ///< units, and parts, per population
  std::uint64_t synapses = 0;
  std::vector<std::uint64_t> memory_bits;      ///< [cores]
  std::vector<double> load;                    ///< [cores], share of the clocks in operations
  std::vector<std::vector<double>> link_load;  ///< [cores][4 directions], packets a clock
  std::uint64_t ticks = 0;
  double clocks = 0.0, packets = 0.0, hops = 0.0, at_home = 0.0;  ///< per tick
  double lanes_busy = 0.0;                                        ///< share, over all cores
  sim::Energy core_energy;                                        ///< pJ per tick
  double network_energy = 0.0;                                    ///< pJ per tick
  int packet_bits = 0;
  std::string state_digest;
  bool equal = false;        ///< to the emulator's after every tick
  std::string does_not_fit;  ///< why, or ""; then nothing else but cores and layers counts

  double ticks_per_second(double megahertz) const { return megahertz * 1e6 / clocks; }
};

/// Runs a program on a mesh and on one emulator, compares their digests after every tick.
MeshMeasurement measure_mesh(const std::shared_ptr<const fixedpoint::Program>&, const sim::Stimulus&,
                             const MeshChip&, const sim::EnergyCosts&, std::uint64_t ticks);

/// The largest n for which an n-n-n network with the configuration's formats and rules fits; 0 if none does.
int largest_square(const Config&, const MeshChip&);

/// That network with weights at random.
std::shared_ptr<const fixedpoint::Program> square_network(const Config&, int n);

/// Figures for a browser (mesh: loads of cores and links; scaling: ticks per second over cores), and tables.
std::string mesh_figure(const MeshMeasurement&);
std::string scaling_figure(const std::vector<MeshMeasurement>& same,
                           const std::vector<MeshMeasurement>& largest, double megahertz);
std::string cores_csv(const MeshMeasurement&);
std::string links_csv(const MeshMeasurement&);
std::string scaling_csv(const std::vector<MeshMeasurement>& same, const std::vector<MeshMeasurement>& largest,
                        double megahertz);

}  // namespace apical::tools
