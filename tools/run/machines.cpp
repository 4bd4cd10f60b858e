// SPDX-License-Identifier: Apache-2.0
#include "tools/run/machines.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "sim/core/core_integers.hpp"
#include "sim/core/real_view.hpp"
#include "sim/machines/emulator_machine.hpp"
#include "sim/machines/golden_machine.hpp"
#include "sim/machines/imperfect_emulator.hpp"
#include "sim/machines/microcircuit_machine.hpp"
#include "sim/machines/separate_machine.hpp"
#include "sim/platform/platform_integers.hpp"
#include "tools/config/imperfections.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {

std::unique_ptr<sim::Machine> make_golden(const Config& config,
                                          const std::vector<model::WeightMatrix>& weights) {
  if (config.circuit == Circuit::microcircuit)
    return std::make_unique<sim::MicrocircuitMachine>(microcircuit_of(config), weights);
  model::GoldenSettings settings = drawn_settings(config);
  return std::make_unique<sim::GoldenMachine>(settings, weights, drawn_chip(config));
}

fixedpoint::EmulatorOptions emulator_options(const Config& config) {
  fixedpoint::EmulatorOptions how;
  how.threads = config.threads;
  how.schedule = config.schedule;
  return how;
}

std::unique_ptr<sim::Machine> make_emulator(const Config& config,
                                            std::shared_ptr<const fixedpoint::Program> program) {
  return emulator_with(emulator_options(config), config, std::move(program));
}

std::unique_ptr<sim::Machine> emulator_with(const fixedpoint::EmulatorOptions& how, const Config& config,
                                            std::shared_ptr<const fixedpoint::Program> program) {
  if (auto chip = drawn_chip(config))
    return std::make_unique<sim::ImperfectEmulator>(std::move(program), std::move(chip), how);
  return std::make_unique<sim::EmulatorMachine>(std::move(program), how);
}

static sim::CoreParameters core_parameters(const Config& config, const fixedpoint::Program& program) {
  refuse_imperfections(config, fmt::format("run.machine \"{}\"", name_of(config.machine)));
  return sim::required_parameters(program, config.lanes);
}

std::unique_ptr<sim::Machine> make_core(const Config& config,
                                        std::shared_ptr<const fixedpoint::Program> program) {
  const sim::CoreParameters parameters = core_parameters(config, *program);
  auto library = std::make_shared<const sim::CoreLibrary>(
      sim::find_core_sources(), parameters, sim::CoreBuild{},
      [](const std::string& text) { fmt::print(stderr, "apical: {}\n", text); });
  return std::make_unique<sim::RealView>(
      std::make_unique<sim::CoreIntegers>("rtl", std::move(program), parameters, std::move(library)));
}

std::unique_ptr<sim::SeparateMachine> make_tlm(const Config& config,
                                               std::shared_ptr<const fixedpoint::Program> program,
                                               const std::string& timeline, const std::string& waveform) {
  const sim::CoreParameters parameters = core_parameters(config, *program);
  const auto inputs = static_cast<std::size_t>(program->populations.front().units);
  const auto targets = static_cast<std::size_t>(program->output_population().units);
  return std::make_unique<sim::SeparateMachine>("tlm", inputs, targets, [&] {
    auto platform =
        std::make_unique<sim::TlmIntegers>("tlm", std::move(program), parameters, emulator_options(config));
    if (!timeline.empty()) platform->write_timeline(timeline);
    if (!waveform.empty()) platform->write_waveform(waveform);
    sim::SeparateMachine::Made made;
    made.finish = [platform = platform.get()] { platform->finish_traces(); };
    made.machine = std::make_unique<sim::RealView>(std::move(platform));
    return made;
  });
}

static void refuse_both(const Config& config) {
  if (config.machine == Machine::both)
    throw InputError("run.machine: \"both\"; accepted: golden, emulator, tlm, rtl");
}

void check_machine(const Config& config) {
  try {
    check(config);
    refuse_both(config);
    const std::vector<model::WeightMatrix> weights = starting_weights(config);
    if (config.machine == Machine::golden) {
      make_golden(config, weights);
      return;
    }
    auto program = compiled(config, weights);
    if (config.machine == Machine::emulator) {
      make_emulator(config, std::move(program));
      return;
    }
    const sim::CoreParameters parameters = core_parameters(config, *program);
    // Asks the tools that make a core for their versions.
    if (config.machine == Machine::rtl) sim::core_fingerprint(sim::find_core_sources(), parameters, {});
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
}

std::shared_ptr<const fixedpoint::Program> program_of(const Config& config,
                                                      const std::vector<model::WeightMatrix>& weights) {
  try {
    check(config);
    refuse_both(config);
    return config.machine == Machine::golden ? nullptr : compiled(config, weights);
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
}

std::unique_ptr<sim::Machine> make_machine(const Config& config,
                                           const std::vector<model::WeightMatrix>& weights,
                                           std::shared_ptr<const fixedpoint::Program> program) {
  try {
    if (config.machine == Machine::golden) return make_golden(config, weights);
    if (config.machine == Machine::tlm) return make_tlm(config, std::move(program));
    return (config.machine == Machine::rtl ? make_core : make_emulator)(config, std::move(program));
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
}

std::unique_ptr<sim::Machine> make_machine(const Config& config,
                                           const std::vector<model::WeightMatrix>& weights) {
  return make_machine(config, weights, program_of(config, weights));
}

}  // namespace apical::tools
