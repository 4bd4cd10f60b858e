// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "fixedpoint/emulator/digest.hpp"
#include "sim/machines/snapshot.hpp"

namespace apical::sim {
namespace {

using namespace fixedpoint;

// Lists are preceded by their lengths, so that no two programs give one sequence.
class ProgramDigest {
 public:
  std::string of(const Program& program) {
    each(program.populations, [&](const Population& p) { add(p); });
    each(program.projections, [&](const Projection& p) { add(p); });
    for (const auto* operations : {&program.start, &program.operations})
      each(*operations, [&](const Operation& op) { all(static_cast<int>(op.code), op.index, op.parts); });
    for (const auto* tables : {&program.rate_tables, &program.slope_tables})
      each(*tables, [&](const ActivationTable& t) { add(t); });
    add(program.decay);
    all(program.output, bits_of(program.beta), program.alpha_frac, program.beta_frac, program.gamma,
        program.advanced_response, program.learning, program.seed, program.first_layer);
    return digest_.hex();
  }

 private:
  template <class... Integers>
  void all(Integers... values) {
    (digest_.add(static_cast<std::int64_t>(values)), ...);
  }
  template <class List, class Body>
  void each(const List& list, const Body& body) {
    all(list.size());
    for (const auto& one : list) body(one);
  }
  static std::int64_t bits_of(double value) {
    std::int64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
  }
  void add(const std::vector<std::int64_t>& values) {
    all(values.size());
    digest_.add(values);
  }
  void add(const Format& f) {
    all(f.bits, f.frac, f.is_signed, static_cast<int>(f.rounding), static_cast<int>(f.overflow),
        f.random_bits);
  }
  void add(const Population& p) {
    all(p.units, static_cast<int>(p.compartment), p.relayed, p.theta_rate, p.theta_error, p.first_unit);
    for (const Format& f : p.formats) add(f);
    add(p.rho);
    add(p.alpha);
  }
  void add(const Projection& p) {
    all(p.source, p.target, p.rows, p.columns, p.bias, p.backward, p.learns, p.negated, p.shares, p.stream,
        p.one, bits_of(p.eta_dt), p.eta_frac, p.learn_shift, p.decay);
    // What few programs have is told only where it is there: digests of all others stay what they were.
    if (p.accumulator_bits > 0) all(p.accumulator_bits);
    if (!p.forward && p.shares < 0) all(0);
    add(p.weight);
    add(p.step);
  }
  void add(const ActivationTable& t) {
    add(t.in);
    add(t.out);
    all(t.piecewise, t.low_bits);
    add(t.base);
    add(t.delta);
  }

  StateDigest digest_;
};

}  // namespace

std::string program_digest(const Program& program) {
  return ProgramDigest().of(program);
}

}  // namespace apical::sim
