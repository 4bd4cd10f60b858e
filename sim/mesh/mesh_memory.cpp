// SPDX-License-Identifier: Apache-2.0
#include "sim/mesh/mesh_memory.hpp"

#include <algorithm>
#include <set>

namespace apical::sim {

using fixedpoint::Intermediate;
using fixedpoint::Population;
using fixedpoint::Program;
using fixedpoint::Projection;
using fixedpoint::Signal;

namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::uint64_t bits(std::int64_t words, std::int64_t width) {
  return static_cast<std::uint64_t>(words * width);
}

// Width of the sums of both directions, as the compiler has proved them.
int sum_bits(const Program& program, int projection) {
  const Projection& p = program.projections[at(projection)];
  int widest = 1;
  for (const auto& proof : program.proofs)
    if ((proof.kind == Intermediate::forward_sum && proof.population == p.target) ||
        (proof.kind == Intermediate::backward_sum && proof.population == p.source))
      widest = std::max(widest, proof.bits);
  return widest;
}

}  // namespace

std::uint64_t tile_bits(const Program& program, int projection, int rows, int sources) {
  const Projection& p = program.projections[at(projection)];
  const Population& target = program.populations[at(p.target)];
  const bool backward = p.source > 0;
  const int sum = sum_bits(program, projection);
  std::uint64_t all = bits(std::int64_t{rows} * (sources + (p.bias ? 1 : 0)), p.weight.bits);
  all += 2 * bits(sources, program.populations[at(p.source)][Signal::rate].bits);
  all += 2 * bits(rows, target[Signal::error].bits) * (backward && target.theta_error > 0 ? 2 : 1);
  all += 2 * bits(rows, sum) + (backward ? 2 * bits(sources, sum) : 0);
  return all;
}

// As the memory map of the program has it.
std::uint64_t slice_bits(const Program& program, int layer, int units) {
  const Population& p = program.populations[at(layer)];
  const int last = static_cast<int>(program.populations.size()) - 1;
  if (layer == 0) return 2 * bits(units, p[Signal::rate].bits);
  std::int64_t width = p[Signal::rate].bits + p[Signal::error].bits + 2 * 16;  // sent; rho and alpha
  for (std::size_t s = 0; s < fixedpoint::neuron_signals; ++s) {
    const auto signal = static_cast<Signal>(s);
    if (signal == Signal::mismatch && program.decay.empty()) continue;
    if (signal == Signal::target && layer != last) continue;
    width += std::int64_t{p.formats[s].bits} * (signal == Signal::mismatch ? 2 : 1);
  }
  width += sum_bits(program, layer - 1) + (layer < last ? sum_bits(program, layer) : 0);
  return bits(units, width);
}

std::uint64_t table_bits(const Program& program, int layer) {
  if (layer == 0) return 0;
  const auto words = [](const fixedpoint::ActivationTable& t) {
    return t.words() * static_cast<std::uint64_t>(t.word_bits());
  };
  return words(program.rate_tables[at(layer)]) + words(program.slope_tables[at(layer)]);
}

std::vector<std::uint64_t> memory_of(const Program& program, const Placement& placement) {
  std::vector<std::uint64_t> memory(at(placement.cores()), 0);
  for (std::size_t k = 0; k < placement.slices.size(); ++k) {
    const int layer = static_cast<int>(k);
    std::set<int> with_tables;
    for (const Slice& s : placement.slices[k]) {
      memory[at(s.core)] += slice_bits(program, layer, s.units.count);
      if (with_tables.insert(s.core).second) memory[at(s.core)] += table_bits(program, layer);
    }
    if (k == 0) continue;
    const std::size_t columns = placement.slices[k - 1].size();
    for (std::size_t t = 0; t < placement.tiles[k - 1].size(); ++t)
      memory[at(placement.tiles[k - 1][t])] +=
          tile_bits(program, layer - 1, placement.slices[k][t / columns].units.count,
                    placement.slices[k - 1][t % columns].units.count);
  }
  return memory;
}

}  // namespace apical::sim
