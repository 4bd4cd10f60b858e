// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/vectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "sim/core/core_model.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/machines/emulator_integers.hpp"
#include "sim/verify/refusals.hpp"

namespace apical::sim {
namespace {

constexpr std::uint32_t occupied = reg::Status::busy_mask | reg::Status::clearing_mask;

void expect_rates(CoreHost& host, Recorder& recorder, const IntegerMachine& emulator) {
  recorder.expected = static_cast<std::uint32_t>(emulator.beta());
  recorder.read(reg::beta);
  for (std::size_t k = 0; k < host.image().eta_word.size(); ++k) {
    recorder.expected = static_cast<std::uint32_t>(emulator.eta(static_cast<int>(k)));
    host.read_memory(window::descriptors, host.image().eta_word[k]);
  }
}

}  // namespace

void expect_signals(CoreHost& host, Recorder& recorder, IntegerMachine& machine) {
  const fixedpoint::Program& program = machine.program();
  for (int layer = 0; layer < static_cast<int>(program.populations.size()); ++layer)
    for (int field = 0; field < state_fields; ++field) {
      if (layer == 0 && field != memory::rate && field != memory::sent_rate) continue;
      const bool mismatch = field == memory::mismatch || field == memory::first_mismatch;
      if (mismatch && program.decay.empty()) continue;
      const std::vector<std::int64_t> values = machine.read(layer, field);
      for (std::size_t i = 0; i < values.size(); ++i) {
        recorder.expected = static_cast<std::uint32_t>(values[i]);
        host.read_signal(layer, field, static_cast<int>(i));
      }
    }
}

void expect_weights(CoreHost& host, Recorder& recorder, IntegerMachine& machine) {
  const fixedpoint::Program& program = machine.program();
  for (int k = 0; k < static_cast<int>(program.projections.size()); ++k) {
    if (fixedpoint::holder_of(program, k) != k) continue;
    const std::vector<std::int64_t> values = machine.weights(k);
    const int columns = program.projections[static_cast<std::size_t>(k)].columns;
    for (std::size_t i = 0; i < values.size(); ++i) {
      recorder.expected = static_cast<std::uint32_t>(values[i]);
      host.read_weight(k, static_cast<int>(i) / columns, static_cast<int>(i) % columns);
    }
  }
}

BusScript record(const std::shared_ptr<const fixedpoint::Program>& program, const CoreParameters& parameters,
                 const Stimulus& stimulus, std::uint64_t ticks, std::uint64_t weights_every,
                 const std::function<bool(const fixedpoint::Coverage&)>& enough) {
  BusScript script;
  Recorder recorder;
  CoreHost host(recorder, program, parameters);
  fixedpoint::EmulatorOptions options;
  options.watchers = {&script.coverage};
  EmulatorIntegers emulator("emulator", program, options);
  host.load();
  script.load = std::move(recorder.steps);
  recorder.steps.clear();
  bool last = false;
  for (std::uint64_t t = 0; t < ticks && !last; ++t) {
    script.first_step.push_back(recorder.steps.size());
    const TickStimulus s = stimulus();
    if (s.learning_scale) host.set_learning_scale(*s.learning_scale);
    if (s.input) host.write_input(*s.input);
    if (s.target) host.write_target(*s.target);
    if (s.beta != emulator.beta()) host.set_beta(s.beta);
    recorder.write(reg::control, reg::Control::tick_mask);
    recorder.wait();
    advance(emulator, s);
    recorder.expected = static_cast<std::uint32_t>(t + 1);
    recorder.read(reg::tick);
    last = t + 1 == ticks || (enough && enough(script.coverage));
    const bool with_weights = last || (t + 1) % weights_every == 0;
    if (with_weights) expect_rates(host, recorder, emulator);
    expect_signals(host, recorder, emulator);
    if (with_weights) expect_weights(host, recorder, emulator);
    recorder.expected = 0;
    recorder.read(reg::errors);
    script.digests.push_back(state_digest(emulator));
  }
  recorder.steps.push_back({BusStep::end, 0, 0});
  script.ticks = std::move(recorder.steps);
  recorder.steps.clear();
  const fixedpoint::Coverage of_ticks = script.coverage;
  record_refusals(host, recorder, emulator, parameters, script);
  script.coverage = of_ticks;
  return script;
}

std::uint64_t longest_wait(const CoreParameters& parameters,
                           const std::vector<const std::vector<BusStep>*>& scripts) {
  CoreModel core(parameters);
  ModelPort port(core);
  std::uint64_t longest = 0;
  for (const auto* steps : scripts)
    for (const BusStep& s : *steps) {
      const std::uint64_t before = port.clock();
      if (s.kind == BusStep::write) port.write(s.offset, s.value);
      if (s.kind == BusStep::expect) port.read(s.offset);
      // A bundle may also zero the core, which isn't idle's business.
      if (s.kind == BusStep::wait) {
        port.wait();
        while ((port.read(reg::status) & occupied) != 0) {
        }
      }
      longest = std::max(longest, port.clock() - before);
    }
  return longest;
}

std::optional<std::pair<std::size_t, std::uint32_t>> play(RegisterPort& port,
                                                          const std::vector<BusStep>& steps,
                                                          std::uint64_t most_reads) {
  for (std::size_t i = 0; i < steps.size(); ++i) try {
      const BusStep& s = steps[i];
      if (s.kind == BusStep::write) port.write(s.offset, s.value);
      if (s.kind == BusStep::expect) {
        const std::uint32_t found = port.read(s.offset);
        if (found != s.value) return std::pair{i, found};
      }
      if (s.kind != BusStep::wait) continue;
      std::uint64_t waited = 0;
      for (std::uint32_t status = port.read(reg::status); (status & occupied) != 0;
           status = port.read(reg::status))
        if (++waited > most_reads) return std::pair{i, status};
    } catch (const Stopped& stopped) {
      throw Stopped(fmt::format("step {}: {}", i, stopped.what()), stopped.operation);
    }
  return std::nullopt;
}

std::size_t comparisons(const BusScript& script) {
  std::size_t count = 0;
  for (const auto* steps : {&script.load, &script.ticks, &script.errors})
    for (const BusStep& s : *steps) count += s.kind == BusStep::expect;
  return count;
}

std::string memory_word(const BusStep& s) {
  return fmt::format("{:x}0{:02x}{:08x}", static_cast<int>(s.kind), s.offset, s.value);
}

std::vector<BusStep> read_steps(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(fmt::format("{}: can't be read", file));
  std::vector<BusStep> steps;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.rfind("//", 0) == 0) continue;
    std::uint64_t word = 0;
    const bool digits = line.size() == 12 && line.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (digits) word = std::stoull(line, nullptr, 16);
    const auto kind = static_cast<std::uint8_t>(word >> 44);
    if (!digits || (kind > BusStep::wait && kind != BusStep::end))
      throw std::runtime_error(fmt::format(
          "{}:{}: \"{}\"; accepted: 12 hexadecimal digits that begin with 0, 1, 2 or f", file, number, line));
    steps.push_back({static_cast<BusStep::Kind>(kind), static_cast<std::uint8_t>(word >> 32),
                     static_cast<std::uint32_t>(word)});
  }
  return steps;
}

}  // namespace apical::sim
