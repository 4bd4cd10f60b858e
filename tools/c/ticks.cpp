// SPDX-License-Identifier: Apache-2.0
// What a host does with an emulator: inputs, ticks in one or in parts, reading.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "sim/machines/integer_machine.hpp"
#include "sim/machines/snapshot.hpp"
#include "tools/c/handle.hpp"
#include "tools/report/messages.hpp"

namespace apical::c {
namespace {

using fixedpoint::Format;
using fixedpoint::Population;
using fixedpoint::Projection;
using fixedpoint::Signal;
using tools::InputError;

constexpr double highest_scale = 1000.0;

void check_reals(const double* values, std::size_t count, const char* what) {
  for (std::size_t i = 0; i < count; ++i)
    if (!std::isfinite(values[i]))
      throw InputError(fmt::format("{}[{}]: {}; accepted: a finite number", what, i, values[i]));
}

void check_raw(const std::int64_t* raw, std::size_t count, const Format& format, const char* what) {
  for (std::size_t i = 0; i < count; ++i)
    if (raw[i] < format.minimum_raw() || raw[i] > format.maximum_raw())
      throw InputError(fmt::format("{}[{}]: {}; accepted: {}..{}", what, i, raw[i], format.minimum_raw(),
                                   format.maximum_raw()));
}

std::size_t units_of(const Population& p) {
  return static_cast<std::size_t>(p.units);
}

// The projection that holds the weights.
const Projection& holder(const OpenEmulator& e, std::int32_t projection) {
  const auto asked = static_cast<int>(projection_index(e, projection));
  return e.program().projections[static_cast<std::size_t>(holder_of(e.program(), asked))];
}

template <class Number, class Value>
void read_weights(const OpenEmulator& e, std::int32_t projection, Number* out, std::size_t count,
                  const Value& value) {
  const Projection& p = holder(e, projection);
  shaped(out, count, sim::size_of(p), "weights");
  const fixedpoint::WeightMemory& weights = e.machine.weights(projection);
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column) *out++ = value(p, weights.at(row, column));
}

const Listed& listed(const OpenEmulator& e, std::int32_t number) {
  if (number < 0 || static_cast<std::size_t>(number) >= e.operations.size())
    throw InputError(fmt::format("operation {}; accepted: 0..{}", number, e.operations.size() - 1));
  return e.operations[static_cast<std::size_t>(number)];
}

// The emulator's highest nudge: what the register of beta holds, 4 at most.
double highest_beta(const fixedpoint::Program& program) {
  return std::ldexp(
      static_cast<double>(fixedpoint::to_register(4.0, program.beta_frac, fixedpoint::constant_bits)),
      -program.beta_frac);
}

}  // namespace
}  // namespace apical::c

using namespace apical;
using namespace apical::c;

apical_status apical_set_input(apical_emulator* handle, const double* values, size_t count) {
  return call(handle, [&](OpenEmulator& e) {
    e.between_ticks("input");
    shaped(values, count, units_of(e.program().populations.front()), "input");
    check_reals(values, count, "input");
    e.machine.write_input(values);
  });
}

apical_status apical_set_input_raw(apical_emulator* handle, const int64_t* raw, size_t count) {
  return call(handle, [&](OpenEmulator& e) {
    e.between_ticks("input");
    const Population& input = e.program().populations.front();
    shaped(raw, count, units_of(input), "input");
    check_raw(raw, count, input[Signal::rate], "input");
    e.machine.write_inputs(0, raw, input.units);
  });
}

apical_status apical_set_target(apical_emulator* handle, const double* values, size_t count) {
  return call(handle, [&](OpenEmulator& e) {
    e.between_ticks("target");
    shaped(values, count, units_of(e.program().output_population()), "target");
    check_reals(values, count, "target");
    e.machine.write_target(values);
  });
}

apical_status apical_set_target_raw(apical_emulator* handle, const int64_t* raw, size_t count) {
  return call(handle, [&](OpenEmulator& e) {
    e.between_ticks("target");
    const Population& output = e.program().output_population();
    shaped(raw, count, units_of(output), "target");
    check_raw(raw, count, output[Signal::target], "target");
    for (int unit = 0; unit < output.units; ++unit) e.machine.write_target(unit, raw[unit]);
  });
}

apical_status apical_set_nudge(apical_emulator* handle, double nudge) {
  return call(handle, [&](OpenEmulator& e) {
    e.between_ticks("nudge");
    const double beta = e.program().beta, highest = highest_beta(e.program());
    if (!(std::isfinite(nudge) && nudge >= 0.0))
      throw InputError(fmt::format("nudge: {}; accepted: a number, 0 or above", nudge));
    if (nudge * beta > highest)
      throw InputError(
          fmt::format("nudge: {} times dynamics.beta = {}; accepted: up to {}", nudge, beta, highest));
    e.machine.set_beta(beta * nudge);
  });
}

apical_status apical_set_learning_scale(apical_emulator* handle, double factor) {
  return call(handle, [&](OpenEmulator& e) {
    e.between_ticks("learning scale");
    if (!(factor >= 0.0 && factor <= highest_scale))
      throw InputError(fmt::format("learning scale: {}; accepted: a number, 0..{:g}", factor, highest_scale));
    e.machine.set_learning_scale(factor);
  });
}

apical_status apical_tick(apical_emulator* handle) {
  return call(handle, [&](OpenEmulator& e) {
    while (e.next < e.operations.size()) e.execute_next();
    e.end_tick();
  });
}

apical_status apical_ticks(apical_emulator* handle, uint32_t* ticks) {
  return call(handle, [&](const OpenEmulator& e) {
    there(ticks, "ticks");
    *ticks = e.machine.ticks();
  });
}

apical_status apical_operations(apical_emulator* handle, int32_t* count, int32_t* start) {
  return call(handle, [&](const OpenEmulator& e) {
    if (count != nullptr) *count = static_cast<std::int32_t>(e.operations.size());
    if (start != nullptr) *start = static_cast<std::int32_t>(e.start);
  });
}

apical_status apical_operation_at(apical_emulator* handle, int32_t number, apical_operation* operation,
                                  const char** text) {
  return call(handle, [&](const OpenEmulator& e) {
    const Listed& one = listed(e, number);
    there(operation, "operation");
    *operation = {one.decay ? APICAL_DECAY : static_cast<std::int32_t>(one.operation.code),
                  one.operation.index, one.operation.parts,
                  static_cast<std::size_t>(number) < e.start ? 1 : 0};
    if (text != nullptr) *text = one.text.c_str();
  });
}

apical_status apical_next_operation(apical_emulator* handle, int32_t* number) {
  return call(handle, [&](const OpenEmulator& e) {
    there(number, "number");
    *number = e.next < e.operations.size() ? static_cast<std::int32_t>(e.next) : -1;
  });
}

apical_status apical_execute(apical_emulator* handle, int32_t number) {
  return call(handle, [&](OpenEmulator& e) {
    const Listed& one = listed(e, number);
    if (e.next == e.operations.size())
      throw InputError(fmt::format("operation {}; accepted: none, apical_end_tick() follows", number));
    if (static_cast<std::size_t>(number) != e.next)
      throw InputError(fmt::format("operation {} ({}); accepted: {} ({}), which is next", number, one.text,
                                   e.next, e.operations[e.next].text));
    e.execute_next();
  });
}

apical_status apical_end_tick(apical_emulator* handle) {
  return call(handle, [&](OpenEmulator& e) {
    if (e.next < e.operations.size())
      throw InputError(fmt::format("end of tick: operation {} ({}) is missing; accepted: behind the last one",
                                   e.next, e.operations[e.next].text));
    e.end_tick();
  });
}

apical_status apical_read_raw(apical_emulator* handle, int32_t signal, int32_t layer, int64_t* raw,
                              size_t count) {
  return call(handle, [&](const OpenEmulator& e) {
    const int field = field_index(e, signal, layer);
    const auto& values = e.machine.state(layer).field(field);
    shaped(raw, count, values.size(), "raw");
    std::copy(values.begin(), values.end(), raw);
  });
}

apical_status apical_read_real(apical_emulator* handle, int32_t signal, int32_t layer, double* real,
                               size_t count) {
  return call(handle, [&](const OpenEmulator& e) {
    const int field = field_index(e, signal, layer);
    const auto& values = e.machine.state(layer).field(field);
    shaped(real, count, values.size(), "values");
    const Format& format = sim::field_format(e.program(), layer, field);
    for (std::size_t i = 0; i < count; ++i) real[i] = format.value(values[i]);
  });
}

apical_status apical_read_weights_raw(apical_emulator* handle, int32_t projection, int64_t* raw,
                                      size_t count) {
  return call(handle, [&](const OpenEmulator& e) {
    read_weights(e, projection, raw, count, [](const Projection&, std::int64_t weight) { return weight; });
  });
}

apical_status apical_read_weights_real(apical_emulator* handle, int32_t projection, double* values,
                                       size_t count) {
  return call(handle, [&](const OpenEmulator& e) {
    read_weights(e, projection, values, count,
                 [](const Projection& p, std::int64_t weight) { return p.value(weight); });
  });
}

apical_status apical_set_weights_raw(apical_emulator* handle, int32_t projection, const int64_t* raw,
                                     size_t count) {
  return call(handle, [&](OpenEmulator& e) {
    e.between_ticks("weights");
    const Projection& p = holder(e, projection);
    shaped(raw, count, sim::size_of(p), "weights");
    check_raw(raw, count, p.weight, "weights");
    for (int row = 0; row < p.rows; ++row)
      for (int column = 0; column < p.columns; ++column)
        e.machine.set_weight(projection, row, column, *raw++);
  });
}

apical_status apical_digest(apical_emulator* handle, char* text, size_t size) {
  return call(handle, [&](const OpenEmulator& e) {
    there(text, "text");
    if (size < APICAL_DIGEST_SIZE)
      throw InputError(
          fmt::format("digest: a buffer of {} bytes; accepted: {} or more", size, int{APICAL_DIGEST_SIZE}));
    const std::string digest = e.machine.digest();
    std::memcpy(text, digest.c_str(), digest.size() + 1);
  });
}
