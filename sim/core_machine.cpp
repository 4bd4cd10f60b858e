#include "sim/core_machine.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/core_map.hpp"

namespace apical::sim {
namespace {

constexpr std::uint64_t longest_tick = 100'000'000;  // clocks; far beyond any program

Thresholds thresholds_of(const fixedpoint::Program& program) {
  Thresholds t;
  for (const fixedpoint::Population& p : program.populations) {
    t.rate.push_back(static_cast<std::uint32_t>(p.theta_rate));
    t.error.push_back(static_cast<std::uint32_t>(p.theta_error));
  }
  return t;
}

}  // namespace

CoreMachine::CoreMachine(std::string name, std::shared_ptr<const fixedpoint::Program> program,
                         const CoreParameters& parameters, std::shared_ptr<const CoreLibrary> library)
    : name_(std::move(name)),
      program_(std::move(program)),
      library_(std::move(library)),
      lanes_(parameters.lanes),
      image_(assemble(*program_, parameters, thresholds_of(*program_))),
      self_(library_->plugin().create()) {
  load();
  for (const fixedpoint::Projection& p : program_->projections) weights_.push_back(p.image);
  learnt_.assign(weights_.size(), false);
  eta_.resize(weights_.size());
  set_learning_scale(1.0);
}

CoreMachine::~CoreMachine() {
  library_->plugin().destroy(self_);
}

void CoreMachine::write_register(int offset, std::uint32_t value) {
  library_->plugin().access(self_, offset, 1, value);
}

std::uint32_t CoreMachine::read_register(int offset) {
  return library_->plugin().access(self_, offset, 0, 0);
}

void CoreMachine::write_memory(int memory, std::uint32_t address, std::int64_t value) {
  if (memory != selected_ || address != next_) {
    write_register(reg::window_select, static_cast<std::uint32_t>(memory));
    write_register(reg::window_address, address);
  }
  const std::int64_t high = value >> 32;
  if (high != high_) write_register(reg::window_high, static_cast<std::uint32_t>(high));
  high_ = high;
  write_register(reg::window_data, static_cast<std::uint32_t>(value));
  selected_ = memory;
  next_ = address + 1;
}

std::int64_t CoreMachine::read_memory(int memory, std::uint32_t address) {
  if (memory != selected_ || address != next_) {
    write_register(reg::window_select, static_cast<std::uint32_t>(memory));
    write_register(reg::window_address, address);
  }
  const std::uint32_t value = read_register(reg::window_data);
  high_ = -2;  // the window left the upper half of the word there
  selected_ = memory;
  next_ = address + 1;
  return static_cast<std::int32_t>(value);
}

void CoreMachine::load() {
  write_register(reg::control, 2);
  while ((read_register(reg::status) & 2) != 0) {
  }
  for (const CoreWrite& w : image_.memory) write_memory(w.select, w.address, w.value);
  for (const auto& [offset, value] : image_.registers) write_register(offset, value);
  if (const std::uint32_t errors = read_register(reg::errors); errors != 0)
    throw std::runtime_error(
        fmt::format("{}: the core refused its program, error register {:#x}", name_, errors));
}

void CoreMachine::write_input(const std::vector<std::int64_t>& raw) {
  write_register(reg::input_unit, 0);
  for (const std::int64_t value : raw) write_register(reg::input, static_cast<std::uint32_t>(value));
}

void CoreMachine::write_target(const std::vector<std::int64_t>& raw) {
  for (std::size_t i = 0; i < raw.size(); ++i)
    write_memory(memory::target, image_.first_unit.back() + static_cast<std::uint32_t>(i), raw[i]);
}

void CoreMachine::set_beta(std::int64_t value) {
  beta_ = value;
  write_register(reg::beta, static_cast<std::uint32_t>(value));
}

void CoreMachine::set_learning_scale(double factor) {
  for (std::size_t k = 0; k < eta_.size(); ++k) {
    const std::uint32_t value = eta_register(*program_, static_cast<int>(k), factor);
    eta_[k] = value;
    if (k < image_.eta_word.size()) write_memory(window::descriptors, image_.eta_word[k], value);
  }
}

void CoreMachine::tick() {
  if (library_->plugin().tick(self_, longest_tick) == 0)
    throw std::runtime_error(fmt::format("{}: tick {} doesn't end", name_, ticks_));
  if (const std::uint32_t errors = read_register(reg::errors); errors != 0)
    throw std::runtime_error(fmt::format("{}: error register {:#x} after tick {}", name_, errors, ticks_));
  learnt_.assign(learnt_.size(), false);
  const RetiredWeight* moved = nullptr;
  const std::uint64_t count = library_->plugin().retired(self_, &moved);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto k = static_cast<std::size_t>(moved[i].projection);
    const auto columns = static_cast<std::size_t>(program_->projections.at(k).columns);
    weights_[k].at(static_cast<std::size_t>(moved[i].row) * columns +
                   static_cast<std::size_t>(moved[i].column)) = moved[i].value;
    learnt_[k] = true;
  }
  ++ticks_;
}

std::vector<std::int64_t> CoreMachine::read(int layer, int field) {
  const fixedpoint::Population& p = program_->populations[static_cast<std::size_t>(layer)];
  std::vector<std::int64_t> values(static_cast<std::size_t>(p.units));
  // The input has rates only; the mismatch has no memory where the program carries none.
  if (layer == 0 && field != memory::rate && field != memory::sent_rate) return values;
  const bool mismatch = field == memory::mismatch || field == memory::first_mismatch;
  if (mismatch && program_->decay.empty()) return values;
  const bool is_unsigned = !field_format(*program_, layer, field).is_signed;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = read_memory(
        field, image_.first_unit[static_cast<std::size_t>(layer)] + static_cast<std::uint32_t>(i));
    if (is_unsigned) values[i] &= 0xffffffff;
  }
  return values;
}

std::vector<std::int64_t> CoreMachine::read_weights(int projection) {
  const fixedpoint::Projection& p = program_->projections[static_cast<std::size_t>(projection)];
  std::vector<std::int64_t> values;
  values.reserve(p.image.size());
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column)
      values.push_back(
          read_memory(window::weights, weight_address(image_, *program_, lanes_, projection, row, column)));
  return values;
}

bool CoreMachine::waveform(const std::string& file) {
  return library_->plugin().trace(self_, file.empty() ? nullptr : file.c_str()) != 0;
}

}  // namespace apical::sim
