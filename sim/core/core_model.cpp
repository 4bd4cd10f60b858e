#include "sim/core/core_model.hpp"

#include <algorithm>
#include <cstring>

#include "fixedpoint/numeric/quantise.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/isa/format_words.hpp"

namespace apical::sim {
namespace {

std::int64_t sign_extended(std::uint64_t value, int bits) {
  return bits >= 64 ? static_cast<std::int64_t>(value)
                    : static_cast<std::int64_t>(value << (64 - bits)) >> (64 - bits);
}

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

// Of the memory that the window shows; 0 for one that doesn't exist.
std::size_t CoreModel::window_size() const {
  if (select_ < memory::count) return memories_.signals[select_].size();
  switch (select_) {
    case window::operations:
      return memories_.operations.size();
    case window::descriptors:
      return memories_.descriptors.size();
    case window::decay:
      return memories_.decay.size();
    case window::table_base:
      return memories_.table_base.size();
    case window::table_delta:
      return memories_.table_delta.size();
    case window::weights:
      return memories_.weights.size();
    default:
      return 0;
  }
}

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
    const fixedpoint::LayerState& s = emulator_->state(static_cast<int>(p));
    const auto& values = memory == memory::first_mismatch ? s.first_mismatch
                         : memory == memory::sent_rate    ? s.sent_rate
                         : memory == memory::sent_error   ? s.sent_error
                                                          : s.signals[static_cast<std::size_t>(memory)];
    return &values[unit];
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
