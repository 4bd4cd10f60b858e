// SPDX-License-Identifier: Apache-2.0
#include "sim/machines/emulator_integers.hpp"

#include <cmath>

namespace apical::sim {

using fixedpoint::Signal;

EmulatorIntegers::EmulatorIntegers(std::string name, std::shared_ptr<const fixedpoint::Program> program,
                                   fixedpoint::EmulatorOptions options)
    : name_(std::move(name)), emulator_(std::move(program), options) {}

void EmulatorIntegers::write_input(const std::vector<std::int64_t>& raw) {
  emulator_.write_input(to_real(raw, program().populations.front()[Signal::rate]).data());
}

void EmulatorIntegers::write_target(const std::vector<std::int64_t>& raw) {
  emulator_.write_target(to_real(raw, program().output_population()[Signal::target]).data());
}

void EmulatorIntegers::set_beta(std::int64_t value) {
  emulator_.set_beta(std::ldexp(static_cast<double>(value), -program().beta_frac));
}

std::vector<std::int64_t> EmulatorIntegers::read(int layer, int field) {
  const auto& values = emulator_.state(layer).field(field);
  return {values.begin(), values.end()};
}

std::vector<std::int64_t> EmulatorIntegers::weights(int projection) {
  const fixedpoint::Projection& p = program().projections[static_cast<std::size_t>(projection)];
  std::vector<std::int64_t> values;
  values.reserve(p.image.size());
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column)
      values.push_back(emulator_.weights(projection).at(row, column));
  return values;
}

}  // namespace apical::sim
