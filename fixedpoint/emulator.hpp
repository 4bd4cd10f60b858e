#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fixedpoint/kernels.hpp"
#include "fixedpoint/program.hpp"
#include "fixedpoint/signal_statistics.hpp"
#include "fixedpoint/weight_memory.hpp"

namespace apical::fixedpoint {

/// How an emulator runs; none of it changes a bit of the state.
struct EmulatorOptions {
  int threads = 1;
  bool statistics = true;
  int kernel_level = 0;  ///< see kernels()
};

/// Executes a program on plain integer arrays, dense sweep, bit-accurate.
///
/// The architectural state is what digest() covers: tick, registers, the neuron signals and the weights.
/// Nothing is allocated in a tick.
class Emulator {
 public:
  explicit Emulator(std::shared_ptr<const Program>, EmulatorOptions = {});

  /// Host operations. `input` [n_0] and `target` [n_N] are real values, quantised to their formats.
  void write_input(const double* input);
  void write_target(const double* target);
  void set_beta(double beta);              ///< this tick's nudging strength, 0..4
  void set_learning_scale(double factor);  ///< eta registers = factor times the configured rates

  void tick();

  const Program& program() const { return *program_; }
  std::uint32_t ticks() const { return tick_; }
  /// Raw values of a neuron signal; layer 0 has only `rate` (the input).
  const std::vector<std::int64_t>& signal(Signal, int layer) const;
  const WeightMemory& weights(int projection) const { return weights_[static_cast<std::size_t>(projection)]; }
  std::uint64_t macs() const { return macs_; }
  std::uint64_t events() const { return events_; }
  /// 128-bit hash (XXH3) of all architectural state, canonical over machines: 64-bit little-endian words.
  std::string digest() const;
  /// Counts of a neuron signal, or of `step`; of layer 0 only `rate`.
  const SignalCounter& counter(Signal signal, int layer) const;
  /// LEARN's roundings, sampled, joined with the range of all weights as they are now.
  SignalCounter weight_counter(int projection) const;

 private:
  struct Layer {
    std::array<std::vector<std::int64_t>, neuron_signals> signals;
    std::vector<std::int64_t> first_mismatch;  ///< m(0)
    std::vector<std::int64_t> basal_sums;      ///< accumulators of FORWARD, exact
    std::vector<std::int64_t> apical_sums;     ///< accumulators of BACKWARD, exact
    std::vector<std::int16_t> narrow_rate;     ///< rate and the constant 1, padded for the kernels
    std::vector<std::int16_t> narrow_error;
    std::vector<std::int32_t> scratch;
    std::vector<std::uint16_t> key_a, key_b;  ///< column keys of the random bits, for weights from this layer
    std::array<SignalCounter, signal_count> counters;
  };

  const Population& population(int layer) const {
    return program_->populations[static_cast<std::size_t>(layer)];
  }
  Layer& layer(int index) { return layers_[static_cast<std::size_t>(index)]; }
  void execute(const Operation&);
  void forward(int projection);
  void backward(int projection);
  void learn(int projection);
  void update(int layer, int parts);
  void update_soma(int layer);
  void update_error(int layer);
  void update_nudge(int layer);
  void decay_mismatch();
  void after_rate(int layer);
  void learn_wide_row(int projection, int row, std::int64_t step, std::uint32_t key);
  void sample_learning(int projection, const std::vector<std::int64_t>& steps);
  template <class Exact>
  void quantise_signal(Signal signal, int layer, int frac, Exact exact);
  template <class Body>
  void split(std::ptrdiff_t count, std::ptrdiff_t work_each, std::ptrdiff_t grain, Body body) const;

  std::shared_ptr<const Program> program_;
  EmulatorOptions options_;
  const Kernels* kernels_;
  std::vector<Layer> layers_;
  std::vector<WeightMemory> weights_;
  std::vector<SignalCounter> weight_counters_;
  std::vector<std::int64_t> eta_;    ///< registers, Projection::eta_frac
  std::vector<std::int64_t> steps_;  ///< of the row that LEARN is at, before the rows run
  std::int64_t beta_ = 0;
  std::uint32_t tick_ = 0;
  std::uint64_t macs_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace apical::fixedpoint
