// SPDX-License-Identifier: Apache-2.0
// Operations that a core refuses, and what a host must not do while it is busy.
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "hw/isa_names.hpp"
#include "sim/verify/refusal_writer.hpp"
#include "sim/verify/refusals.hpp"

namespace apical::sim {
namespace {

isa::Operation operation(int code, int index) {
  isa::Operation o;
  o.code = code;
  o.index = index;
  o.slots = 1 << slot::basal;
  return o;
}

std::string name_of(int code) {
  for (const isa::Name& n : isa::op_names)
    if (n.number == code) return n.name;
  return "";
}

}  // namespace

void TickRefusals::record() {
  operations();
  expect_signals(host_, out_, machine_);
  while_a_tick_runs();
  full_list();
  while_clearing();
}

// A tick that begins with this operation, which must end it.
void TickRefusals::bad_operation(const std::string& name, const isa::Operation& operation, std::uint32_t at) {
  begin(name, reg::Errors::bad_operation_mask);
  put(window::operations, at, operation.encode());
  out_.write(reg::control, reg::Control::tick_mask);
  out_.wait();
  expect_error(reg::Errors::bad_operation_mask);
  out_.expect(reg::tick, machine_.ticks());
  out_.expect(reg::interrupt, reg::Interrupt::done_mask);
  out_.write(reg::interrupt, reg::Interrupt::done_mask);
  put_back(window::operations, at);
}

void TickRefusals::operations() {
  constexpr int codes = isa::Operation::code_mask + 1;
  for (int code = isa::op::count; code < codes; ++code)
    bad_operation("an unknown operation", operation(code, 0), first_);
  for (const isa::Name& n : isa::op_names) {
    if (n.number == isa::op::end) continue;
    const bool update = n.number == isa::op::update;
    for (const int index : {update ? core_.pops : core_.projs, 255})
      bad_operation(
          fmt::format("{} of a {} that does not exist", n.name, update ? "population" : "projection"),
          operation(n.number, index), first_);
  }
  const auto last = static_cast<std::uint32_t>(core_.ops - 1);
  out_.write(reg::tick_operation, last);
  bad_operation("no END in the last word of the operations", operation(isa::op::update, 1), last);
  out_.write(reg::tick_operation, first_);
  const std::uint32_t header = header_address(1) + isa::Header::place_word;
  misplaced("UPDATE of a population outside the memories", header, isa::op::update, 1);
  const std::uint32_t matrix = projection_address(core_.pops, 0) + isa::Projection::matrix_word;
  for (const int code : {isa::op::forward, isa::op::backward, isa::op::learn}) {
    misplaced(name_of(code) + " from a source outside the memories", matrix + isa::Matrix::source_word, code,
              0);
    misplaced(name_of(code) + " to a target outside the memories", matrix + isa::Matrix::target_word, code,
              0);
  }
}
void TickRefusals::misplaced(const std::string& name, std::uint32_t place, int code, int index) {
  put(window::descriptors, place, nowhere(static_cast<std::uint32_t>(word(window::descriptors, place))));
  bad_operation(name, operation(code, index), first_);
  put_back(window::descriptors, place);
}

void TickRefusals::tick_machine() {
  TickStimulus nothing;
  nothing.beta = machine_.beta();
  advance(machine_, nothing);
}
void TickRefusals::expect_tick() {
  out_.expect(reg::tick, machine_.ticks());
  expect_error(0);
}

void TickRefusals::while_a_tick_runs() {
  const std::uint32_t access = reg::Errors::access_mask;
  const int output = machine_.program().output;
  const std::uint32_t unit = image_.first_unit[static_cast<std::size_t>(output)];
  const std::uint32_t weight = weight_address(image_, machine_.program(), core_.lanes, 0, 0, 0);
  const std::pair<int, std::uint32_t> words[] = {{memory::target, unit},
                                                 {memory::rate, unit},
                                                 {window::weights, weight},
                                                 {window::descriptors, image_.eta_word[0]},
                                                 {window::operations, first_}};
  out_.write(reg::input_unit, 0);
  out_.write(reg::tick, machine_.ticks());  // marks everything as changed, which makes the tick a long one
  host_.forget_window();
  out_.write(reg::control, reg::Control::tick_mask);
  begin("read of the window while a tick runs", access);
  out_.expect(reg::window_data, 0);
  expect_error(access);
  for (const auto& [memory, address] : words) {
    begin(fmt::format("write of {} while a tick runs", name(memory)), access);
    window_at(memory, address);
    out_.write(reg::window_data, mark);
    expect_error(access);
  }
  out_.expect(reg::window_address, words[4].second);
  begin("INPUT while a tick runs", access);
  out_.write(reg::input, mark);
  expect_error(access);
  out_.expect(reg::input_unit, 0);
  begin("CONTROL.clear while a tick runs", 0);
  out_.write(reg::control, reg::Control::clear_mask);
  begin("CONTROL.tick while a tick runs", 0);
  out_.write(reg::control, reg::Control::tick_mask);
  out_.expect(reg::status, reg::Status::busy_mask);  // all of this was while it ran
  out_.wait();
  tick_machine();
  expect_tick();
  const auto now = [&](int memory) {
    if (memory == window::weights) return machine_.weights(0)[0];
    if (memory < memory::count) return machine_.read(output, memory)[0];
    return word(memory, memory == window::operations ? first_ : image_.eta_word[0]);
  };
  for (const auto& [memory, address] : words) {
    out_.expected = static_cast<std::uint32_t>(now(memory));
    host_.read_memory(memory, address);
  }
  expect_signals(host_, out_, machine_);
}

// Nothing that is refused, but of a compiled program the only list that overflows: inputs that are written
// again before a tick has read them.
void TickRefusals::full_list() {
  const fixedpoint::Population& p = machine_.program().populations[0];
  const fixedpoint::Format& format = p[fixedpoint::Signal::rate];
  for (const std::int64_t value : {format.maximum_raw(), format.minimum_raw(), format.maximum_raw()}) {
    const std::vector<std::int64_t> raw(static_cast<std::size_t>(p.units), value);
    host_.write_input(raw);
    machine_.write_input(raw);
  }
  out_.write(reg::control, reg::Control::tick_mask);
  out_.wait();
  tick_machine();
  expect_tick();
  expect_signals(host_, out_, machine_);
}

void TickRefusals::while_clearing() {
  const std::uint32_t access = reg::Errors::access_mask;
  const std::uint32_t clear = reg::Control::clear_mask | reg::Control::tick_mask;
  const auto refused = [&](const std::string& name, const auto& request) {
    window_at(memory::rate, 0);
    out_.write(reg::input_unit, 0);
    out_.write(reg::control, clear);
    begin(name + " while memories are zeroed", access);
    request();
    out_.wait();
    expect_error(access);
    out_.expect(reg::window_address, 0);
    out_.expect(reg::input_unit, 0);
  };
  // UNITS clocks: of the smallest cores that is over before a host behind a bus comes with its next access.
  constexpr int least = 16;
  if (core_.units >= least) {
    refused("read of the window", [&] { out_.expect(reg::window_data, 0); });
    refused("write of the window", [&] { out_.write(reg::window_data, mark); });
    refused("INPUT", [&] { out_.write(reg::input, mark); });
  }
  begin("CONTROL.tick beside CONTROL.clear", 0);
  out_.write(reg::control, clear);
  out_.wait();
  out_.expect(reg::tick, machine_.ticks());
  out_.expected = 0;
  for (int memory = 0; memory < memory::count; ++memory)
    for (std::uint32_t unit = 0; unit < static_cast<std::uint32_t>(core_.units); ++unit)
      if (memory != memory::scratch && memory != memory::step) host_.read_memory(memory, unit);
  expect_weights(host_, out_, machine_);
  expect_error(0);
}

void record_refusals(CoreHost& host, Recorder& recorder, IntegerMachine& machine, const CoreParameters& core,
                     BusScript& script) {
  IdleRefusals(host, recorder, machine, core, script).record();
  TickRefusals(host, recorder, machine, core, script).record();
  recorder.steps.push_back({BusStep::end, 0, 0});
  script.errors = std::move(recorder.steps);
}

}  // namespace apical::sim
