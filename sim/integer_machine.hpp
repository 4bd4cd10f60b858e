#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fixedpoint/program.hpp"

namespace apical::sim {

/// The architectural state of a population: the neuron signals, m(0), and what was sent. The numbers are
/// those of the core's memories (sim/core_map.hpp).
inline constexpr int state_fields = 13;
const char* field_name(int field);  ///< "basal" .. "target", "first_mismatch", "sent_rate", "sent_error"
/// The format of a field, for printing it as a real number.
const fixedpoint::Format& field_format(const fixedpoint::Program&, int layer, int field);

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
  /// A field of a population 0..N; all zeros where the machine has no use for it.
  virtual std::vector<std::int64_t> read(int layer, int field) = 0;
  /// Row-major [target × source (+ bias)].
  virtual std::vector<std::int64_t> weights(int projection) = 0;
  virtual std::uint64_t clocks() const { return 0; }  ///< of a clocked machine, so far
  /// Writes a waveform from now on, or ends it (empty); false where there is none.
  virtual bool waveform(const std::string&) { return false; }
};

/// One that has registers (hw/apical.rdl).
class RegisterMachine : public IntegerMachine {
 public:
  virtual std::uint32_t read_register(int offset) = 0;  ///< namespace reg of sim/core_map.hpp
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
std::int64_t beta_register(double beta);

/// Hash of all architectural state; that of fixedpoint::Emulator::digest().
std::string state_digest(IntegerMachine&);

}  // namespace apical::sim
