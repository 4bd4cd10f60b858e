// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "fixedpoint/emulator/activity.hpp"
#include "fixedpoint/emulator/kernels.hpp"
#include "fixedpoint/emulator/signal_statistics.hpp"
#include "fixedpoint/emulator/state.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#include "fixedpoint/program/program.hpp"
#include "fixedpoint/program/watcher.hpp"

namespace apical::fixedpoint {

/// What looks at an executor and changes no bit: statistics of every quantiser, what watchers want to
/// see, and the work that was done (Activity).
class Observers {
 public:
  Observers(const Program&, Counting, std::vector<Watcher*>);

  Counting counting() const { return counting_what_; }
  bool statistics() const { return counting_what_ != Counting::none; }
  const std::vector<Watcher*>& watchers() const { return watchers_; }

  /// Real numbers have become the values of a signal.
  void loaded(Signal, int layer, const AlignedVector<std::int64_t>& values, const Tally&, std::uint32_t tick);
  /// Some units of a signal have been quantised.
  void quantised(const QuantisedRun&, const Tally&, std::uint32_t tick);
  /// Between the two, what quantised() counts is that of one part of UPDATE of one block of units.
  void begin_part(int layer, std::size_t block, int part);
  void end_part() { counting_ = nullptr; }
  /// A part of one block of units was left out, since its results are those that it had.
  void left_out(const LayerState&, int layer, std::size_t block, int part, std::ptrdiff_t first,
                std::ptrdiff_t count, std::uint32_t tick);
  /// The mismatch of a population was left out, since it stays 0.
  void stays_zero(const LayerState&, int layer, std::uint32_t tick);
  /// The steps of a LEARN have been quantised.
  void stepped(const QuantisedRun&, const Tally&);
  /// One change of a weight that LEARN makes, rounded, and the weight after it.
  void changed(int holder, std::int64_t change, const Quantised& weight);

  /// Counts of events, units and words of a population; of multiply-accumulates and weights of a projection.
  Activity& work(int layer) { return layers_[static_cast<std::size_t>(layer)].work; }
  Traffic& traffic(int projection) { return routes_[static_cast<std::size_t>(projection)].traffic; }

  /// Of population `layer` and, above 0, of the projections into it, after so many ticks.
  Activity activity(const Program&, int layer, std::uint32_t ticks) const;
  std::uint64_t macs() const;    ///< done by all projections
  std::uint64_t events() const;  ///< sent by all populations
  /// Counts of a neuron signal, or of `step`; of layer 0 only `rate`.
  const SignalCounter& counter(Signal, int layer) const;
  /// LEARN's roundings, sampled, joined with the range of all weights as they are now.
  SignalCounter weight_counter(const Projection&, int index, const WeightMemory&) const;

 private:
  struct Layer {
    std::array<SignalCounter, signal_count> counters;
    std::vector<PartCounts> parts;  ///< per block of units and part, of its last run
    Activity work;
    std::uint64_t rate_fan_out = 0, error_fan_out = 0;  ///< who hears what a unit sends
  };
  struct Route {
    SignalCounter weights;
    Traffic traffic;
  };
  Layer& at(int layer) { return layers_[static_cast<std::size_t>(layer)]; }
  void again(const LayerState&, int layer, const PartCounts&, std::ptrdiff_t first, std::ptrdiff_t count,
             std::uint32_t tick);
  void count_bits(SignalCounter&, const std::int64_t* values, std::ptrdiff_t count, std::uint32_t tick) const;

  Counting counting_what_;
  std::vector<Watcher*> watchers_;
  std::vector<Layer> layers_;
  std::vector<Route> routes_;
  PartCounts* counting_ = nullptr;  ///< of the part under way
};

}  // namespace apical::fixedpoint
