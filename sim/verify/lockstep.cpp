// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/lockstep.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/isa/core_map.hpp"
#include "sim/verify/compare.hpp"

namespace apical::sim {
namespace {

std::vector<std::pair<int, const char*>> counters() {
  return {{reg::cycles, "CYCLES"},
          {reg::stalls, "STALLS"},
          {reg::events, "EVENTS"},
          {reg::macs, "MACS"},
          {reg::lane_cycles, "LANE_CYCLES"}};
}

std::optional<Difference> compare_counters(IntegerMachine& reference, IntegerMachine& machine) {
  auto* const a = dynamic_cast<RegisterMachine*>(&reference);
  auto* const b = dynamic_cast<RegisterMachine*>(&machine);
  if (a == nullptr || b == nullptr) return std::nullopt;
  for (const auto& [offset, name] : counters()) {
    const std::uint32_t expected = a->read_register(offset), found = b->read_register(offset);
    if (expected == found) continue;
    Difference d;
    d.kind = Difference::Kind::counter;
    d.signal = name;
    d.expected = expected;
    d.found = found;
    d.format = {32, 0, false};
    d.clock = machine.clocks();
    return d;
  }
  return std::nullopt;
}

// Clocks of the machine's ticks so far, by its counter.
std::optional<std::uint32_t> counted_clocks(IntegerMachine& machine) {
  auto* const registers = dynamic_cast<RegisterMachine*>(&machine);
  if (registers == nullptr) return std::nullopt;
  return registers->read_register(reg::cycles);
}

// One tick of all machines; what stopped.
std::optional<Difference> advance_all(const std::vector<IntegerMachine*>& machines, const TickStimulus& s) {
  const std::uint32_t tick = machines.front()->ticks();
  std::optional<std::uint32_t> exact;  // clocks of the machine before
  for (std::size_t i = 0; i < machines.size(); ++i) {
    const std::uint64_t begun = machines[i]->clocks();
    try {
      if (exact) machines[i]->limit_tick(clocks_to_wait(*exact));
      const std::optional<std::uint32_t> before = counted_clocks(*machines[i]);
      advance(*machines[i], s);
      if (before && !exact) exact = *counted_clocks(*machines[i]) - *before;
    } catch (const Stopped& stopped) {
      Difference d;
      // What it wrote wrongly before it stopped is why.
      const std::vector<Write>* const expected = machines.front()->writes();
      const std::vector<Write>* const found = machines[i]->writes();
      if (expected != nullptr && found != nullptr && !found->empty() && found->back().tick == tick)
        d = compare_writes(machines[i]->program(), *expected, *found, Tick::stopped).value_or(d);
      d.text = stopped.what();
      if (exact) d.text += fmt::format(" ({} takes {})", machines[i - 1]->name(), *exact);
      d.exact = exact.value_or(0);
      if (d.where.empty()) {
        d.kind = Difference::Kind::stopped;
        d.place.operation = stopped.operation;
        d.clock = std::min(begun + d.exact, machines[i]->clocks());  // when it had to be done
      }
      complete(d, *machines[i == 0 ? 0 : i - 1], *machines[i], tick);
      return d;
    }
  }
  return std::nullopt;
}

}  // namespace

void advance(IntegerMachine& machine, const TickStimulus& s) {
  if (s.learning_scale) machine.set_learning_scale(*s.learning_scale);
  if (s.input) machine.write_input(*s.input);
  if (s.target) machine.write_target(*s.target);
  if (s.beta != machine.beta()) machine.set_beta(s.beta);
  machine.tick();
}

std::optional<Difference> compare(IntegerMachine& reference, IntegerMachine& machine,
                                  IntegerMachine* teller) {
  const std::vector<Write>* const expected = (teller != nullptr ? *teller : reference).writes();
  const std::vector<Write>* const found = machine.writes();
  std::optional<Difference> written;
  if (expected != nullptr && found != nullptr)
    written = compare_writes(reference.program(), *expected, *found, Tick::ended);
  std::optional<Difference> difference = compare_state(reference, machine);
  if (written && (!difference || !(difference->place < written->place)))
    difference = written;
  else if (difference && found != nullptr)
    difference->kind = Difference::Kind::stored;
  if (difference) complete(*difference, reference, machine, reference.ticks() - 1);
  return difference;
}

std::optional<Difference> run_lockstep(const std::vector<IntegerMachine*>& machines, const Stimulus& stimulus,
                                       std::uint64_t ticks, const LockstepOptions& options) {
  for (std::uint64_t t = 0; t < ticks; ++t) {
    if (auto difference = advance_all(machines, stimulus())) return difference;
    for (std::size_t i = 1; i < machines.size(); ++i) {
      IntegerMachine &reference = *machines[i - 1], &machine = *machines[i];
      auto difference = compare(reference, machine, machines.front());
      if (!difference && options.counters && (difference = compare_counters(reference, machine)))
        complete(*difference, reference, machine, reference.ticks() - 1);
      if (difference) return difference;
    }
    options.progress(t + 1);
  }
  return std::nullopt;
}

Difference stopped_on_loading(const std::string& machine, IntegerMachine& reference, const Stopped& stopped) {
  Difference d;
  d.kind = Difference::Kind::stopped;
  d.machine = machine;
  d.reference = reference.name();
  d.text = std::string("on loading, ") + stopped.what();
  return d;
}

}  // namespace apical::sim
