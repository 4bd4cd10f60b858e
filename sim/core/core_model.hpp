// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "sim/core/core_flags.hpp"
#include "sim/core/core_host.hpp"
#include "sim/core/cost_model.hpp"
#include "sim/isa/disassemble.hpp"

namespace apical::sim {

/// One operation of a tick in time; clocks count from the construction of the core.
struct OperationRecord {
  std::uint32_t tick = 0;
  int number = 0;  ///< of the operation
  CoreOperation operation;
  bool skipped = false;      ///< nothing that it reads had changed
  bool anew = false;         ///< of FORWARD and BACKWARD: sums made anew, not by events
  std::uint32_t passes = 0;  ///< of UPDATE: the slots that were computed
  std::uint64_t begin = 0, clocks = 0;
  std::uint64_t lane_clocks = 0, walks = 0;  ///< in which the lanes worked; rows or columns
  int events = 0;                            ///< that it sent
};

/// A core as its host sees it, register by register, without its circuits: what it computes is the
/// emulator's, what that costs is the cost model's. It is loaded by the same accesses as the RTL. Knows
/// nothing of SystemC.
class CoreModel {
 public:
  struct Access {
    std::uint32_t data = 0;
    std::uint64_t done = 0;  ///< clock of the acknowledge
  };

  /// `queue`: QUEUE of hw/rtl/apical_core.sv. Statistics are off and watch_weights is on, whatever `options`
  /// say.
  explicit CoreModel(const CoreParameters&, fixedpoint::EmulatorOptions options = {}, int queue = 4);

  /// One access whose request comes up in `clock`, which never runs backwards. Offsets that hold no register
  /// read 0 and ignore writes.
  Access access(int offset, Request, std::uint32_t value, std::uint64_t clock);

  /// Values for INPUT as the stream brings them, the first one offered in `clock`; returns the clock in which
  /// the next one may be. Waits for the end of a tick.
  std::uint64_t stream(const unsigned char* words, std::size_t count, std::uint64_t clock);
  /// What a read would give, without its effects.
  std::uint32_t peek(int offset, std::uint64_t clock);
  bool running(std::uint64_t clock);            ///< a tick is under way
  bool interrupt(std::uint64_t clock);          ///< the line
  bool idle(std::uint64_t clock);               ///< as idle_o: neither a tick nor an input on its way
  std::uint64_t ends() const { return ends_; }  ///< the clock after the last one of the last tick
  const CoreParameters& parameters() const { return core_; }
  const CoreFlags& flags() const { return flags_; }
  /// Why the last tick stopped with bad_operation although a core would have run it, or "".
  const std::string& trouble() const { return trouble_; }
  /// Called with every operation as it is executed, ahead of its time.
  void listen(std::function<void(const OperationRecord&)> listener) {
    listeners_.push_back(std::move(listener));
  }

 private:
  struct Counters {
    std::uint32_t cycles = 0, lane_cycles = 0, macs = 0, events = 0;
  };

  // Registers and window (core_model.cpp).
  void settle(std::uint64_t clock);
  std::uint32_t read(int offset, std::uint64_t clock) const;
  void write(int offset, std::uint32_t value, std::uint64_t clock);
  std::uint64_t write_inputs(const unsigned char* words, int count, std::uint64_t clock);
  bool in_range() const { return address_ < memories_.size(static_cast<int>(select_)); }
  bool left_out() const;
  std::int64_t read_window() const;
  void write_window(std::uint32_t value);
  const std::int64_t* live_signal(int memory, std::uint32_t address) const;
  std::int64_t live_weight(std::uint32_t address) const;
  bool write_live(std::uint32_t value);
  void clear(std::uint64_t clock);

  // Execution (core_model_tick.cpp).
  bool prepare();
  void evict();
  void tick(std::uint64_t clock);
  bool execute(int number, OperationRecord&);
  void update(const CoreOperation&, OperationRecord&);
  void forward(const CoreOperation&, OperationRecord&);
  void backward(const CoreOperation&, OperationRecord&);
  void learn(const CoreOperation&, OperationRecord&);
  void account(const WalkTimer&, std::uint64_t entries, int extent, OperationRecord&);
  WalkTimer timer(int extent) const;

  CoreParameters core_;
  fixedpoint::EmulatorOptions options_;
  int queue_;
  CoreMemories memories_;
  CoreFlags flags_;
  std::vector<std::function<void(const OperationRecord&)>> listeners_;

  /// While it is there it holds the state, and memories_ what it was before.
  std::unique_ptr<fixedpoint::Emulator> emulator_;
  Disassembly code_;
  std::string trouble_;
  std::vector<std::int64_t> inputs_;  ///< of one burst

  std::uint32_t tick_ = 0, beta_ = 0, high_ = 0, address_ = 0, select_ = 0, input_unit_ = 0, errors_ = 0;
  std::uint32_t tick_operation_ = 0;
  reg::Interrupt interrupt_;
  std::uint32_t highest_address_ = 0;  ///< that WINDOW_ADDRESS holds
  std::uint32_t high_mask_ = 0;        ///< of WINDOW_HIGH: 0 where no word has more than 32 bits
  bool chosen_ = true;                 ///< INPUT_UNIT was written since the last INPUT
  int header_ = -1;                    ///< population whose header the sequencer has at hand
  bool input_ready_ = false;
  std::uint32_t factor_ = 0;             ///< of the decay, in the last tick
  std::uint64_t neuron_free_ = 0;        ///< first clock in which no input is on its way
  std::uint64_t clears_ = 0;             ///< first clock in which memories are not being zeroed
  bool running_ = false;                 ///< a tick whose end was not seen yet
  std::uint64_t begins_ = 0, ends_ = 0;  ///< first clock of the last tick, first one after it
  bool good_ = true;                     ///< it ended with END
  Counters counters_, pending_;          ///< pending_: of the tick under way
};

/// The register port of a core model: every access takes the clocks that it takes.
class ModelPort : public RegisterPort {
 public:
  explicit ModelPort(CoreModel& core) : core_(core) {}
  void write(int offset, std::uint32_t value) override {
    clock_ = core_.access(offset, Request::write, value, clock_).done + 1;
  }
  std::uint32_t read(int offset) override {
    const CoreModel::Access access = core_.access(offset, Request::read, 0, clock_);
    clock_ = access.done + 1;
    return access.data;
  }
  /// Waits until the core is idle.
  void wait() {
    while (!core_.idle(clock_)) clock_ = std::max(clock_ + 1, core_.ends());
  }
  std::uint64_t clock() const { return clock_; }

 private:
  CoreModel& core_;
  std::uint64_t clock_ = 0;
};

}  // namespace apical::sim
