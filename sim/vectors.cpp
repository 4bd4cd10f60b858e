#include "sim/vectors.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "sim/core_map.hpp"
#include "sim/emulator_integers.hpp"

namespace apical::sim {
namespace {

// A port without a core: writes go into the script, and so does what the next read must give.
class Recorder : public RegisterPort {
 public:
  void write(int offset, std::uint32_t value) override {
    steps.push_back({BusStep::write, static_cast<std::uint8_t>(offset), value});
  }
  std::uint32_t read(int offset) override {
    // While the host waits for the end of the clearing there is nothing to foresee: the script waits as well.
    if (offset == reg::status) {
      steps.push_back({BusStep::wait, 0, 0});
      return 0;
    }
    steps.push_back({BusStep::expect, static_cast<std::uint8_t>(offset), expected});
    return expected;
  }
  std::vector<BusStep> steps;
  std::uint32_t expected = 0;
};

void expect_state(CoreHost& host, Recorder& recorder, IntegerMachine& emulator, bool with_weights) {
  const fixedpoint::Program& program = emulator.program();
  for (int layer = 0; layer < static_cast<int>(program.populations.size()); ++layer)
    for (int field = 0; field < state_fields; ++field) {
      if (layer == 0 && field != memory::rate && field != memory::sent_rate) continue;
      const bool mismatch = field == memory::mismatch || field == memory::first_mismatch;
      if (mismatch && program.decay.empty()) continue;
      const std::vector<std::int64_t> values = emulator.read(layer, field);
      for (std::size_t i = 0; i < values.size(); ++i) {
        recorder.expected = static_cast<std::uint32_t>(values[i]);
        host.read_signal(layer, field, static_cast<int>(i));
      }
    }
  for (int k = 0; with_weights && k < static_cast<int>(program.projections.size()); ++k) {
    if (fixedpoint::holder_of(program, k) != k) continue;
    const std::vector<std::int64_t> values = emulator.weights(k);
    const int columns = program.projections[static_cast<std::size_t>(k)].columns;
    for (std::size_t i = 0; i < values.size(); ++i) {
      recorder.expected = static_cast<std::uint32_t>(values[i]);
      host.read_weight(k, static_cast<int>(i) / columns, static_cast<int>(i) % columns);
    }
  }
}

}  // namespace

BusScript record(const std::shared_ptr<const fixedpoint::Program>& program, const CoreParameters& parameters,
                 const Stimulus& stimulus, std::uint64_t ticks, std::uint64_t weights_every) {
  BusScript script;
  Recorder recorder;
  CoreHost host(recorder, program, parameters);
  fixedpoint::EmulatorOptions options;
  options.coverage = &script.coverage;
  EmulatorIntegers emulator("emulator", program, options);
  host.load();
  script.load = std::move(recorder.steps);
  recorder.steps.clear();
  for (std::uint64_t t = 0; t < ticks; ++t) {
    script.first_step.push_back(recorder.steps.size());
    const TickStimulus s = stimulus();
    if (s.learning_scale) host.set_learning_scale(*s.learning_scale);
    if (s.input) host.write_input(*s.input);
    if (s.target) host.write_target(*s.target);
    if (s.beta != emulator.beta()) host.set_beta(s.beta);
    recorder.write(reg::control, 1);
    recorder.steps.push_back({BusStep::wait, 0, 0});
    advance(emulator, s);
    recorder.expected = static_cast<std::uint32_t>(t + 1);
    recorder.read(reg::tick);
    expect_state(host, recorder, emulator, t + 1 == ticks || (t + 1) % weights_every == 0);
    recorder.expected = 0;
    recorder.read(reg::errors);
    script.digests.push_back(state_digest(emulator));
  }
  recorder.steps.push_back({BusStep::end, 0, 0});
  script.ticks = std::move(recorder.steps);
  return script;
}

std::optional<std::pair<std::size_t, std::uint32_t>> play(RegisterPort& port,
                                                          const std::vector<BusStep>& steps) {
  constexpr int longest_wait = 100'000'000;  // reads of STATUS
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const BusStep& s = steps[i];
    if (s.kind == BusStep::write) port.write(s.offset, s.value);
    if (s.kind == BusStep::expect) {
      const std::uint32_t found = port.read(s.offset);
      if (found != s.value) return std::pair{i, found};
    }
    if (s.kind != BusStep::wait) continue;
    int waited = 0;
    while ((port.read(reg::status) & 3) != 0)
      if (++waited > longest_wait) throw std::runtime_error(fmt::format("step {}: the core stays busy", i));
  }
  return std::nullopt;
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
