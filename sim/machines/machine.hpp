// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "fixedpoint/emulator/activity.hpp"

namespace apical::sim {

/// What one signal of one layer or other population needed since the machine was made. Values in real units.
struct SignalStatistics {
  std::string signal;                   ///< name as in [formats.<signal>]; "weight B2" of a matrix beside W_k
  int layer = 0;                        ///< 1..N; 0 for input; beyond N what `population` names
  std::string population;               ///< "" of a layer; else its name, e.g. "interneuron1"
  std::string format;                   ///< the format in words, "double" on the golden machine
  double minimum = 0.0, maximum = 0.0;  ///< of all values taken
  std::uint64_t count = 0;              ///< values that were looked at
  std::uint64_t saturated = 0;          ///< of those, results that the overflow mode had to change
  std::uint64_t rounded_to_zero = 0;    ///< of those, results that became 0 although the exact value was not
  std::vector<std::uint64_t> used_bits;  ///< histogram: index = bits that the integer needs (0 for zero)
  double resolution = 0.0;               ///< value of one LSB; 0 on the golden machine

  /// Share of the values that the overflow mode had to change.
  double clipped() const {
    return count == 0 ? 0.0 : static_cast<double>(saturated) / static_cast<double>(count);
  }
};

/// What the counters of a core have counted since the machine was made.
struct CoreCounts {
  int lanes = 0;  ///< 0: the machine is no core
  std::uint64_t ticks = 0;
  std::uint64_t clocks = 0;       ///< in which a tick ran
  std::uint64_t lane_clocks = 0;  ///< of those, with the lanes at work
};

/// One rung of the ladder as the training loop and the lockstep see it: a network that advances tick by tick.
///
/// All values are in real units. Layers count from 1 (the input is 0) to N.
class Machine {
 public:
  virtual ~Machine() = default;
  virtual std::string name() const = 0;
  /// Advances one tick. `input` [n_0]; `target` [n_N] or null when `nudge` is 0; `nudge` multiplies beta;
  /// `changed` is false when both are those of the last tick.
  virtual void tick(const double* input, const double* target, double nudge, bool changed) = 0;
  /// Learning rates become `factor` times those of the configuration (the decay schedule). At 0 no weight
  /// learns or decays while the neurons go on (tests); what leaks on an imperfect chip goes on leaking.
  virtual void set_learning_scale(double factor) = 0;
  /// A test begins or ends, for machines that are others then (imperfections after training).
  virtual void set_testing(bool) {}
  /// A signal at the end of the tick, on all machines: "u", "rate", "error", ...; throws
  /// std::invalid_argument.
  virtual std::vector<double> read(const std::string& signal, int layer) const = 0;
  /// Weights of projection 1.., that of layer k in a chain; row-major [target × source (+1: bias last)]; the
  /// order is that of fixedpoint::matrices().
  virtual std::vector<double> weights(int projection) const = 0;
  /// Replaces them between ticks by finite values in that order; nothing else of the state changes. Throws
  /// std::invalid_argument on machines whose weights only learning moves.
  virtual void set_weights(int /*projection*/, const std::vector<double>& /*values*/) {
    throw std::invalid_argument("weights of " + name() + " can't be set; accepted: golden, emulator");
  }
  /// Hash of all architectural state: equal digest = equal state.
  virtual std::string state_digest() const = 0;
  /// What each population 0..N has done; empty where nobody counts.
  virtual std::vector<fixedpoint::Activity> activity() const { return {}; }
  virtual CoreCounts core_counts() const { return {}; }
  virtual std::uint64_t macs() const = 0;    ///< multiply-accumulates done (forward, backward, learning)
  virtual std::uint64_t events() const = 0;  ///< values sent between layers
  virtual std::vector<SignalStatistics> statistics() const = 0;
  /// Empty, or what diverged or is clipped, with its figure.
  virtual std::string trouble() const = 0;
  /// True when the results mean nothing any more (a voltage of the golden model that isn't finite).
  virtual bool failed() const = 0;
};

}  // namespace apical::sim
