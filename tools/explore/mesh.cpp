// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/mesh.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "fixedpoint/program/compiler.hpp"
#include "sim/machines/emulator_integers.hpp"
#include "sim/mesh/mesh_memory.hpp"

namespace apical::tools {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

// What is counted before and after.
struct Counts {
  std::uint64_t clocks, packets, hops, at_home;
  std::vector<sim::CoreLoad> loads;
  std::vector<std::vector<std::uint64_t>> links;
  sim::Energy energy;
  double network_energy;

  Counts(const sim::MeshIntegers& mesh, const sim::EnergyCosts& costs)
      : clocks(mesh.clocks()),
        packets(mesh.network().sent()),
        hops(mesh.network().hops()),
        at_home(mesh.packets_at_home()),
        loads(mesh.loads()),
        energy(mesh.core_energy(costs)),
        network_energy(mesh.network_energy(costs)) {
    for (int core = 0; core < mesh.network().cores(); ++core) {
      links.emplace_back();
      for (int d = 0; d < sim::direction::local; ++d) links.back().push_back(mesh.network().traffic(core, d));
    }
  }
};

void fill(MeshMeasurement& m, const Counts& before, const Counts& after) {
  const auto ticks = static_cast<double>(m.ticks);
  const auto per_tick = [&](std::uint64_t a, std::uint64_t b) { return static_cast<double>(b - a) / ticks; };
  const auto clocks = static_cast<double>(after.clocks - before.clocks);
  m.clocks = clocks / ticks;
  m.packets = per_tick(before.packets, after.packets);
  m.hops = per_tick(before.hops, after.hops);
  m.at_home = per_tick(before.at_home, after.at_home);
  for (std::size_t core = 0; core < after.loads.size(); ++core) {
    m.load.push_back(static_cast<double>(after.loads[core].busy - before.loads[core].busy) / clocks);
    m.lanes_busy += static_cast<double>(after.loads[core].lane_clocks - before.loads[core].lane_clocks) /
                    clocks / m.cores;
    m.link_load.emplace_back();
    for (std::size_t d = 0; d < after.links[core].size(); ++d)
      m.link_load.back().push_back(static_cast<double>(after.links[core][d] - before.links[core][d]) /
                                   clocks);
  }
  m.core_energy = {(after.energy.arithmetic - before.energy.arithmetic) / ticks,
                   (after.energy.weight_memory - before.energy.weight_memory) / ticks,
                   (after.energy.state_memory - before.energy.state_memory) / ticks};
  m.network_energy = (after.network_energy - before.network_energy) / ticks;
}

fixedpoint::NetworkDescription square_description(const Config& config, int n) {
  fixedpoint::NetworkDescription net = describe(config, {});
  net.layers = {n, n, n};
  net.alpha.clear();
  net.weights.clear();
  for (auto* values : {&net.rho, &net.eta}) values->resize(1);
  for (auto* values : {&net.theta_rate, &net.theta_error}) values->resize(1);
  return net;
}

}  // namespace

MeshMeasurement measure_mesh(const std::shared_ptr<const fixedpoint::Program>& program,
                             const sim::Stimulus& stimulus, const MeshChip& chip,
                             const sim::EnergyCosts& costs, std::uint64_t ticks) {
  MeshMeasurement m;
  m.cores = chip.cores;
  m.ticks = ticks;
  for (const auto& p : program->populations) m.layers.push_back(p.units);
  for (const auto& p : program->projections) m.synapses += std::uint64_t{1} * at(p.rows) * at(p.columns);
  sim::Placement placement;
  try {
    placement = sim::place(*program, chip.cores, chip.core);
  } catch (const std::invalid_argument& error) {
    m.does_not_fit = error.what();
    return m;
  }
  m.columns = placement.columns;
  m.rows = placement.rows;
  for (const auto& slices : placement.slices) m.slices.push_back(static_cast<int>(slices.size()));
  m.memory_bits = sim::memory_of(*program, placement);
  sim::MeshSettings settings;
  settings.lanes = chip.core.lanes;
  settings.buffer = chip.buffer;
  sim::MeshIntegers mesh(program, placement, settings);
  fixedpoint::EmulatorOptions options;
  options.statistics = false;
  sim::EmulatorIntegers one("one core", program, options);
  m.equal = true;
  m.packet_bits = mesh.packet_bits();
  std::optional<Counts> before;
  for (std::uint64_t t = 0; t <= ticks; ++t) {
    const sim::TickStimulus now = stimulus();
    sim::advance(one, now);
    sim::advance(mesh, now);
    m.state_digest = sim::state_digest(mesh);
    m.equal = m.equal && m.state_digest == sim::state_digest(one);
    if (t == 0) before.emplace(mesh, costs);
  }
  fill(m, *before, Counts(mesh, costs));
  return m;
}

int largest_square(const Config& config, const MeshChip& chip) {
  const auto fits = [&](int n) {
    try {
      sim::place(fixedpoint::compile_shape(square_description(config, n)), chip.cores, chip.core);
      return true;
    } catch (const std::invalid_argument&) {
      return false;
    }
  };
  int low = 0, high = 1;
  while (high < (1 << 19) && fits(high)) {
    low = high;
    high *= 2;
  }
  // To 1%: whether it fits isn't quite monotonous in n.
  while (high - low > std::max(1, low / 100)) {
    const int middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

std::shared_ptr<const fixedpoint::Program> square_network(const Config& config, int n) {
  fixedpoint::NetworkDescription net = square_description(config, n);
  std::mt19937_64 random(config.seed);
  const double width = std::sqrt(12.0 / n);  // a uniform distribution of variance 1/n
  for (int k = 0; k < 2; ++k) {
    net.weights.emplace_back(at(n) * at(n + (net.bias ? 1 : 0)));
    for (double& w : net.weights.back()) w = width * (static_cast<double>(random() >> 11) * 0x1p-53 - 0.5);
  }
  return std::make_shared<const fixedpoint::Program>(fixedpoint::compile(net));
}

}  // namespace apical::tools
