// SPDX-License-Identifier: Apache-2.0
#include "sim/core/core_integers.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/isa/core_map.hpp"

namespace apical::sim {
namespace {

// An idle core answers within a few clocks; while it zeroes its memories, after one for each of their words.
std::uint64_t longest_access(const CoreParameters& core) {
  return 10'000 + 4 * static_cast<std::uint64_t>(core.units);
}

}  // namespace

PluginPort::PluginPort(std::shared_ptr<const CoreLibrary> core)
    : library_(std::move(core)), self_(library_->plugin().create()) {}
PluginPort::~PluginPort() {
  library_->plugin().destroy(self_);
}
std::uint32_t PluginPort::access(int offset, Request request, std::uint32_t value) {
  const bool is_write = request == Request::write;
  std::uint32_t data = 0;
  if (plugin().access(self_, offset, is_write ? 1 : 0, value, limit_, &data) == 0)
    throw Stopped(fmt::format("{} of register {:#04x} is not acknowledged within {} clocks",
                              is_write ? "a write" : "a read", offset, limit_),
                  plugin().operation(self_));
  return data;
}
void PluginPort::write(int offset, std::uint32_t value) {
  access(offset, Request::write, value);
}
std::uint32_t PluginPort::read(int offset) {
  return access(offset, Request::read, 0);
}

CoreIntegers::CoreIntegers(std::string name, std::shared_ptr<const fixedpoint::Program> program,
                           const CoreParameters& parameters, std::shared_ptr<const CoreLibrary> library,
                           const std::string& waveform)
    : name_(std::move(name)),
      program_(std::move(program)),
      signal_bits_(parameters.sw),
      port_(std::move(library)),
      host_(port_, program_, parameters) {
  port_.limit_access(longest_access(parameters));
  if (!waveform.empty()) CoreIntegers::waveform(waveform);
  host_.load();
  if (const std::uint32_t errors = port_.read(reg::errors); errors != 0)
    throw Stopped(fmt::format("{}: the core refused its program, error register {:#x}", name_, errors), -1);
  port_.plugin().record(port_.self(), 1);
  for (const fixedpoint::Projection& p : program_->projections) weights_.push_back(p.image);
  eta_.resize(program_->projections.size());
  CoreIntegers::set_learning_scale(1.0);
}

void CoreIntegers::set_beta(std::int64_t value) {
  beta_ = value;
  host_.set_beta(value);
}

void CoreIntegers::set_learning_scale(double factor) {
  for (std::size_t k = 0; k < eta_.size(); ++k)
    eta_[k] = eta_register(*program_, static_cast<int>(k), factor);
  host_.set_learning_scale(factor);
}

void CoreIntegers::tick() {
  port_.write(reg::control, reg::Control::tick_mask);
  const bool ended = port_.plugin().wait(port_.self(), longest_) != 0;
  follow();
  if (!ended)
    throw Stopped(fmt::format("{}: tick {} doesn't end within {} clocks", name_, ticks_, longest_),
                  port_.plugin().operation(port_.self()));
  if (const std::uint32_t errors = port_.read(reg::errors); errors != 0)
    throw Stopped(fmt::format("{}: error register {:#x} after tick {}", name_, errors, ticks_),
                  port_.plugin().operation(port_.self()));
  if (stray_)
    throw Stopped(fmt::format("{}: the retire port tells of a weight that isn't there", name_),
                  port_.plugin().operation(port_.self()));
  ++ticks_;
}

// What the core wrote since the last tick, from its retire ports.
void CoreIntegers::follow() {
  const Retired* retired = nullptr;
  const std::uint64_t count = port_.plugin().retired(port_.self(), &retired);
  writes_.clear();
  for (std::uint64_t i = 0; i < count; ++i) {
    const Write& w = writes_.emplace_back(told(retired[i]));
    if (w.projection < 0) continue;
    const auto k = static_cast<std::size_t>(w.projection);
    const bool there = k < weights_.size() && w.row < program_->projections[k].rows &&
                       w.column < program_->projections[k].columns;
    stray_ |= !there;
    if (!there) continue;
    const auto columns = static_cast<std::size_t>(program_->projections[k].columns);
    weights_[static_cast<std::size_t>(fixedpoint::holder_of(*program_, w.projection))]
            [static_cast<std::size_t>(w.row) * columns + static_cast<std::size_t>(w.column)] = w.new_value;
  }
}

Write CoreIntegers::told(const Retired& r) const {
  Write w;
  w.operation = r.operation;
  w.projection = r.signal < 0 ? r.projection : -1;
  w.signal = r.signal;
  w.row = r.row;
  w.column = r.column;
  w.old_value = r.old_value;
  w.new_value = r.new_value;
  w.tick = r.tick;
  w.random = r.random;
  w.clock = r.clock;
  if (r.signal < 0) return w;
  w.old_value = sign_extended(static_cast<std::uint64_t>(r.old_value), signal_bits_);
  w.new_value = sign_extended(static_cast<std::uint64_t>(r.new_value), signal_bits_);
  for (std::size_t p = 0; p < program_->populations.size(); ++p) {
    const int unit = r.row - static_cast<int>(host_.image().first_unit[p]);
    if (unit < 0 || unit >= program_->populations[p].units) continue;
    w.layer = static_cast<int>(p);
    w.row = unit;
  }
  if (w.layer == 0) w.operation = Write::host;  // of an INPUT the port's number is any
  return w;
}

std::vector<std::int64_t> CoreIntegers::read(int layer, int field) {
  const fixedpoint::Population& p = program_->populations[static_cast<std::size_t>(layer)];
  std::vector<std::int64_t> values(static_cast<std::size_t>(p.units));
  // The input has rates only; the mismatch has no memory where the program carries none.
  if (layer == 0 && field != memory::rate && field != memory::sent_rate) return values;
  const bool mismatch = field == memory::mismatch || field == memory::first_mismatch;
  if (mismatch && program_->decay.empty()) return values;
  const bool is_unsigned = !field_format(*program_, layer, field).is_signed;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = host_.read_signal(layer, field, static_cast<int>(i));
    if (is_unsigned) values[i] &= 0xffffffff;
  }
  return values;
}

std::vector<std::int64_t> CoreIntegers::stored_weights(int projection) {
  const fixedpoint::Projection& p = program_->projections[static_cast<std::size_t>(projection)];
  std::vector<std::int64_t> values;
  values.reserve(p.image.size());
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column)
      values.push_back(host_.read_weight(projection, row, column));
  return values;
}

bool CoreIntegers::cut_tick(int number) {
  host_.write_memory(window::operations, static_cast<std::uint32_t>(number + 1), 0);  // END
  return true;
}

bool CoreIntegers::waveform(const std::string& file) {
  return port_.plugin().trace(port_.self(), file.empty() ? nullptr : file.c_str()) != 0;
}

}  // namespace apical::sim
