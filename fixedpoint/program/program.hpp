// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fixedpoint/numeric/activation_table.hpp"
#include "fixedpoint/numeric/format.hpp"
#include "fixedpoint/numeric/load.hpp"

namespace apical::fixedpoint {

/// Fraction bits of the program's constants. They are registers of the machine, not signals.
inline constexpr int rho_frac = 14;              ///< rho in 0..2, unsigned 16 bits
inline constexpr int least_alpha_frac = 15;      ///< alpha = dt / tau in 0..1; Program::alpha_frac
inline constexpr int least_beta_frac = 14;       ///< beta in 0..4; Program::beta_frac
inline constexpr int finest_constant_frac = 30;  ///< of alpha and beta
inline constexpr int decay_frac = 16;            ///< exp(-n dt / tau) in 0..1, unsigned 17 bits
/// LEARN rounds away at most this many bits where the compiler places the binary point of `step`: 16 random
/// bits see nothing below 2^-16 LSB, and 2^30 + 2^29 + 2^15 is the most that 32-bit lanes add without
/// overflow.
inline constexpr int finest_learn_shift = 29;
inline constexpr int constant_bits = 16;  ///< of rho, alpha and beta, unsigned
inline constexpr int eta_bits = 16;  ///< mantissa of a learning rate, unsigned; its frac is the projection's

/// A real constant as its unsigned register holds it: to nearest, limited, which comes first, since what no
/// integer holds becomes another one on every processor.
inline std::int64_t to_register(double value, int frac, int bits) {
  const auto most = static_cast<double>((std::int64_t{1} << bits) - 1);
  return std::llround(std::clamp(std::ldexp(value, frac), 0.0, most));
}

/// Every quantity that has a format. The number is also its place in the streams of random bits.
enum class Signal { basal, apical, u, membrane, rate, slope, nudge, error, mismatch, target, step, weight };
inline constexpr std::size_t neuron_signals = 10;  ///< basal .. target: held per unit
inline constexpr std::size_t signal_count = 12;

/// "basal", "apical", ... as in [formats.<signal>].
const char* name_of(Signal);

/// Number of the random stream of `signal` in layer `layer` (1..N); row = unit, column = 0, or the weight's.
constexpr std::uint32_t stream_number(Signal signal, int layer) {
  return static_cast<std::uint32_t>(layer) * 16 + static_cast<std::uint32_t>(signal);
}

/// What a population stands for in the network, and with that which signals it copies from another one.
enum class Compartment {
  soma,         ///< a neuron; of a microcircuit: its soma, whose `apical` is the `basal` of its dendrite
  interneuron,  ///< `membrane` is the voltage `u` of the soma that nudges it, `rate` its own voltage
  dendrite,     ///< an apical dendrite: `basal` is its potential, `error` the negative of it; then, where B
                ///< learns, the `rate` of its soma, in the format of `rate`
  relay,        ///< `rate` is the voltage `u` of a soma, so that matrices can be driven by voltages
  error_relay,  ///< `rate` is the `error` of a soma, so that B learns from it
};

/// One population of units. Index 0 is the input, of which only the format of `rate` (signal `input`) is
/// used.
struct Population {
  std::string name;
  int units = 0;
  Compartment compartment = Compartment::soma;
  int relayed = -1;  ///< population whose signal this one copies, unit by unit; -1: none
  std::array<Format, neuron_signals> formats;
  std::vector<std::int64_t> rho;    ///< one per unit, rho_frac
  std::vector<std::int64_t> alpha;  ///< one per unit, Program::alpha_frac
  std::int64_t theta_rate = 0;      ///< LSB; a rate is sent when it differs by more from what was sent last
  std::int64_t theta_error = 0;     ///< likewise for an error
  int first_unit = 0;  ///< of a part of a population: number of its first unit in the random streams

  const Format& operator[](Signal signal) const { return formats[static_cast<std::size_t>(signal)]; }
  Format& operator[](Signal signal) { return formats[static_cast<std::size_t>(signal)]; }
};

/// The weights between two populations. In a chain of layers, projections[k-1] leads into population k.
struct Projection {
  std::string name;            ///< "W1", "B2", "WPI1", "WIP1"; "W3_1" from layer 1 to 3 of a graph
  int source = 0, target = 0;  ///< population indices
  int rows = 0, columns = 0;   ///< units of the target; units of the source (+ 1: the bias)
  bool bias = false;
  bool forward = true;    ///< the rates of the source travel through the weights (FORWARD)
  bool backward = false;  ///< the errors of the target travel back through the weights (BACKWARD)
  bool learns = true;
  bool negated = false;  ///< the machine holds the negative of the theory's matrix
  /// Projection whose weights this one moves, and does nothing else; -1: it has its own. Such ones come last.
  int shares = -1;
  int stream = 0;        ///< number of its `step` and `weight` in the random streams
  Format weight, step;   ///< step: eta · error, the factor that a row of LEARN shares
  std::int64_t one = 0;  ///< the constant 1 of the bias column in the source's rate format
  double eta_dt = 0.0;   ///< learning rate per tick that the user asked for
  int eta_frac = 0;      ///< binary point of the eta register
  int layer = 0;         ///< whose formats the weights and steps have
  int learn_shift = 0;   ///< step.frac + rate.frac - learned().frac: bits that LEARN rounds away
  /// Bits below the weight's LSB of an accumulator that LEARN moves in the weight's place; 0: there is none.
  int accumulator_bits = 0;
  /// LEARN takes weight · 2^decay, at the binary point of its product, off what it changes; -1: it doesn't.
  int decay = -1;
  std::vector<std::int64_t> image;  ///< initial weights, row-major

  /// The format of what LEARN moves: of the accumulators, or of the weights themselves.
  Format learned() const {
    Format f = weight;
    f.bits += accumulator_bits;
    f.frac += accumulator_bits;
    return f;
  }
  /// The weight that the network reads of an accumulator: to nearest, ties to even, the ends of the range
  /// kept whatever the overflow mode does with changes.
  std::int64_t read(std::int64_t accumulator) const {
    Format f = weight;
    if (f.overflow != Overflow::sat_sym) f.overflow = Overflow::sat;
    return limit(round_shift(accumulator, accumulator_bits, Rounding::rnd_conv), f).raw;
  }
  /// What LEARN adds to a weight or its accumulator `raw`, learn_shift bits finer than it: 0 unless both
  /// factors ask for a change.
  std::int64_t change(std::int64_t step_raw, std::int64_t rate_raw, std::int64_t raw) const {
    if (step_raw == 0 || rate_raw == 0) return 0;
    return step_raw * rate_raw - (decay < 0 ? 0 : raw * (std::int64_t{1} << decay));
  }
  /// What a raw weight is worth in the theory's matrix.
  double value(std::int64_t raw) const { return negated ? -weight.value(raw) : weight.value(raw); }
  /// The machine's weight for one of the theory's matrix.
  Quantised loaded(double real) const { return load(negated ? -real : real, weight); }
};

enum class OpCode { forward, backward, update, learn };

/// What an UPDATE computes of the neuron unit (model/README.md, "The prospective unit").
namespace part {
inline constexpr int basal = 1;            ///< basal from the accumulator of FORWARD
inline constexpr int soma = 2;             ///< u, rate, slope
inline constexpr int error = 4;            ///< apical from the accumulator of BACKWARD, nudge, error
inline constexpr int membrane = 8;         ///< the slow membrane
inline constexpr int start_error = 16;     ///< error = -basal: what the basal prediction misses at rest
inline constexpr int start_mismatch = 32;  ///< nudge; m(0) = -(basal + nudge)
inline constexpr int voltage = 64;         ///< u alone, with the nudge of this tick
}  // namespace part

/// One step of a tick. `index`: projection for forward, backward and learn, population for update.
struct Operation {
  OpCode code;
  int index;
  int parts = 0;  ///< of UPDATE: sum of constants of namespace part
};

/// What holds an intermediate result: the sums of FORWARD and of BACKWARD, a change of a weight, or any
/// other.
enum class Intermediate { forward_sum, backward_sum, weight_change, other };

/// Why an intermediate result cannot overflow: |value| <= bound < 2^(bits-1).
struct WidthProof {
  Intermediate kind = Intermediate::other;
  int population = 0;  ///< whose sum it is, or that it is computed for
  std::string name;    ///< e.g. "accumulator of FORWARD W1"
  std::string reason;  ///< the bound as an expression of formats and fan-in
  int bits = 0;        ///< two's-complement width that holds it
};
inline bool is_sum(const WidthProof& proof) {
  return proof.kind == Intermediate::forward_sum || proof.kind == Intermediate::backward_sum;
}

enum class MemoryKind { weights, state, table };

/// One memory of the machine as `compile` prints it.
struct MemoryRegion {
  MemoryKind kind = MemoryKind::state;
  std::string name;
  std::uint64_t words = 0;
  int bits = 0;  ///< per word
};

/// What happened to real numbers when they were quantised on loading.
struct LoadReport {
  std::string name;
  int layer = 0;  ///< whose formats.weight it is
  Format format{};
  std::uint64_t values = 0;
  std::uint64_t became_zero = 0;  ///< non-zero numbers that quantised to 0
  std::uint64_t saturated = 0;
  double largest = 0.0;  ///< magnitude of the numbers
  double largest_error = 0.0;
};

/// The program that every integer machine executes.
struct Program {
  std::vector<Population> populations;  ///< 0 = input, then the layers; then the rest of a microcircuit
  std::vector<Projection> projections;
  int output = 0;                                          ///< the population that the target nudges
  std::vector<Operation> start;                            ///< once, before the first tick
  std::vector<Operation> operations;                       ///< of one tick, in order
  std::vector<ActivationTable> rate_tables, slope_tables;  ///< per population, entry 0 unused
  std::vector<std::int64_t> decay;  ///< exp(-n dt / tau), decay_frac; 0 beyond its end; empty: no mismatch
  double beta = 0.0;                ///< what the host scales and writes to the beta register every tick
  int alpha_frac = least_alpha_frac, beta_frac = least_beta_frac;  ///< binary points of alpha and beta
  int gamma = 1;
  bool advanced_response = false;
  bool learning = true;
  std::uint32_t seed = 1;
  int first_layer = 0;  ///< of a part of a network: number of population 0 in the random streams
  std::vector<WidthProof> proofs;
  std::vector<LoadReport> loads;

  const Population& output_population() const { return populations[static_cast<std::size_t>(output)]; }
};

/// Index of the projection that holds the weights of `projection`: itself, or the one that it shares them
/// with.
int holder_of(const Program&, int projection);
/// Indices of the projections whose FORWARD sums into `population`, in the order of the program.
std::vector<int> forwards_into(const Program&, int population);
/// Indices of the projections whose BACKWARD sums into `population`.
std::vector<int> backwards_into(const Program&, int population);
/// Layers one after another and nothing else: population k has projection k-1 and the last is the output.
bool is_chain(const Program&);
/// The signal that a population of this compartment copies from Population::relayed.
Signal relayed_signal(Compartment copier);
/// The format of the values in `error` of the target that LEARN multiplies with eta: of errors, or of rates
/// where it learns B.
const Format& learning_signal_format(const Program&, const Projection&);
/// The format of what `signal` holds after a tick: its own, but of a dendrite whose errors gave way to rates.
const Format& held_format(const Population&, Signal signal);

/// Loads `count` numbers of the theory's matrix into `raw`, to nearest whatever the rounding of updates is,
/// and says what they lost. Throws std::invalid_argument for one that isn't finite.
LoadReport load_weights(const Projection&, const double* real, std::size_t count,
                        std::vector<std::int64_t>& raw);

/// The memories that the program needs, in the order of their addresses.
std::vector<MemoryRegion> memory_map(const Program&);

/// One operation in words, e.g. "UPDATE layer1 soma".
std::string describe(const Program&, const Operation&);

}  // namespace apical::fixedpoint
