// SPDX-License-Identifier: Apache-2.0
// What a host must not do between ticks.
#include <fmt/format.h>

#include <vector>

#include "hw/isa_names.hpp"
#include "sim/verify/refusal_writer.hpp"

namespace apical::sim {
namespace {

constexpr std::uint32_t ones = 0xffffffff;

}  // namespace

void IdleRefusals::record() {
  out_.write(reg::control, reg::Control::clear_counters_mask);
  outside_the_window();
  left_out();
  expect_program();
  registers();
  sticky_bits();
  inputs();
}

void IdleRefusals::refused_word(int memory, std::uint32_t address, Request request) {
  window_at(memory, address);
  if (request == Request::read) out_.expect(reg::window_data, 0);
  if (request == Request::write) out_.write(reg::window_data, mark);
  expect_error(reg::Errors::access_mask);
  if (address != ones) out_.expect(reg::window_address, address);  // it doesn't count up
}

void IdleRefusals::outside_the_window() {
  constexpr int numbers = reg::WindowSelect::memory_mask + 1;
  for (const Request request : {Request::read, Request::write}) {
    const char* what = request == Request::read ? "read" : "write";
    for (int memory = 0; memory < numbers; ++memory) {
      if (name(memory).empty()) continue;
      for (const std::uint32_t address : {static_cast<std::uint32_t>(sizes_.size(memory)), ones}) {
        begin(fmt::format("{} beyond the last word of {}", what, name(memory)), reg::Errors::access_mask);
        refused_word(memory, address, request);
      }
    }
    for (int memory = 0; memory < numbers; ++memory) {
      if (!name(memory).empty()) continue;
      begin(fmt::format("{} of a memory that does not exist", what), reg::Errors::access_mask);
      refused_word(memory, 0, request);
    }
  }
}

// Numbers and addresses of what the core was elaborated without stay; there are no words.
void IdleRefusals::left_out() {
  std::vector<int> memories;
  if (core_.mismatch == 0) memories = {memory::mismatch, memory::first_mismatch, window::decay};
  if (core_.advanced == 0) memories.push_back(memory::scratch);
  for (const int memory : memories) {
    begin(fmt::format("access to {}, which the core was elaborated without", name(memory)), 0);
    window_at(memory, 0);
    out_.write(reg::window_data, mark);
    out_.expect(reg::window_address, 1);
    out_.write(reg::window_address, 0);
    out_.expect(reg::window_data, 0);
    out_.expect(reg::window_address, 1);
    expect_error(0);
  }
  if (core_.base > 32 || core_.delta > 32) return;
  begin("write of WINDOW_HIGH in a core without such words", 0);
  out_.write(reg::window_high, ones);
  out_.expect(reg::window_high, 0);
}

void IdleRefusals::expect_program() {
  for (const auto& [place, value] : loaded_) {
    const auto& [memory, address] = place;
    const bool gone = core_.mismatch == 0 && memory == window::decay;
    if (memory == window::weights || memory < memory::rho || gone) continue;
    out_.expected = static_cast<std::uint32_t>(value);
    host_.read_memory(memory, address);
  }
}

void IdleRefusals::registers() {
  for (int offset = 0; offset <= 0xfc; offset += 4) {
    const reg::RegisterName* found = nullptr;
    for (const reg::RegisterName& r : reg::names)
      if (r.offset == offset) found = &r;
    if (found == nullptr) {
      begin("access to an offset that holds no register", 0);
      out_.write(offset, ones);
      out_.expect(offset, 0);
    } else if (!found->writes) {
      begin(fmt::format("write of {}, which can only be read", found->name), 0);
      out_.write(offset, ones);
      // Counters were cleared, and no tick has run since.
      out_.expect(offset, offset == reg::id           ? reg::Id{}.encode()
                          : offset == reg::parameters ? parameters_register(core_)
                                                      : 0);
    } else if (!found->reads) {
      begin(fmt::format("read of {}, which can only be written", found->name), 0);
      out_.expect(offset, 0);
    }
  }
  expect_error(0);
}

void IdleRefusals::dropped_input(std::uint32_t unit) {
  out_.write(reg::input_unit, unit);
  out_.write(reg::input, mark);
  out_.wait();
}

void IdleRefusals::sticky_bits() {
  const std::uint32_t access = reg::Errors::access_mask, unit = reg::Errors::bad_unit_mask;
  begin("write to ERRORS of other bits than those that are set", 0);
  window_at(memory::count, 0);
  out_.write(reg::window_data, mark);
  dropped_input(units(0));
  out_.expect(reg::errors, access | unit);
  out_.write(reg::errors, 0);
  out_.expect(reg::errors, access | unit);
  out_.write(reg::errors, ~(access | unit));
  out_.expect(reg::errors, access | unit);
  out_.write(reg::errors, access);
  out_.expect(reg::errors, unit);
  expect_error(unit);
  begin("write to INTERRUPT of 0 where a tick has ended", 0);
  out_.write(reg::interrupt, 0);
  out_.expect(reg::interrupt, reg::Interrupt::done_mask);
  out_.write(reg::interrupt, reg::Interrupt::done_mask);
  out_.expect(reg::interrupt, 0);
}

void IdleRefusals::inputs() {
  const std::uint32_t unit = reg::Errors::bad_unit_mask;
  for (const std::uint32_t beyond : {units(0), std::uint32_t{reg::InputUnit::unit_mask}}) {
    begin("INPUT for a unit that population 0 does not have", unit);
    dropped_input(beyond);
    expect_error(unit);
  }
  begin("INPUT where population 0 lies outside the memories", unit);
  const std::uint32_t place = header_address(0) + isa::Header::place_word;
  put(window::descriptors, place, nowhere(static_cast<std::uint32_t>(word(window::descriptors, place))));
  dropped_input(0);
  expect_error(unit);
  put_back(window::descriptors, place);
  out_.expect(reg::events, 0);
  expect_signals(host_, out_, machine_);
}

}  // namespace apical::sim
