// SPDX-License-Identifier: Apache-2.0
#include "sim/platform/platform_integers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "hw/isa_names.hpp"
#include "sim/isa/core_map.hpp"

namespace apical::sim {
namespace {

const sc_core::sc_time clock_period(10, sc_core::SC_NS);
// How far the host may run ahead where nobody has chosen: about as long as a tick, and it waits for its end
// anyway.
const sc_core::sc_time default_quantum(100, sc_core::SC_US);

// The core's registers, for a job of the host.
class HostPort : public RegisterPort {
 public:
  explicit HostPort(Host& host) : host_(host) {}
  void write(int offset, std::uint32_t value) override {
    if (holds_register(offset)) return host_.write32(address(offset), value);
    expect_nothing(tlm::TLM_WRITE_COMMAND, offset, value);
  }
  std::uint32_t read(int offset) override {
    if (holds_register(offset)) return host_.read32(address(offset));
    expect_nothing(tlm::TLM_READ_COMMAND, offset, 0);
    return 0;
  }

 private:
  static bool holds_register(int offset) {
    return std::any_of(std::begin(reg::names), std::end(reg::names),
                       [&](const reg::RegisterName& r) { return r.offset == offset; });
  }
  // What a port reads as 0 and loses, a socket answers with an address error.
  void expect_nothing(tlm::tlm_command command, int offset, std::uint32_t value) {
    tlm::tlm_generic_payload payload;
    payload.set_command(command);
    payload.set_address(address(offset));
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    payload.set_data_length(sizeof value);
    payload.set_streaming_width(sizeof value);
    host_.transport(payload);
    if (payload.get_response_status() != tlm::TLM_ADDRESS_ERROR_RESPONSE)
      throw std::runtime_error(fmt::format("offset {:#x}: {}", offset, payload.get_response_string()));
  }
  static std::uint64_t address(int offset) {
    return Platform::core_address + static_cast<std::uint64_t>(offset);
  }
  Host& host_;
};

}  // namespace

PlatformIntegers::PlatformIntegers(std::string name, Platform& platform,
                                   std::shared_ptr<const fixedpoint::Program> program,
                                   const CoreParameters& parameters)
    : name_(std::move(name)),
      platform_(platform),
      program_(std::move(program)),
      parameters_(parameters),
      image_(assemble(*program_, parameters)) {
  for (const CoreWrite& w : image_.memory)
    words_.push_back({static_cast<std::uint32_t>(w.select), w.address, static_cast<std::uint32_t>(w.value),
                      static_cast<std::uint32_t>(static_cast<std::uint64_t>(w.value) >> 32)});
  for (const auto& [offset, value] : image_.registers)
    settings_.push_back({static_cast<std::uint32_t>(offset), value});
  driver_image_ = {words_.data(),
                   static_cast<std::uint32_t>(words_.size()),
                   settings_.data(),
                   static_cast<std::uint32_t>(settings_.size()),
                   image_.first_unit[static_cast<std::size_t>(program_->output)],
                   static_cast<std::uint32_t>(program_->output_population().units)};
  eta_.resize(program_->projections.size());
  PlatformIntegers::set_learning_scale(1.0);
}

void PlatformIntegers::run(const std::function<void()>& job) {
  platform_.host.run([&] {
    if (!loaded_) load();
    job();
  });
}

void PlatformIntegers::load() {
  if (const std::uint32_t errors = apical_load(&platform_.access_layer(), &driver_image_); errors != 0)
    throw Stopped(fmt::format("{}: the core refused its program, error register {:#x}", name_, errors), -1);
  loaded_ = true;
}

void PlatformIntegers::write_input(const std::vector<std::int64_t>& raw) {
  input_.emplace(raw.begin(), raw.end());
}

void PlatformIntegers::write_target(const std::vector<std::int64_t>& raw) {
  target_.emplace(raw.begin(), raw.end());
}

void PlatformIntegers::set_learning_scale(double factor) {
  for (std::size_t k = 0; k < eta_.size(); ++k) {
    const std::int64_t value = eta_register(*program_, static_cast<int>(k), factor);
    write_eta_ |= value != eta_[k];
    eta_[k] = value;
  }
}

void PlatformIntegers::tick() {
  run([this] {
    const apical_bus* const bus = &platform_.access_layer();
    if (write_eta_)
      for (std::size_t k = 0; k < eta_.size(); ++k)
        apical_write_memory(bus, window::descriptors, image_.eta_word[k],
                            static_cast<std::uint32_t>(eta_[k]));
    write_eta_ = false;
    if (input_) apical_write_inputs(bus, input_->data(), static_cast<std::uint32_t>(input_->size()));
    if (target_) apical_write_targets(bus, &driver_image_, target_->data());
    if (written_beta_ != beta_) apical_set_beta(bus, static_cast<std::uint32_t>(beta_));
    written_beta_ = beta_;
    input_.reset();
    target_.reset();
    if (const std::uint32_t errors = apical_tick(bus); errors != 0)
      throw Stopped(fmt::format("{}: error register {:#x} after tick {}", name_, errors, ticks_), -1);
  });
  ++ticks_;
}

std::vector<std::int64_t> PlatformIntegers::read(int layer, int field) {
  const fixedpoint::Population& p = program_->populations[static_cast<std::size_t>(layer)];
  std::vector<std::int64_t> values(static_cast<std::size_t>(p.units));
  if (layer == 0 && field != memory::rate && field != memory::sent_rate) return values;
  const bool is_unsigned = !field_format(*program_, layer, field).is_signed;
  const std::vector<std::uint32_t> words =
      read_memory(field, image_.first_unit[static_cast<std::size_t>(layer)], values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = is_unsigned ? std::int64_t{words[i]} : std::int64_t{static_cast<std::int32_t>(words[i])};
  return values;
}

std::vector<std::int64_t> PlatformIntegers::weights(int projection) {
  const fixedpoint::Projection& p = program_->projections[static_cast<std::size_t>(projection)];
  const auto address = [&](int row, int column) {
    return weight_address(image_, *program_, parameters_.lanes, projection, row, column);
  };
  // All of its blocks, padding included: the window counts up by itself.
  const auto lanes = static_cast<std::uint32_t>(parameters_.lanes);
  const std::uint32_t first = image_.first_block[static_cast<std::size_t>(projection)] * lanes;
  std::uint32_t last = first;
  for (int row = std::max(0, p.rows - parameters_.lanes); row < p.rows; ++row)
    for (int column = std::max(0, p.columns - parameters_.lanes); column < p.columns; ++column)
      last = std::max(last, address(row, column));
  const std::vector<std::uint32_t> words = read_memory(window::weights, first, last - first + 1);
  std::vector<std::int64_t> values;
  values.reserve(p.image.size());
  for (int row = 0; row < p.rows; ++row)
    for (int column = 0; column < p.columns; ++column)
      values.push_back(static_cast<std::int32_t>(words[address(row, column) - first]));
  return values;
}

std::vector<std::uint32_t> PlatformIntegers::read_memory(int memory, std::uint32_t first, std::size_t count) {
  std::vector<std::uint32_t> words(count);
  run([&] {
    apical_read_memory(&platform_.access_layer(), static_cast<std::uint32_t>(memory), first, words.data(),
                       static_cast<std::uint32_t>(count));
  });
  return words;
}

std::uint32_t PlatformIntegers::read_register(int offset) {
  std::uint32_t value = 0;
  run([&] { value = HostPort(platform_.host).read(offset); });
  return value;
}

int PlatformIntegers::classify() {
  int label = 0;
  run([&] { label = static_cast<int>(apical_classify(&platform_.access_layer(), &driver_image_)); });
  return label;
}

TlmIntegers::Parts::Parts(const std::string& name, const CoreParameters& parameters,
                          fixedpoint::EmulatorOptions options)
    : platform((name + "_platform").c_str(), clock_period),
      core(name.c_str(), parameters, clock_period, options) {
  auto& quantum = tlm::tlm_global_quantum::instance();
  if (quantum.get() == sc_core::SC_ZERO_TIME) quantum.set(default_quantum);
  platform.attach(core);
}

void TlmIntegers::write_timeline(const std::filesystem::path& file) {
  parts_->timeline = std::make_unique<Timeline>(file, program_of(), clock_period.to_seconds() * 1e9);
  parts_->core.model().listen([this](const OperationRecord& record) { parts_->timeline->add(record); });
}

void TlmIntegers::write_waveform(const std::filesystem::path& file) {
  parts_->probe = std::make_unique<OperationProbe>((name() + "_probe").c_str(), parts_->core);
  parts_->waveform = std::make_unique<Waveform>(file);
  parts_->probe->trace(parts_->waveform->file());
  parts_->platform.trace(parts_->waveform->file());
}

void TlmIntegers::finish_traces() {
  if (parts_->timeline) parts_->timeline->finish();
  if (parts_->waveform) parts_->waveform->finish(parts_->probe->last_change());
}

void TlmIntegers::with_registers(const CoreParameters& parameters,
                                 const std::function<void(RegisterPort&)>& job) {
  Parts parts("core", parameters, {});
  HostPort port(parts.platform.host);
  parts.platform.host.run([&] { job(port); });
}

TlmIntegers::TlmIntegers(const std::string& name, std::shared_ptr<const fixedpoint::Program> program,
                         const CoreParameters& parameters, fixedpoint::EmulatorOptions options)
    : TlmIntegers(name, std::make_unique<Parts>(name, parameters, options), std::move(program), parameters) {}

TlmIntegers::TlmIntegers(const std::string& name, std::unique_ptr<Parts> parts,
                         std::shared_ptr<const fixedpoint::Program> program, const CoreParameters& parameters)
    : PlatformIntegers(name, parts->platform, std::move(program), parameters), parts_(std::move(parts)) {}

}  // namespace apical::sim
