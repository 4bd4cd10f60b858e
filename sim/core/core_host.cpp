// SPDX-License-Identifier: Apache-2.0
#include "sim/core/core_host.hpp"

#include "sim/isa/core_map.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::sim {
CoreHost::CoreHost(RegisterPort& port, std::shared_ptr<const fixedpoint::Program> program,
                   const CoreParameters& parameters)
    : port_(port),
      program_(std::move(program)),
      lanes_(parameters.lanes),
      units_(parameters.units),
      image_(assemble(*program_, parameters)) {}

void CoreHost::select(int memory, std::uint32_t address) {
  if (memory == selected_ && address == next_) return;
  port_.write(reg::window_select, static_cast<std::uint32_t>(memory));
  port_.write(reg::window_address, address);
}

void CoreHost::write_memory(int memory, std::uint32_t address, std::int64_t value) {
  select(memory, address);
  const std::int64_t high = value >> 32;
  if (high != high_) port_.write(reg::window_high, static_cast<std::uint32_t>(high));
  high_ = high;
  port_.write(reg::window_data, static_cast<std::uint32_t>(value));
  selected_ = memory;
  next_ = address + 1;
}

std::int64_t CoreHost::read_memory(int memory, std::uint32_t address) {
  select(memory, address);
  const std::uint32_t value = port_.read(reg::window_data);
  high_ = -2;  // the window left the upper half of the word there
  selected_ = memory;
  next_ = address + 1;
  return static_cast<std::int32_t>(value);
}

void CoreHost::load() {
  port_.write(reg::control, reg::Control::clear_mask);
  // It zeroes a word in a clock, and a read takes more than one.
  for (int waited = 0; reg::Status::decode(port_.read(reg::status)).clearing; ++waited)
    if (waited > 1'000 + units_) throw Stopped("the core doesn't end zeroing its memories", -1);
  for (const CoreWrite& w : image_.memory) write_memory(w.select, w.address, w.value);
  for (const auto& [offset, value] : image_.registers) port_.write(offset, value);
}

void CoreHost::write_input(const std::vector<std::int64_t>& raw) {
  port_.write(reg::input_unit, 0);
  for (const std::int64_t value : raw) port_.write(reg::input, static_cast<std::uint32_t>(value));
}

void CoreHost::write_target(const std::vector<std::int64_t>& raw) {
  for (std::size_t i = 0; i < raw.size(); ++i)
    write_memory(
        memory::target,
        image_.first_unit[static_cast<std::size_t>(program_->output)] + static_cast<std::uint32_t>(i),
        raw[i]);
}

void CoreHost::set_beta(std::int64_t value) {
  port_.write(reg::beta, static_cast<std::uint32_t>(value));
}

void CoreHost::set_learning_scale(double factor) {
  for (int k = 0; k < static_cast<int>(program_->projections.size()); ++k)
    set_eta(k, eta_register(*program_, k, factor));
}

void CoreHost::set_eta(int projection, std::uint32_t value) {
  const auto k = static_cast<std::size_t>(projection);
  if (k < image_.eta_word.size()) write_memory(window::descriptors, image_.eta_word[k], value);
}

std::uint32_t CoreHost::address(int layer, int projection, int row, int column) const {
  return projection < 0 ? image_.first_unit[static_cast<std::size_t>(layer)] + static_cast<std::uint32_t>(row)
                        : weight_address(image_, *program_, lanes_, projection, row, column);
}

std::int64_t CoreHost::read_signal(int layer, int field, int unit) {
  return read_memory(field, address(layer, -1, unit, -1));
}

std::int64_t CoreHost::read_weight(int projection, int row, int column) {
  return read_memory(window::weights, address(-1, projection, row, column));
}

}  // namespace apical::sim
