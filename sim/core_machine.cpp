#include "sim/core_machine.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/core_map.hpp"

namespace apical::sim {
namespace {

constexpr std::uint64_t longest_tick = 100'000'000;  // clocks; far beyond any program

}  // namespace

PluginPort::PluginPort(std::shared_ptr<const CoreLibrary> core)
    : library_(std::move(core)), self_(library_->plugin().create()) {}
PluginPort::~PluginPort() {
  library_->plugin().destroy(self_);
}
void PluginPort::write(int offset, std::uint32_t value) {
  library_->plugin().access(self_, offset, 1, value);
}
std::uint32_t PluginPort::read(int offset) {
  return library_->plugin().access(self_, offset, 0, 0);
}

CoreMachine::CoreMachine(std::string name, std::shared_ptr<const fixedpoint::Program> program,
                         const CoreParameters& parameters, std::shared_ptr<const CoreLibrary> library)
    : name_(std::move(name)),
      program_(std::move(program)),
      port_(std::move(library)),
      host_(port_, program_, parameters) {
  host_.load();
  if (const std::uint32_t errors = port_.read(reg::errors); errors != 0)
    throw std::runtime_error(
        fmt::format("{}: the core refused its program, error register {:#x}", name_, errors));
  for (const fixedpoint::Projection& p : program_->projections) weights_.push_back(p.image);
  eta_.resize(program_->projections.size());
  CoreMachine::set_learning_scale(1.0);
}

void CoreMachine::set_beta(std::int64_t value) {
  beta_ = value;
  host_.set_beta(value);
}

void CoreMachine::set_learning_scale(double factor) {
  for (std::size_t k = 0; k < eta_.size(); ++k)
    eta_[k] = eta_register(*program_, static_cast<int>(k), factor);
  host_.set_learning_scale(factor);
}

void CoreMachine::tick() {
  if (port_.plugin().tick(port_.self(), longest_tick) == 0)
    throw std::runtime_error(fmt::format("{}: tick {} doesn't end", name_, ticks_));
  if (const std::uint32_t errors = port_.read(reg::errors); errors != 0)
    throw std::runtime_error(fmt::format("{}: error register {:#x} after tick {}", name_, errors, ticks_));
  const RetiredWeight* moved = nullptr;
  const std::uint64_t count = port_.plugin().retired(port_.self(), &moved);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto k = static_cast<std::size_t>(fixedpoint::holder_of(*program_, moved[i].projection));
    const auto columns = static_cast<std::size_t>(program_->projections.at(k).columns);
    weights_[k].at(static_cast<std::size_t>(moved[i].row) * columns +
                   static_cast<std::size_t>(moved[i].column)) = moved[i].value;
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
    values[i] = host_.read_signal(layer, field, static_cast<int>(i));
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
      values.push_back(host_.read_weight(projection, row, column));
  return values;
}

bool CoreMachine::waveform(const std::string& file) {
  return port_.plugin().trace(port_.self(), file.empty() ? nullptr : file.c_str()) != 0;
}

}  // namespace apical::sim
