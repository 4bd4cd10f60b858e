// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <utility>

#include "sim/isa/disassemble.hpp"
#include "sim/verify/vectors.hpp"

namespace apical::sim {

/// What the parts of record_refusals() have in common: naming a refusal, and words that are known.
class RefusalWriter {
 public:
  RefusalWriter(CoreHost& host, Recorder& recorder, IntegerMachine& machine, const CoreParameters& core,
                BusScript& script)
      : host_(host),
        out_(recorder),
        machine_(machine),
        core_(core),
        sizes_(core),
        script_(script),
        image_(host.image()) {
    for (const CoreWrite& w : image_.memory) loaded_[{w.select, w.address}] = w.value;
    for (const auto& [offset, value] : image_.registers)
      if (offset == reg::tick_operation) first_ = value;
    for (int k = 0; k < static_cast<int>(image_.eta_word.size()); ++k)
      loaded_[{window::descriptors, image_.eta_word[static_cast<std::size_t>(k)]}] = machine.eta(k);
  }

 protected:
  /// A pattern that no word has by chance: a write that gets through is seen.
  static constexpr std::uint32_t mark = 0x5a5a5a5b;

  void begin(const std::string& name, std::uint32_t error) {
    if (script_.refusals.empty() || script_.refusals.back().name != name)
      script_.refusals.push_back({name, error, out_.steps.size()});
    ++script_.refusals.back().times;
  }
  void expect_error(std::uint32_t error) {
    out_.expect(reg::errors, error);
    if (error == 0) return;
    out_.write(reg::errors, error);
    out_.expect(reg::errors, 0);
  }
  void window_at(int memory, std::uint32_t address) {
    host_.forget_window();
    out_.write(reg::window_select, static_cast<std::uint32_t>(memory));
    out_.write(reg::window_address, address);
  }
  // A word of the program, as it is known to be; what no program writes is 0.
  std::int64_t word(int memory, std::uint32_t address) const {
    const auto found = loaded_.find({memory, address});
    return found == loaded_.end() ? 0 : found->second;
  }
  void put(int memory, std::uint32_t address, std::uint32_t value) {
    host_.write_memory(memory, address, static_cast<std::int32_t>(value));
  }
  void put_back(int memory, std::uint32_t address) {
    host_.write_memory(memory, address, word(memory, address));
  }

  static std::string name(int memory) {
    for (const isa::Name& n : isa::memory_names)
      if (n.number == memory) return n.name;
    for (const isa::Name& n : isa::window_names)
      if (n.number == memory) return n.name;
    return "";
  }

  std::uint32_t units(int population) const {
    return static_cast<std::uint32_t>(
        machine_.program().populations[static_cast<std::size_t>(population)].units);
  }
  // A place that no core has: its units end beyond 65,535 groups of lanes.
  static std::uint32_t nowhere(std::uint32_t place) {
    isa::Place p = isa::Place::decode(place);
    p.first_group = 0xffff;
    return p.encode();
  }

  CoreHost& host_;
  Recorder& out_;
  IntegerMachine& machine_;
  const CoreParameters& core_;
  CoreMemories sizes_;
  BusScript& script_;
  const CoreImage& image_;
  std::map<std::pair<int, std::uint32_t>, std::int64_t> loaded_;
  std::uint32_t first_ = 0;  ///< operation that ticks begin with
};

/// Accesses that a core refuses, drops or ignores between ticks.
class IdleRefusals : public RefusalWriter {
 public:
  using RefusalWriter::RefusalWriter;
  void record();

 private:
  void refused_word(int memory, std::uint32_t address, Request);
  void outside_the_window();
  void left_out();
  void expect_program();
  void registers();
  void dropped_input(std::uint32_t unit);
  void sticky_bits();
  void inputs();
};

/// Operations that a core refuses, and accesses while it is busy.
class TickRefusals : public RefusalWriter {
 public:
  using RefusalWriter::RefusalWriter;
  void record();

 private:
  void bad_operation(const std::string& name, const isa::Operation&, std::uint32_t at);
  void misplaced(const std::string& name, std::uint32_t place, int code, int index);
  void operations();
  void tick_machine();
  void expect_tick();
  void while_a_tick_runs();
  void full_list();
  void while_clearing();
};

}  // namespace apical::sim
