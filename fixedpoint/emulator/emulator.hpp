// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fixedpoint/emulator/kernels.hpp"
#include "fixedpoint/emulator/observers.hpp"
#include "fixedpoint/emulator/state.hpp"
#include "fixedpoint/emulator/workers.hpp"
#include "fixedpoint/numeric/accumulator.hpp"
#include "fixedpoint/program/passes.hpp"
#include "fixedpoint/program/program.hpp"

namespace apical::fixedpoint {

/// How an emulator runs; none of it changes a bit of the state.
struct EmulatorOptions {
  int threads = 1;
  bool statistics = true;
  bool only_clipped = false;  ///< of the statistics what overflow modes changed: no ranges, zeros and bits
  int kernel_level = 0;       ///< see kernels()
  Schedule schedule = Schedule::automatic;
  std::ptrdiff_t work_for_threads = 1 << 19;  ///< multiply-accumulates from which on threads divide a matrix
  std::vector<Watcher*> watchers{};           ///< see every exact value that is quantised in a tick; slow
  bool correct_sums = true;    ///< false is a fault for tests to find: LEARN forgets the sums that it feeds
  bool watch_weights = false;  ///< Observation::weights_moved is wanted
};

/// What one operation did, whatever the schedule: for models of what it costs elsewhere.
struct Observation {
  std::uint32_t changed = 0;                   ///< one bit per Signal: some unit's value is another one
  int rates = 0, errors = 0;                   ///< units that sent
  bool last_rate = false, last_error = false;  ///< the last unit was among them
  bool steps = false;                          ///< LEARN: some step is not 0
  bool weights_moved = false;  ///< LEARN: some weight is another one (EmulatorOptions::watch_weights)
};

/// Executes a program on plain integer arrays, bit-accurate, under any schedule: on an EmulatorState, which
/// is all that digest() covers, before Observers, which change none of it. Nothing is allocated in a tick.
class Emulator {
 public:
  explicit Emulator(std::shared_ptr<const Program>, EmulatorOptions = {});
  // What schedules know refers to elements of the state, which stay where they are.
  Emulator(Emulator&&) = default;

  /// Host operations. `input` [n_0] and `target` [n_N] are real values, quantised to their formats.
  void write_input(const double* input);
  void write_target(const double* target);
  void set_beta(double beta);              ///< this tick's nudging strength, 0..4
  void set_learning_scale(double factor);  ///< eta registers = factor times the configured rates

  void tick();

  /// Weights of a projection from real values [rows × columns], quantised as the compiler quantises them.
  void load_weights(int projection, const double* values);

  /// A tick in parts, for who executes operations one by one: execute() or decay_mismatch() as often as the
  /// program says, then end_tick().
  void execute(const Operation&);
  void decay_mismatch(int layer);  ///< m = m(0) times the decay of this tick
  void end_tick() { ++state_.tick; }
  const Observation& observed() const { return observed_; }  ///< of the operation executed last
  /// eta · error of every row; of the last LEARN of a projection that had steps.
  const AlignedVector<std::int64_t>& steps(int projection) const {
    return routes_[static_cast<std::size_t>(projection)].steps;
  }
  bool errors_are_zero(int layer) const { return at(layer).errors_are_zero; }

  /// Host operations in raw values, which must lie within their formats. write_inputs: units first ..
  /// first + count - 1, each at most once per call; returns how many sent.
  int write_inputs(int first, const std::int64_t* raw, int count);
  void write_target(int unit, std::int64_t raw);
  void set_beta_register(std::int64_t value);
  void set_eta_register(int projection, std::int64_t value) {
    state_.eta[static_cast<std::size_t>(projection)] = value;
  }
  /// The state of a population, and its replacement by another one; of a tick. All counts as changed then.
  const LayerState& state(int layer) const { return state_.layers[static_cast<std::size_t>(layer)]; }
  void set_weight(int projection, int row, int column, std::int64_t raw);
  /// What LEARN moves in a projection, Projection::learned(): accumulators, from which the weights follow, or
  /// the weights.
  std::int64_t learned(int projection, int row, int column) const {
    return state_.learned(*program_, holder_of(*program_, projection), row, column);
  }
  void set_learned(int projection, int row, int column, std::int64_t raw);
  void restore(int layer, const LayerState&);
  void restore_ticks(std::uint32_t ticks) { state_.tick = ticks; }

  /// A part of a network (sim/mesh/mesh_parts.hpp) hears from the others: what their units sent, an error as
  /// LEARN takes it, and sums [rows], [units of the source] that others have made; and tells them its own
  /// sums.
  void receive_rate(int layer, int unit, std::int64_t raw);
  void receive_sent_error(int layer, int unit, std::int64_t raw);
  void receive_error(int layer, int unit, std::int64_t raw);
  void set_basal_sums(int projection, const std::int64_t* sums);
  void set_apical_sums(int projection, const std::int64_t* sums);
  const AlignedVector<std::int64_t>& basal_sums(int projection) const {
    return routes_[static_cast<std::size_t>(projection)].basal.sums;
  }
  const AlignedVector<std::int64_t>& apical_sums(int projection) const {
    return routes_[static_cast<std::size_t>(projection)].apical.sums;
  }

  const Program& program() const { return *program_; }
  std::uint32_t ticks() const { return state_.tick; }
  /// Raw values of a neuron signal; layer 0 has only `rate` (the input).
  const AlignedVector<std::int64_t>& signal(Signal, int layer) const;
  const AlignedVector<std::int64_t>& sent_rate(int layer) const { return state(layer).sent_rate; }
  const AlignedVector<std::int64_t>& sent_error(int layer) const { return state(layer).sent_error; }
  const AlignedVector<std::int64_t>& first_mismatch(int layer) const { return state(layer).first_mismatch; }
  std::int64_t beta() const { return state_.beta; }  ///< register, Program::beta_frac
  std::int64_t eta(int projection) const { return state_.eta[static_cast<std::size_t>(projection)]; }
  const WeightMemory& weights(int projection) const {
    return state_.weights[static_cast<std::size_t>(holder_of(*program_, projection))];
  }
  /// 128-bit hash (XXH3) of all architectural state, canonical over machines: 64-bit little-endian words.
  std::string digest() const { return state_.digest(*program_); }
  const Observers& observers() const { return observers_; }
  /// Of population `layer` and, above 0, of the projections into it.
  Activity activity(int layer) const { return observers_.activity(*program_, layer, state_.tick); }
  /// LEARN's roundings, sampled, joined with the range of all weights as they are now.
  SignalCounter weight_counter(int projection) const {
    return observers_.weight_counter(program_->projections[static_cast<std::size_t>(projection)], projection,
                                     weights(projection));
  }

 private:
  /// What the schedules know of a population beside its state.
  struct Layer {
    explicit Layer(LayerState& of) : state(of) {}

    LayerState& state;
    std::uint64_t rate_version = 1, error_version = 1;  ///< count the changes of sent_*
    bool errors_are_zero = true;
    std::vector<std::uint8_t> stale;       ///< per block of units: parts whose inputs moved
    std::vector<std::uint8_t> has_errors;  ///< per block of units: 1 where an error is not 0
    int always = 0;                ///< parts that run every tick: they draw random bits, or undo each other
    bool decays = true;            ///< the mismatch may be another one than 0
    bool membrane_matters = true;  ///< for the soma: not where rho is 1
    bool narrow = true;            ///< every signal has 32 bits, signed
    std::optional<std::int64_t> rho, alpha;  ///< where all units have the same
    std::vector<int> into, back;  ///< projections whose FORWARD, BACKWARD sums into this population
    std::vector<std::pair<int, int>> copied_by;  ///< populations with the part that copies a signal
    AlignedVector<std::int64_t> exact, inner;    ///< scratch of UPDATE
    std::vector<std::uint16_t> key_a, key_b;  ///< column keys of the random bits, for weights from this layer
    AlignedVector<std::int32_t> active_index;
    AlignedVector<std::int64_t> active_rate;  ///< sources whose sent rate isn't 0, and room for the bias
    std::ptrdiff_t active = 0;                ///< without the bias
    std::uint64_t active_version = 0;
  };
  /// One projection: the sums of both directions, and scratch.
  struct Route {
    Accumulator basal, apical;
    AlignedVector<std::int32_t> list_index, all_index;
    AlignedVector<std::int64_t> list_value, exact, steps;
    AlignedVector<std::int16_t> narrow_steps, narrow_errors, high, low;
    AlignedVector<std::uint16_t> low_keys, high_keys;
    AlignedVector<std::int32_t> scratch;
    std::vector<AlignedVector<std::int64_t>> partial;  ///< apical corrections, per thread
    std::vector<std::uint8_t> moved;                   ///< per thread: a weight is another one
    AlignedVector<std::int16_t> before;                ///< some columns before LEARN
  };

  const Population& population(int layer) const {
    return program_->populations[static_cast<std::size_t>(layer)];
  }
  const Projection& projection(int index) const {
    return program_->projections[static_cast<std::size_t>(index)];
  }
  Layer& at(int layer) { return layers_[static_cast<std::size_t>(layer)]; }
  const Layer& at(int layer) const { return layers_[static_cast<std::size_t>(layer)]; }
  WeightMemory& memory_of(int index) {
    return state_.weights[static_cast<std::size_t>(holder_of(*program_, index))];
  }
  /// The accumulators of a row; null where there are none.
  std::int64_t* accumulators_of(int index, int row) {
    auto& all = state_.accumulators[static_cast<std::size_t>(holder_of(*program_, index))];
    return all.empty() ? nullptr : all.data() + static_cast<std::ptrdiff_t>(row) * projection(index).columns;
  }
  bool load_signal(const double* real, Signal, int layer);
  std::uint32_t stream(Signal signal, int layer) const {
    return stream_number(signal, program_->first_layer + layer);
  }
  std::uint32_t first_row(const Projection& p) const {
    return static_cast<std::uint32_t>(population(p.target).first_unit);
  }
  void mark(int layer, int parts);
  static void find_errors(Layer&, std::size_t block);
  void send_rates(int layer, std::ptrdiff_t first, std::ptrdiff_t count);
  void send_errors(int layer, std::ptrdiff_t first, std::ptrdiff_t count, const Tally&);
  ColumnList active_columns(const Projection&);

  void forward(int projection);
  void backward(int projection);
  void learn(int projection);
  bool quantise_steps(int projection);
  void add_columns(int projection, const ColumnList&);
  void add_rows(int projection, std::ptrdiff_t count);
  void learn_weights(int projection, const ColumnList&, std::int64_t largest_step, bool correct_basal,
                     bool correct_apical);
  void learn_singly(int projection, const ColumnList&, bool correct_basal, bool correct_apical);
  void sample_learning(int projection);
  void watch_learning(int projection);

  void update(int layer, int parts);
  void update_block(int layer, int part, std::ptrdiff_t first, std::ptrdiff_t count);
  const std::int64_t* gathered(const std::vector<int>& projections, Accumulator Route::*direction,
                               std::ptrdiff_t first, std::ptrdiff_t count, std::int64_t* scratch) const;
  void copy_signal(int layer, PassSlot into, std::ptrdiff_t first, std::ptrdiff_t count);
  Affine folded(const Affine&, int layer, const std::optional<std::int64_t>& common) const;
  Affine away_from_membrane(int layer, std::ptrdiff_t first, std::int64_t start) const;
  void update_voltage(int layer, std::ptrdiff_t first, std::ptrdiff_t count);
  void update_soma(int layer, std::ptrdiff_t first, std::ptrdiff_t count);
  void update_error(int layer, std::ptrdiff_t first, std::ptrdiff_t count);
  void show_rates(int layer, std::ptrdiff_t first, std::ptrdiff_t count);
  void update_nudge(int layer, std::ptrdiff_t first, std::ptrdiff_t count);
  Tally quantise_run(PassSlot, int layer, std::ptrdiff_t first, std::ptrdiff_t count, int frac,
                     const std::int64_t* exact);

  std::shared_ptr<const Program> program_;
  EmulatorOptions options_;
  const Kernels* kernels_;
  Workers workers_;
  EmulatorState state_;
  double last_beta_ = std::numeric_limits<double>::quiet_NaN();  ///< that set_beta() turned into the register
  Observers observers_;
  std::vector<Layer> layers_;
  std::vector<Route> routes_;
  Observation observed_;
};

}  // namespace apical::fixedpoint
