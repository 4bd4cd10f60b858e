// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fixedpoint/emulator/weight_memory.hpp"
#include "fixedpoint/numeric/aligned.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// The architectural state of one population, raw, by unit.
struct LayerState {
  std::array<AlignedVector<std::int64_t>, neuron_signals> signals;
  AlignedVector<std::int64_t> first_mismatch;  ///< m(0)
  AlignedVector<std::int64_t> sent_rate, sent_error;

  AlignedVector<std::int64_t>& operator[](Signal s) { return signals[static_cast<std::size_t>(s)]; }
  const AlignedVector<std::int64_t>& operator[](Signal s) const {
    return signals[static_cast<std::size_t>(s)];
  }
  /// By number: the signals, then first_mismatch, sent_rate, sent_error, as a core's memories are counted.
  const AlignedVector<std::int64_t>& field(int number) const {
    const auto at = static_cast<std::size_t>(number);
    if (at < neuron_signals) return signals[at];
    return at == neuron_signals ? first_mismatch : at == neuron_signals + 1 ? sent_rate : sent_error;
  }
  AlignedVector<std::int64_t>& field(int number) {
    return const_cast<AlignedVector<std::int64_t>&>(static_cast<const LayerState&>(*this).field(number));
  }
};

/// All that a tick leaves behind and the next one begins with: the integers of hw/ARCHITECTURE.md, "State".
struct EmulatorState {
  std::uint32_t tick = 0;
  std::int64_t beta = 0;              ///< register, Program::beta_frac
  std::vector<std::int64_t> eta;      ///< registers, Projection::eta_frac
  std::vector<LayerState> layers;     ///< by population
  std::vector<WeightMemory> weights;  ///< of the projections that hold some, which come first in a program
  /// Where learning has accumulators, by projection [rows × columns]; else empty. The weights follow them.
  std::vector<AlignedVector<std::int64_t>> accumulators;

  /// Before the first tick: zeros, rates and slopes those of voltage 0, no weights. Rates of learning are 0.
  explicit EmulatorState(const Program&);
  /// What LEARN moves of a projection that holds weights: an accumulator, or the weight itself.
  std::int64_t learned(const Program&, int projection, int row, int column) const;
  /// 128-bit hash (XXH3), canonical over machines: 64-bit little-endian words.
  std::string digest(const Program&) const;
};

}  // namespace apical::fixedpoint
