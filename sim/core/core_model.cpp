// SPDX-License-Identifier: Apache-2.0
#include "sim/core/core_model.hpp"

#include <algorithm>
#include <cstring>

#include "fixedpoint/numeric/quantise.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/isa/format_words.hpp"

namespace apical::sim {
namespace {

int bits_for_index(std::uint64_t count) {
  int bits = 0;
  while ((std::uint64_t{1} << bits) < count) ++bits;
  return bits;
}

}  // namespace

CoreModel::CoreModel(const CoreParameters& core, fixedpoint::EmulatorOptions options, int queue)
    : core_(core), options_(options), queue_(queue), memories_(core), flags_(core.pops, core.projs) {
  options_.statistics = false;
  options_.watch_weights = true;
  const std::size_t most =
      std::max({memories_.signals[0].size(), memories_.weights.size(), memories_.operations.size(),
                memories_.descriptors.size(), memories_.decay.size(), memories_.table_base.size()});
  highest_address_ = static_cast<std::uint32_t>((std::uint64_t{1} << bits_for_index(most + 1)) - 1);
  high_mask_ = core_.base > 32 || core_.delta > 32 ? ~0u : 0;
}

// What was to come true at the end of a tick, once that has passed.
void CoreModel::settle(std::uint64_t clock) {
  if (!running_ || clock < ends_) return;
  running_ = false;
  interrupt_.done = true;
  if (good_)
    ++tick_;
  else
    errors_ |= reg::Errors::bad_operation_mask;
  counters_.cycles += static_cast<std::uint32_t>(ends_ - begins_);
  counters_.lane_cycles += pending_.lane_cycles;
  counters_.macs += pending_.macs;
  counters_.events += pending_.events;
}

bool CoreModel::running(std::uint64_t clock) {
  settle(clock);
  return running_;
}
bool CoreModel::interrupt(std::uint64_t clock) {
  settle(clock);
  return (interrupt_.enable_done && interrupt_.done) || (interrupt_.enable_error && errors_ != 0);
}
bool CoreModel::idle(std::uint64_t clock) {
  return !running(clock) && clock >= neuron_free_ && clock >= clears_;
}

CoreModel::Access CoreModel::access(int offset, Request request, std::uint32_t value, std::uint64_t clock) {
  settle(clock);
  Access result{0, clock};
  const bool busy = running_ || clock < clears_;
  if (offset == reg::window_data) {
    if (busy || !in_range()) {
      if (!busy) result.done = std::max(clock, neuron_free_);
      errors_ |= reg::Errors::access_mask;
      return result;
    }
    result.done = std::max(clock, neuron_free_) + (request == Request::write ? 0 : clocks::window_read);
    if (request == Request::write) {
      write_window(value);
    } else {
      const std::int64_t word = read_window();
      result.data = static_cast<std::uint32_t>(word);
      high_ = static_cast<std::uint32_t>(static_cast<std::uint64_t>(word) >> 32) & high_mask_;
    }
    ++address_;
  } else if (offset == reg::input && request == Request::write) {
    if (busy)
      errors_ |= reg::Errors::access_mask;
    else
      result.done = write_inputs(reinterpret_cast<const unsigned char*>(&value), 1, clock);
  } else if (request == Request::write) {
    if (offset == reg::control && reg::Control::decode(value).clear && !busy)
      result.done = std::max(clock, neuron_free_);
    write(offset, value, result.done);
  } else {
    result.data = read(offset, clock);
  }
  return result;
}

std::uint32_t CoreModel::peek(int offset, std::uint64_t clock) {
  settle(clock);
  if (offset != reg::window_data) return read(offset, clock);
  return in_range() ? static_cast<std::uint32_t>(read_window()) : 0;
}

std::uint32_t CoreModel::read(int offset, std::uint64_t clock) const {
  const bool busy = running_ || clock < neuron_free_;
  const auto now = [&](std::uint32_t count) {  // a counter of clocks while a tick is under way
    return count + (running_ ? static_cast<std::uint32_t>(clock - begins_) : 0);
  };
  switch (offset) {
    case reg::id:
      return reg::Id{}.encode();
    case reg::parameters:
      return parameters_register(core_);
    case reg::status:
      return reg::Status{busy, clock < clears_}.encode();
    case reg::errors:
      return errors_;
    case reg::tick:
      return tick_;
    case reg::seed:
      return memories_.seed;
    case reg::beta:
      return beta_;
    case reg::tick_operation:
      return tick_operation_;
    case reg::decay_length:
      return memories_.decay_length;
    case reg::window_select:
      return select_;
    case reg::window_address:
      return address_;
    case reg::window_high:
      return high_;
    case reg::input_unit:
      return input_unit_;
    case reg::cycles:
      return now(counters_.cycles);
    case reg::stalls:
      return now(counters_.cycles) - counters_.lane_cycles;
    case reg::events:
      return counters_.events;
    case reg::macs:
      return counters_.macs;
    case reg::lane_cycles:
      return counters_.lane_cycles;
    case reg::interrupt:
      return interrupt_.encode();
    default:
      return 0;
  }
}

void CoreModel::write(int offset, std::uint32_t value, std::uint64_t clock) {
  switch (offset) {
    case reg::control: {
      const reg::Control command = reg::Control::decode(value);
      if (command.clear_counters) counters_ = {};
      if (command.tick && !command.clear && !running_ && clock >= clears_) tick(clock);
      if (command.clear && !running_) clear(clock);
      return;
    }
    case reg::errors:
      errors_ &= ~value;
      return;
    case reg::tick:
    case reg::seed:
    case reg::decay_length:
    case reg::link:
    case reg::always:
    case reg::tick_operation:
      break;
    case reg::beta:
      if ((value & reg::Beta::beta_mask) != beta_) flags_.nudge();
      beta_ = value & reg::Beta::beta_mask;
      if (emulator_) emulator_->set_beta_register(beta_);
      return;
    case reg::window_select:
      select_ = value & reg::WindowSelect::memory_mask;
      return;
    case reg::window_address:
      address_ = std::min(value, highest_address_);
      return;
    case reg::window_high:
      high_ = value & high_mask_;
      return;
    case reg::input_unit:
      input_unit_ = value & reg::InputUnit::unit_mask;
      chosen_ = true;
      return;
    case reg::interrupt: {
      const bool done = interrupt_.done;
      interrupt_ = reg::Interrupt::decode(value);
      interrupt_.done = done && !interrupt_.done;
      return;
    }
    default:
      return;
  }
  // What follows is part of the program.
  evict();
  if (offset == reg::tick) tick_ = value;
  if (offset == reg::seed) memories_.seed = value;
  if (offset == reg::decay_length) memories_.decay_length = value & reg::DecayLength::length_mask;
  if (offset == reg::tick_operation) tick_operation_ = value & reg::TickOperation::operation_mask;
  // Bits beyond those of the memory don't count.
  memories_.tick_operation = tick_operation_ & ((1u << bits_for_index(memories_.operations.size())) - 1);
  const reg::Link link = reg::Link::decode(value);
  if (offset == reg::link && link.projection < core_.projs) {
    memories_.links[static_cast<std::size_t>(link.projection)] = value;
    flags_.link(link);
  }
  const reg::Always always = reg::Always::decode(value);
  if (offset == reg::always && always.population < core_.pops) {
    const auto slots = static_cast<std::uint32_t>(always.slots);
    memories_.always[static_cast<std::size_t>(always.population)] = slots;
    flags_.set_always(always.population, slots);
  }
  if (offset != reg::always && offset != reg::tick_operation) flags_.everything();
}

void CoreModel::clear(std::uint64_t clock) {
  evict();
  for (auto& memory : memories_.signals) std::fill(memory.begin(), memory.end(), 0);
  flags_.forget();
  flags_.everything();
  clears_ = clock + 1 + static_cast<std::uint64_t>(core_.units);
}

// Inputs take the sequencer's descriptor registers and go through the neuron unit; on the stream, which waits
// for an idle core, one after the other. Returns the clock in which the last one was taken.
std::uint64_t CoreModel::write_inputs(const unsigned char* words, int count, std::uint64_t clock) {
  if (chosen_ || !input_ready_) clock = std::max(clock, neuron_free_);
  if (!input_ready_) clock += (header_ == 0 ? 0 : clocks::input_header) + clocks::input_pass;
  header_ = 0;
  input_ready_ = true;
  chosen_ = false;
  const int first = static_cast<int>(input_unit_);
  input_unit_ = (input_unit_ + static_cast<std::uint32_t>(count)) & reg::InputUnit::unit_mask;
  const isa::Header header = isa::Header::decode(&memories_.descriptors[header_address(0)]);
  const int before_first = header.place.first_group * core_.lanes;
  // Units that aren't there drop the value, as those that population 0 doesn't have.
  const int units = before_first + header.place.units > core_.units ? 0 : header.place.units;
  const int there = std::clamp(units - first, 0, count);
  if (there < count) errors_ |= reg::Errors::bad_unit_mask;
  const auto before = static_cast<std::uint64_t>(std::min(there, count - 1));  // of the last one
  clock += before * (clocks::bus_request + clocks::input_drains) +
           (static_cast<std::uint64_t>(count - 1) - before) * (clocks::bus_request + 1);
  if (there == 0) return clock;
  const fixedpoint::Format format =
      format_of(isa::Pass::decode(&memories_.descriptors[pass_address(0, slot::rate)]));
  const std::int64_t low = format.minimum_raw(), high = format.maximum_raw();
  inputs_.resize(static_cast<std::size_t>(there));
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, words + 4 * i, 4);
    const std::int64_t value = sign_extended(word, core_.sw);
    inputs_[i] = value < low || value > high ? fixedpoint::quantise(value, 0, format).raw : value;
  }
  const auto at = static_cast<std::size_t>(before_first) + static_cast<std::size_t>(first);
  int sent = 0;
  bool last = false;
  if (emulator_) {
    const std::int64_t& known = emulator_->sent_rate(0)[static_cast<std::size_t>(first + there - 1)];
    const std::int64_t was = known;
    sent = emulator_->write_inputs(first, inputs_.data(), there);
    last = known != was;
  } else {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      std::int64_t& known = memories_.signals[memory::sent_rate].at(at + i);
      last = std::abs(inputs_[i] - known) > std::int64_t{header.theta_rate.value};
      memories_.signals[memory::rate].at(at + i) = inputs_[i];
      if (last) known = inputs_[i];
      sent += last;
    }
  }
  flags_.send(0, CoreFlags::Events::rates, sent, units);
  counters_.events += static_cast<std::uint32_t>(sent);
  clock += static_cast<std::uint64_t>(sent - (last && there == count ? 1 : 0));
  neuron_free_ = clock + clocks::input_drains + (last ? 1 : 0);
  return clock;
}

std::uint64_t CoreModel::stream(const unsigned char* words, std::size_t count, std::uint64_t clock) {
  settle(clock);
  clock = std::max({clock, running_ ? ends_ : 0, clears_, neuron_free_});
  settle(clock);
  return write_inputs(words, static_cast<int>(count), clock + clocks::bus_request) + 1;
}

}  // namespace apical::sim
