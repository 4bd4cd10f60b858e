// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "sim/machines/machine.hpp"
#include "tools/config/config.hpp"

namespace apical::sim {
class SeparateMachine;
}

namespace apical::tools {

/// [run] schedule and threads as the emulator takes them.
fixedpoint::EmulatorOptions emulator_options(const Config&);

/// The machines of a configuration. All throw std::invalid_argument for what it gets wrong.
std::unique_ptr<sim::Machine> make_golden(const Config&, const std::vector<model::WeightMatrix>& weights);
std::unique_ptr<sim::Machine> make_emulator(const Config&, std::shared_ptr<const fixedpoint::Program>);
std::unique_ptr<sim::Machine> emulator_with(const fixedpoint::EmulatorOptions&, const Config&,
                                            std::shared_ptr<const fixedpoint::Program>);
std::unique_ptr<sim::Machine> make_core(const Config&, std::shared_ptr<const fixedpoint::Program>);
/// The virtual platform, in a process of its own; finish() completes its traces, where files are named.
std::unique_ptr<sim::SeparateMachine> make_tlm(const Config&, std::shared_ptr<const fixedpoint::Program>,
                                               const std::string& timeline = "",
                                               const std::string& waveform = "");

/// Throws InputError where make_machine() would, but starts nothing: no process, no core that is built.
void check_machine(const Config&);
/// run.machine, golden, emulator, tlm or rtl, starting from `weights` as starting_weights() has them. Throws
/// InputError.
std::unique_ptr<sim::Machine> make_machine(const Config&, const std::vector<model::WeightMatrix>& weights);
/// Its two steps, for who wants to know the program: none on golden.
std::shared_ptr<const fixedpoint::Program> program_of(const Config&,
                                                      const std::vector<model::WeightMatrix>& weights);
std::unique_ptr<sim::Machine> make_machine(const Config&, const std::vector<model::WeightMatrix>& weights,
                                           std::shared_ptr<const fixedpoint::Program>);

}  // namespace apical::tools
