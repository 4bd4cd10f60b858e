#include "tools/machines.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "fixedpoint/compiler.hpp"
#include "sim/core_machine.hpp"
#include "sim/core_runner.hpp"
#include "sim/emulator_machine.hpp"
#include "sim/separate_machine.hpp"
#include "sim/systemc/platform_machine.hpp"
#include "tools/golden_machine.hpp"
#include "tools/imperfect_emulator.hpp"
#include "tools/imperfections.hpp"
#include "tools/microcircuit_machine.hpp"

namespace apical::tools {

std::unique_ptr<sim::Machine> make_golden(const Config& config,
                                          const std::vector<model::WeightMatrix>& weights) {
  if (config.circuit == "microcircuit")
    return std::make_unique<MicrocircuitMachine>(microcircuit_of(config), weights);
  model::GoldenSettings settings = drawn_settings(config);
  settings.activation = model::parse_activation(config.activation);
  return std::make_unique<GoldenMachine>(settings, weights, drawn_chip(config));
}

fixedpoint::EmulatorOptions emulator_options(const Config& config) {
  fixedpoint::EmulatorOptions how;
  how.threads = config.threads;
  how.schedule = config.schedule == "dense"   ? fixedpoint::Schedule::dense
                 : config.schedule == "event" ? fixedpoint::Schedule::event
                                              : fixedpoint::Schedule::automatic;
  return how;
}

std::unique_ptr<sim::Machine> make_emulator(const Config& config,
                                            std::shared_ptr<const fixedpoint::Program> program) {
  if (auto chip = drawn_chip(config))
    return std::make_unique<ImperfectEmulator>(std::move(program), std::move(chip), emulator_options(config));
  return std::make_unique<sim::EmulatorMachine>(std::move(program), emulator_options(config));
}

static sim::CoreParameters core_parameters(const Config& config, const fixedpoint::Program& program) {
  refuse_imperfections(config, fmt::format("run.machine \"{}\"", config.machine));
  return sim::required_parameters(program, config.lanes);
}

std::unique_ptr<sim::Machine> make_core(const Config& config,
                                        std::shared_ptr<const fixedpoint::Program> program) {
  const sim::CoreParameters parameters = core_parameters(config, *program);
  auto library = std::make_shared<const sim::CoreLibrary>(
      sim::find_core_sources(), parameters, sim::CoreBuild{},
      [](const std::string& text) { fmt::print(stderr, "apical: {}\n", text); });
  return std::make_unique<sim::CoreRunner>(
      std::make_unique<sim::CoreMachine>("rtl", std::move(program), parameters, std::move(library)));
}

std::unique_ptr<sim::SeparateMachine> make_tlm(const Config& config,
                                               std::shared_ptr<const fixedpoint::Program> program,
                                               const std::string& timeline, const std::string& waveform) {
  const sim::CoreParameters parameters = core_parameters(config, *program);
  const auto inputs = static_cast<std::size_t>(program->populations.front().units);
  const auto targets = static_cast<std::size_t>(program->output_population().units);
  return std::make_unique<sim::SeparateMachine>("tlm", inputs, targets, [&] {
    auto platform =
        std::make_unique<sim::TlmMachine>("tlm", std::move(program), parameters, emulator_options(config));
    if (!timeline.empty()) platform->write_timeline(timeline);
    if (!waveform.empty()) platform->write_waveform(waveform);
    sim::SeparateMachine::Made made;
    made.finish = [platform = platform.get()] { platform->finish_traces(); };
    made.machine = std::make_unique<sim::CoreRunner>(std::move(platform));
    return made;
  });
}

void check_machine(const std::string& name, const std::string& key) {
  if (name != "golden" && name != "emulator" && name != "tlm" && name != "rtl")
    throw InputError(fmt::format("{}: \"{}\"; accepted: golden, emulator, tlm, rtl", key, name));
}

std::unique_ptr<sim::Machine> make_machine(const Config& config,
                                           const std::vector<model::WeightMatrix>& weights) {
  try {
    check(config);
    check_machine(config.machine, "run.machine");
    if (config.machine == "golden") return make_golden(config, weights);
    auto program =
        std::make_shared<const fixedpoint::Program>(fixedpoint::compile(describe(config, weights)));
    if (config.machine == "tlm") return make_tlm(config, std::move(program));
    return (config.machine == "rtl" ? make_core : make_emulator)(config, std::move(program));
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error.what()));
  }
}

}  // namespace apical::tools
