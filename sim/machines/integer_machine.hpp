// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "fixedpoint/program/program.hpp"

namespace apical::sim {

/// The architectural state of a population: the neuron signals, m(0), and what was sent. The numbers are
/// those of the core's memories (sim/isa/core_map.hpp).
inline constexpr int state_fields = 13;
const char* field_name(int field);  ///< "basal" .. "target", "first_mismatch", "sent_rate", "sent_error"
/// The format of a field, for printing it as a real number.
const fixedpoint::Format& field_format(const fixedpoint::Program&, int layer, int field);

/// One new value of the state, as the machine that wrote it tells. Between two of them nothing else that a
/// retire port tells of was written.
struct Write {
  static constexpr int host = -1;  ///< `operation` of what the host writes: inputs
  int operation = host;            ///< its number in listing() (sim/isa/pass_words.hpp)
  int projection = -1;             ///< of a weight; -1: a signal
  int layer = -1, signal = -1;     ///< of a signal: a population (-1: none has the unit), a field
  int row = 0, column = -1;        ///< unit and -1, or the place of a weight
  std::int64_t old_value = 0, new_value = 0;
  std::uint32_t tick = 0, random = 0;
  std::uint64_t clock = 0;  ///< of a clocked machine: when
};

/// A machine that executes a program on integers: emulator or core. What lockstep compares.
class IntegerMachine {
 public:
  virtual ~IntegerMachine() = default;
  virtual std::string name() const = 0;
  virtual const fixedpoint::Program& program() const = 0;

  /// Host operations between ticks, in raw values and register values.
  virtual void write_input(const std::vector<std::int64_t>& raw) = 0;
  virtual void write_target(const std::vector<std::int64_t>& raw) = 0;
  virtual void set_beta(std::int64_t value) = 0;
  virtual void set_learning_scale(double factor) = 0;
  virtual void tick() = 0;

  virtual std::uint32_t ticks() const = 0;
  virtual std::int64_t beta() const = 0;
  virtual std::int64_t eta(int projection) const = 0;
  /// Whether a machine that isn't all of the program has a field, or the weights of a projection.
  virtual bool holds(int /*layer*/, int /*field*/) const { return true; }
  virtual bool holds_weights(int /*projection*/) const { return true; }
  /// A field of a population 0..N; all zeros where the machine has no use for it.
  virtual std::vector<std::int64_t> read(int layer, int field) = 0;
  /// Row-major [target × source (+ bias)].
  virtual std::vector<std::int64_t> weights(int projection) = 0;
  /// The same read out of the memory itself, where weights() follows what the machine tells of it.
  virtual std::vector<std::int64_t> stored_weights(int projection) { return weights(projection); }
  /// What was written since the tick before the last one, in order; null of a machine that doesn't tell.
  virtual const std::vector<Write>* writes() { return nullptr; }
  /// Where a machine with memories holds a unit's signals (projection -1), or a weight.
  virtual std::optional<std::uint32_t> address(int /*layer*/, int /*projection*/, int /*row*/,
                                               int /*column*/) const {
    return std::nullopt;
  }
  virtual std::uint64_t clocks() const { return 0; }  ///< of a clocked machine, so far
  /// The next tick ends within so many clocks, or tick() throws Stopped.
  virtual void limit_tick(std::uint64_t) {}
  /// The next tick, the machine's last one, ends behind operation `number` of listing(); false where it
  /// can't.
  virtual bool cut_tick(int /*number*/) { return false; }
  /// Writes a waveform from now on, or ends it (empty); false where there is none.
  virtual bool waveform(const std::string&) { return false; }
};

/// How long to wait for what takes so many clocks: what isn't there by then is not slow but stuck.
constexpr std::uint64_t clocks_to_wait(std::uint64_t exact) {
  return 64 * exact + 50'000;
}

/// A machine that gives up where others go on: a tick that doesn't end, an access that isn't acknowledged, an
/// error register that isn't 0.
class Stopped : public std::runtime_error {
 public:
  Stopped(const std::string& what, int number) : std::runtime_error(what), operation(number) {}
  int operation;  ///< number in listing() of the operation under way, or -1
};

/// One that has registers (hw/apical.rdl).
class RegisterMachine : public IntegerMachine {
 public:
  virtual std::uint32_t read_register(int offset) = 0;  ///< namespace reg of sim/isa/core_map.hpp
};

/// Real numbers as a host loads them, raw values as real numbers, and beta as its register holds it.
std::vector<std::int64_t> to_raw(const double* real, int count, const fixedpoint::Format&);
template <class Integers>
std::vector<double> to_real(const Integers& raw, const fixedpoint::Format& format) {
  std::vector<double> values;
  values.reserve(raw.size());
  for (const std::int64_t x : raw) values.push_back(format.value(x));
  return values;
}
std::int64_t beta_register(const fixedpoint::Program&, double beta);

/// Hash of all architectural state; that of fixedpoint::Emulator::digest().
std::string state_digest(IntegerMachine&);

}  // namespace apical::sim
