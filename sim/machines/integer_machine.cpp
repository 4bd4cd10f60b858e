// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/integer_machine.hpp"

#include <algorithm>
#include <cmath>

#include "fixedpoint/emulator/digest.hpp"
#include "fixedpoint/numeric/load.hpp"

namespace apical::sim {

using fixedpoint::Population;
using fixedpoint::Signal;

const char* field_name(int field) {
  if (field == 10) return "first_mismatch";
  if (field == 11) return "sent_rate";
  if (field == 12) return "sent_error";
  return fixedpoint::name_of(static_cast<Signal>(field));
}

const fixedpoint::Format& field_format(const fixedpoint::Program& program, int layer, int field) {
  const Population& p = program.populations[static_cast<std::size_t>(layer)];
  if (field == 10) return p[Signal::mismatch];
  if (field == 11) return p[Signal::rate];
  return held_format(p, field == 12 ? Signal::error : static_cast<Signal>(field));
}

std::vector<std::int64_t> to_raw(const double* real, int count, const fixedpoint::Format& format) {
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) values.push_back(fixedpoint::load(real[i], format).raw);
  return values;
}

std::int64_t beta_register(const fixedpoint::Program& program, double beta) {
  return fixedpoint::to_register(beta, program.beta_frac, fixedpoint::constant_bits);
}

std::string state_digest(IntegerMachine& machine) {
  const fixedpoint::Program& program = machine.program();
  fixedpoint::StateDigest digest;
  digest.add(machine.ticks());
  digest.add(machine.beta());
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k) digest.add(machine.eta(k));
  for (int layer = 0; layer < static_cast<int>(program.populations.size()); ++layer)
    for (int field = 0; field < state_fields; ++field) digest.add(machine.read(layer, field));
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k)
    if (fixedpoint::holder_of(program, k) == k) digest.add(machine.weights(k));
  return digest.hex();
}

}  // namespace apical::sim
