// SPDX-License-Identifier: Apache-2.0
// Of random programs, a line each: digests of the memory image that the assembler makes of them, of the state
// of the emulator and of that of the core's model after some ticks. tests/tools/digests.py compares them
// between commits.
// Usage: program_digests COUNT
#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <iostream>

#include "fixedpoint/emulator/digest.hpp"
#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/program/random_network.hpp"
#include "sim/core/core_model.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/machines/integer_machine.hpp"

namespace {

using namespace apical;

constexpr std::uint64_t seed = 20261129;
constexpr int ticks = 24;

std::string image_digest(const sim::CoreImage& image) {
  fixedpoint::StateDigest digest;
  for (const sim::CoreWrite& w : image.memory) {
    digest.add(static_cast<std::int64_t>(w.select));
    digest.add(static_cast<std::int64_t>(w.address));
    digest.add(static_cast<std::int64_t>(w.value));
  }
  for (const auto& [offset, value] : image.registers) {
    digest.add(static_cast<std::int64_t>(offset));
    digest.add(static_cast<std::int64_t>(value));
  }
  return digest.hex();
}

void print(int number) {
  fixedpoint::RandomNetwork draw(seed + static_cast<std::uint64_t>(number));
  fixedpoint::NetworkDescription net;
  std::shared_ptr<const fixedpoint::Program> program;
  const int lanes = 1 << draw.below(5);
  while (program == nullptr) try {
      net = draw.below(3) == 0 ? draw.graph() : draw();
      const auto compiled = std::make_shared<const fixedpoint::Program>(fixedpoint::compile(net));
      (void)sim::assemble(*compiled, sim::required_parameters(*compiled, lanes));
      program = compiled;
    } catch (const std::invalid_argument&) {  // no proof of its widths
    }
  const sim::CoreParameters parameters = sim::required_parameters(*program, lanes);
  fixedpoint::Emulator emulator(program);
  sim::CoreModel model(parameters);
  sim::ModelPort port{model};
  sim::CoreHost host(port, program, parameters);
  host.load();
  fixedpoint::RandomStimulus world(net, seed);
  const auto &first = program->populations.front(), &last = program->output_population();
  for (int t = 0; t < ticks; ++t) {
    world.next();
    emulator.write_input(world.input.data());
    emulator.write_target(world.target.data());
    emulator.set_beta(world.beta);
    emulator.tick();
    host.write_input(sim::to_raw(world.input.data(), first.units, first[fixedpoint::Signal::rate]));
    host.write_target(sim::to_raw(world.target.data(), last.units, last[fixedpoint::Signal::target]));
    host.set_beta(sim::beta_register(*program, world.beta));
    port.write(sim::reg::control, sim::reg::Control::tick_mask);
    port.wait();
  }
  fixedpoint::StateDigest core;
  for (int p = 1; p < static_cast<int>(program->populations.size()); ++p)
    for (int field = 0; field < sim::memory::target; ++field)
      for (int unit = 0; unit < program->populations[static_cast<std::size_t>(p)].units; ++unit)
        core.add(host.read_signal(p, field, unit));
  for (const int counter : {sim::reg::cycles, sim::reg::macs, sim::reg::events, sim::reg::lane_cycles})
    core.add(static_cast<std::int64_t>(port.read(counter)));
  fmt::print("program {} image {}\nprogram {} emulator {}\nprogram {} core {}\n", number,
             image_digest(host.image()), number, emulator.digest(), number, core.hex());
}

}  // namespace

int main(int count, char** arguments) {
  int programs = 0;
  const char* const end = count == 2 ? arguments[1] + std::strlen(arguments[1]) : nullptr;
  if (count != 2 || std::from_chars(arguments[1], end, programs).ptr != end || programs < 1) {
    std::cerr << "Usage: program_digests COUNT\n";
    return 2;
  }
  for (int i = 0; i < programs; ++i) print(i);
  return 0;
}
