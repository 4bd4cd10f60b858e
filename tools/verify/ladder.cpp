// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/ladder.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "sim/core/core_integers.hpp"
#include "sim/dut/dut_integers.hpp"
#include "sim/platform/platform_integers.hpp"
#include "sim/verify/retiring_emulator.hpp"
#include "tools/report/messages.hpp"

namespace apical::tools {

sim::CoreSources chosen_sources(const std::string& rtl) {
  sim::CoreSources sources = sim::find_core_sources();
  if (rtl.empty()) return sources;
  if (!std::filesystem::exists(std::filesystem::path(rtl) / "apical_core.sv"))
    throw InputError(fmt::format("--rtl: {}; accepted: a folder with apical_core.sv", rtl));
  sources.rtl = std::filesystem::absolute(rtl);
  return sources;
}

namespace {

void say(const std::string& text) {
  fmt::print(stderr, "apical: {}\n", text);
}

// The one that tells what a core has to write, and when.
Rung dense_emulator(const std::shared_ptr<const fixedpoint::Program>& program) {
  fixedpoint::EmulatorOptions dense;
  dense.statistics = false;
  dense.schedule = fixedpoint::Schedule::dense;
  return {"emulator, dense", [program, dense](const RungUse&) {
            return std::make_unique<sim::RetiringEmulator>("emulator, dense", program, dense);
          }};
}

}  // namespace

std::vector<Rung> ladder_of_dut(const std::shared_ptr<const sim::DutDescription>& dut,
                                const std::shared_ptr<const fixedpoint::Program>& program) {
  const std::filesystem::path plugin = sim::find_core_sources().plugin.parent_path() / "dut";
  return {dense_emulator(program),
          {dut_rung,
           [=](const RungUse& use) -> std::unique_ptr<sim::IntegerMachine> {
             auto library = std::make_shared<const sim::DutLibrary>(*dut, plugin, use.waveform, say);
             return std::make_unique<sim::DutIntegers>(dut_rung, program, dut, library, use.file);
           },
           true}};
}

std::vector<Rung> ladder(const std::string& last, const std::string& rtl, int lanes,
                         const std::shared_ptr<const fixedpoint::Program>& program) {
  std::vector<Rung> rungs;
  fixedpoint::EmulatorOptions event;
  event.statistics = false;
  event.schedule = fixedpoint::Schedule::event;
  rungs.push_back(dense_emulator(program));
  rungs.push_back({"emulator, event", [program, event](const RungUse&) {
                     return std::make_unique<sim::EmulatorIntegers>("emulator, event", program, event);
                   }});
  if (last == "emulator") return rungs;
  const sim::CoreParameters parameters = sim::required_parameters(*program, lanes);
  rungs.push_back({"tlm", [program, parameters](const RungUse&) {
                     return std::make_unique<sim::TlmIntegers>("tlm", program, parameters);
                   }});
  if (last == "tlm") return rungs;
  const sim::CoreSources sources = chosen_sources(rtl);
  for (const std::string name : {"rtl", "netlist"}) {
    if (name == "netlist" && last != name) break;
    rungs.push_back({name,
                     [=](const RungUse& use) -> std::unique_ptr<sim::IntegerMachine> {
                       auto library = std::make_shared<const sim::CoreLibrary>(
                           sources, parameters, sim::CoreBuild{use.waveform, name == "netlist"}, say);
                       return std::make_unique<sim::CoreIntegers>(name, program, parameters, library,
                                                                  use.file);
                     },
                     true});
  }
  return rungs;
}

}  // namespace apical::tools
