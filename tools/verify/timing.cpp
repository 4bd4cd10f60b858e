// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/timing.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "fixedpoint/program/random_network.hpp"
#include "sim/core/core_integers.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/platform/platform_integers.hpp"
#include "tools/report/progress.hpp"
#include "tools/run/stimulus.hpp"
#include "tools/verify/ladder.hpp"

namespace apical::tools {
namespace {

constexpr std::uint64_t ticks_of_a_program = 24;

using Program = std::shared_ptr<const fixedpoint::Program>;

// A program with what its host does.
struct Play {
  std::string name;
  Program program;
  std::uint64_t ticks;
  sim::Stimulus stimulus;
};

std::string shape_of(const fixedpoint::Program& program) {
  std::string text;
  for (const fixedpoint::Population& p : program.populations)
    text += fmt::format("{}{}", text.empty() ? "" : "-", p.units);
  return text;
}

// The seed-th random network that has proofs of its widths.
Play random_play(std::uint64_t seed, int number) {
  fixedpoint::RandomNetwork draw(seed + static_cast<std::uint64_t>(number));
  for (;;) try {
      const fixedpoint::NetworkDescription net = draw.below(3) == 0 ? draw.graph() : draw();
      Play play;
      play.program = std::make_shared<const fixedpoint::Program>(fixedpoint::compile(net));
      play.name = fmt::format("program {:<3} {}", number, shape_of(*play.program));
      play.ticks = ticks_of_a_program;
      const auto world =
          std::make_shared<fixedpoint::RandomStimulus>(net, seed + static_cast<std::uint64_t>(number));
      play.stimulus = [world, program = play.program] {
        world->next();
        sim::TickStimulus s;
        const auto &first = program->populations.front(), &last = program->output_population();
        s.input = sim::to_raw(world->input.data(), first.units, first[fixedpoint::Signal::rate]);
        s.target = sim::to_raw(world->target.data(), last.units, last[fixedpoint::Signal::target]);
        s.beta = sim::beta_register(*program, world->beta);
        return s;
      };
      return play;
    } catch (const std::invalid_argument&) {  // no proof: the next one
    }
}

std::shared_ptr<const sim::CoreLibrary> library(const sim::CoreSources& sources,
                                                const sim::CoreParameters& parameters) {
  return std::make_shared<const sim::CoreLibrary>(
      sources, parameters, sim::CoreBuild{},
      [](const std::string& text) { fmt::print(stderr, "apical: {}\n", text); });
}

// Clocks of the next tick, by the counter that wraps.
std::uint32_t clocks_of(sim::RegisterMachine& machine, const sim::TickStimulus& stimulus) {
  const std::uint32_t before = machine.read_register(sim::reg::cycles);
  sim::advance(machine, stimulus);
  return machine.read_register(sim::reg::cycles) - before;
}

TimingResult compare(const Play& play, sim::RegisterMachine& platform, sim::RegisterMachine& core) {
  Progress progress({play.name});
  TimingResult r;
  r.name = play.name;
  for (r.ticks = 0; r.ticks < play.ticks; ++r.ticks) {
    const sim::TickStimulus s = play.stimulus();
    const std::uint32_t approximate = clocks_of(platform, s);
    core.limit_tick(sim::clocks_to_wait(approximate));
    const std::uint32_t exact = clocks_of(core, s);
    r.approximate += approximate;
    r.core += exact;
    r.worst = std::max(r.worst, std::abs(static_cast<double>(approximate) / exact - 1.0));
    progress.update(0, r.ticks + 1, play.ticks, fmt::format("tick {}/{}", r.ticks + 1, play.ticks));
  }
  r.equal_state = sim::state_digest(platform) == sim::state_digest(core);
  return r;
}

}  // namespace

std::vector<TimingResult> compare_timing(const Config& config, std::uint64_t ticks, int programs,
                                         std::uint64_t seed, const std::string& rtl) {
  const sim::CoreSources sources = chosen_sources(rtl);
  const Assignment assignment = prepare(config);
  std::vector<Play> plays;
  plays.push_back({"training", assignment.program, ticks > 0 ? ticks : assignment.task->training(0)->ticks(),
                   make_stimulus(config, *assignment.task, assignment.program)});
  for (int i = 0; i < programs; ++i) plays.push_back(random_play(seed, i));
  // One core that runs all random programs, so that one has to be built.
  const sim::CoreParameters own = sim::required_parameters(*assignment.program, config.lanes);
  sim::CoreParameters common = own;
  for (std::size_t i = 1; i < plays.size(); ++i) {
    const sim::CoreParameters need = sim::required_parameters(*plays[i].program, config.lanes);
    common = i == 1 ? need : sim::join(common, need);
  }
  // A process has one SystemC kernel and one elaboration: all platforms are there before the first one
  // starts.
  std::vector<std::unique_ptr<sim::TlmIntegers>> platforms;
  for (std::size_t i = 0; i < plays.size(); ++i)
    platforms.push_back(
        std::make_unique<sim::TlmIntegers>(fmt::format("tlm{}", i), plays[i].program, i == 0 ? own : common));
  std::vector<TimingResult> results;
  std::shared_ptr<const sim::CoreLibrary> built = library(sources, own);
  for (std::size_t i = 0; i < plays.size(); ++i) {
    if (i == 1) built = library(sources, common);
    sim::CoreIntegers core("rtl", plays[i].program, i == 0 ? own : common, built);
    results.push_back(compare(plays[i], *platforms[i], core));
  }
  return results;
}

}  // namespace apical::tools
