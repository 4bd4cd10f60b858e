// SPDX-License-Identifier: Apache-2.0
// The window on the memories, and what a running emulator holds of them.
#include <algorithm>

#include "sim/core/core_model.hpp"
#include "sim/isa/core_map.hpp"

namespace apical::sim {

// Of the memory that the window shows: it has addresses and no words, as the core was elaborated without it.
bool CoreModel::left_out() const {
  switch (select_) {
    case memory::mismatch:
    case memory::first_mismatch:
    case window::decay:
      return core_.mismatch == 0;
    case memory::scratch:
      return core_.advanced == 0;
    default:
      return false;
  }
}

const std::int64_t* CoreModel::live_signal(int memory, std::uint32_t address) const {
  if (!emulator_ || memory >= memory::scratch) return nullptr;
  const auto& populations = code_.program->populations;
  for (std::size_t p = 0; p < populations.size(); ++p) {
    const std::uint32_t unit = address - code_.first_unit[p];
    if (unit >= static_cast<std::uint32_t>(populations[p].units)) continue;
    return &emulator_->state(static_cast<int>(p)).field(memory)[unit];
  }
  return nullptr;
}

// The inverse of weight_address().
std::int64_t CoreModel::live_weight(std::uint32_t address) const {
  const auto lanes = static_cast<std::uint32_t>(core_.lanes);
  const auto& projections = code_.program->projections;
  for (std::size_t k = 0; k < projections.size(); ++k) {
    const fixedpoint::Projection& p = projections[k];
    const std::uint32_t blocks = (static_cast<std::uint32_t>(p.columns) + lanes - 1) / lanes;
    const std::uint32_t word = address / lanes - code_.image.first_block[k];
    const std::uint32_t block = word / lanes, row = block / blocks * lanes + word % lanes;
    const std::uint32_t column = block % blocks * lanes + (address % lanes - word % lanes) % lanes;
    if (row < static_cast<std::uint32_t>(p.rows) && column < static_cast<std::uint32_t>(p.columns))
      return emulator_->weights(static_cast<int>(k)).at(static_cast<int>(row), static_cast<int>(column));
  }
  return memories_.weights[address];
}

std::int64_t CoreModel::read_window() const {
  const auto word = [&](const auto& memory) { return static_cast<std::int64_t>(memory[address_]); };
  if (left_out()) return 0;
  if (select_ < memory::count) {
    const std::int64_t* const live = live_signal(static_cast<int>(select_), address_);
    return live != nullptr ? *live : memories_.signals[select_][address_];
  }
  switch (select_) {
    case window::operations:
      return word(memories_.operations);
    case window::descriptors:
      return word(memories_.descriptors);
    case window::decay:
      return word(memories_.decay);
    case window::table_base:
      return word(memories_.table_base);
    case window::table_delta:
      return word(memories_.table_delta);
    case window::weights:
      return emulator_ ? live_weight(address_) : word(memories_.weights);
    default:
      return 0;
  }
}

// What a host writes in normal operation doesn't touch the program: targets and learning rates.
bool CoreModel::write_live(std::uint32_t value) {
  if (!emulator_) return false;
  if (select_ == memory::target) {
    const std::uint32_t unit = address_ - code_.first_unit[static_cast<std::size_t>(code_.program->output)];
    if (unit >= static_cast<std::uint32_t>(code_.program->output_population().units)) return false;
    emulator_->write_target(static_cast<int>(unit), sign_extended(value, core_.sw));
    return true;
  }
  if (select_ != window::descriptors) return false;
  const auto& words = code_.image.eta_word;
  const auto found = std::find(words.begin(), words.end(), address_);
  if (found == words.end()) return false;
  memories_.descriptors[address_] = value;
  emulator_->set_eta_register(static_cast<int>(found - words.begin()), value & isa::MatrixEta::value_mask);
  return true;
}

void CoreModel::write_window(std::uint32_t value) {
  const std::uint64_t wide = std::uint64_t{high_} << 32 | value;
  if (!left_out() && !write_live(value)) {
    evict();
    const auto put = [&](auto& memory, auto word) { memory[address_] = word; };
    if (select_ < memory::rho)
      put(memories_.signals[select_], sign_extended(value, core_.sw));
    else if (select_ < memory::count)
      put(memories_.signals[select_], std::int64_t{value & isa::Constant::value_mask});
    else if (select_ == window::operations)
      put(memories_.operations, value);
    else if (select_ == window::descriptors)
      put(memories_.descriptors, value);
    else if (select_ == window::decay)
      put(memories_.decay, value & isa::Factor::value_mask);
    else if (select_ == window::table_base)
      put(memories_.table_base, sign_extended(wide, core_.base));
    else if (select_ == window::table_delta)
      put(memories_.table_delta, sign_extended(wide, core_.delta));
    else if (select_ == window::weights)
      put(memories_.weights, sign_extended(value, core_.ww));
  }
  if (select_ == window::descriptors) {
    header_ = -1;
    input_ready_ = false;
  }
  if (select_ == memory::target)
    flags_.nudge();
  else
    flags_.everything();
}

}  // namespace apical::sim
