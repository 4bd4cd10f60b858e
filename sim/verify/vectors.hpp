// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fixedpoint/program/coverage.hpp"
#include "sim/core/core_host.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/verify/lockstep.hpp"

namespace apical::sim {

/// One step of a bus script: an access to a register of the core, or waiting for the end of a tick.
struct BusStep {
  enum Kind : std::uint8_t { write = 0, expect = 1, wait = 2, end = 15 };
  Kind kind;
  std::uint8_t offset;
  std::uint32_t value;  ///< written, or what must be read
};

/// Something that a host must not do, and how often a script does it.
struct Refusal {
  std::string name;        ///< "write of the window while a tick runs"
  std::uint32_t error;     ///< the bit of ERRORS that says so; 0: it is ignored without one
  std::size_t first_step;  ///< in `errors`
  std::uint64_t times = 0;
};

/// What a host writes to load a program, and then does and must read tick by tick.
struct BusScript {
  std::vector<BusStep> load, ticks;
  std::vector<std::size_t> first_step;  ///< of every tick, in `ticks`
  std::vector<std::string> digests;     ///< of all state, after every tick
  fixedpoint::Coverage coverage;        ///< what the ticks made the quantisers meet
  std::vector<BusStep> errors;          ///< what a host must not do, and must read then (refusals.hpp)
  std::vector<Refusal> refusals;        ///< in the order of their steps
};

/// A port without a core: writes go into the script, and so does what the next read must give.
class Recorder : public RegisterPort {
 public:
  void write(int offset, std::uint32_t value) override {
    steps.push_back({BusStep::write, static_cast<std::uint8_t>(offset), value});
  }
  std::uint32_t read(int offset) override {
    // While the host waits for the end of the clearing there is nothing to foresee: the script waits as well.
    if (offset == reg::status) return wait();
    steps.push_back({BusStep::expect, static_cast<std::uint8_t>(offset), expected});
    return expected;
  }
  /// STATUS as a wait leaves it.
  std::uint32_t wait() {
    steps.push_back({BusStep::wait, 0, 0});
    return 0;
  }
  void expect(int offset, std::uint32_t value) {
    steps.push_back({BusStep::expect, static_cast<std::uint8_t>(offset), value});
  }
  std::vector<BusStep> steps;
  std::uint32_t expected = 0;
};

/// Writes down that a host looks at all signals of the machine, and finds what it has.
void expect_signals(CoreHost&, Recorder&, IntegerMachine&);
/// The same of all weights.
void expect_weights(CoreHost&, Recorder&, IntegerMachine&);

/// Plays `ticks` ticks of the stimulus on the emulator and writes down every access of a host that checks all
/// neuron signals after each of them, and all other state (beta, learning rates, weights) after the last and
/// after every `weights_every`-th. A tick after which `enough` of what was met is true is the last one.
BusScript record(const std::shared_ptr<const fixedpoint::Program>&, const CoreParameters&, const Stimulus&,
                 std::uint64_t ticks, std::uint64_t weights_every,
                 const std::function<bool(const fixedpoint::Coverage&)>& enough = {});

/// The clocks of the longest wait of scripts that follow one another on a core with these parameters, by its
/// model.
std::uint64_t longest_wait(const CoreParameters&, const std::vector<const std::vector<BusStep>*>& scripts);

/// Plays steps on a core; returns the first that read something else than expected, and what it read: of a
/// wait STATUS, which still was busy after `most_reads` reads. Throws Stopped naming the step where the port
/// does.
std::optional<std::pair<std::size_t, std::uint32_t>> play(RegisterPort&, const std::vector<BusStep>&,
                                                          std::uint64_t most_reads);

/// How many words all scripts compare.
std::size_t comparisons(const BusScript&);

/// One step as a word of 48 bits in hexadecimal: kind, 4 zeros, offset, value.
std::string memory_word(const BusStep&);

/// Reads such words back. Throws std::runtime_error naming file and line.
std::vector<BusStep> read_steps(const std::string& file);

}  // namespace apical::sim
