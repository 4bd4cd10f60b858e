// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "sim/core/core_integers.hpp"
#include "sim/core/core_model.hpp"
#include "sim/platform/platform_integers.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/loading.hpp"
#include "tools/deploy/bundle_coverage.hpp"
#include "tools/deploy/replay.hpp"
#include "tools/deploy/signal_records.hpp"
#include "tools/verify/corner_stimulus.hpp"
#include "tools/verify/host_profile.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  ConfigArguments config;
  std::string profile = "smoke", out, folder, rtl, machine = "rtl";
  std::optional<std::uint64_t> ticks, weights_every;
  bool signals = false;
};

// Of profile corners, where nobody says how long: enough for every network that was tried, which end earlier.
constexpr std::uint64_t longest_search = 5000, corner_weights_every = 500;
constexpr std::uint64_t default_ticks = 8, default_weights_every = 8;

int export_bundle(const Arguments& a) {
  Bundle b;
  b.config = a.config.read();
  const Assignment given = prepare(b.config);
  const bool corners = a.profile == "corners", until_met = corners && !a.ticks;
  say(loading_notes(b.config, *given.program));
  const HostProfile profile = make_host_profile(a.profile, b.config, given);
  b.program = profile.program;
  b.unreachable = profile.unreachable;
  b.profile = a.profile;
  b.parameters = sim::required_parameters(*b.program, b.config.lanes);
  const auto all_met = [&](const fixedpoint::Coverage& met) {
    return missing_corners(met, b.unreachable).empty();
  };
  b.script = sim::record(b.program, b.parameters, profile.stimulus(),
                         a.ticks.value_or(until_met ? longest_search : default_ticks),
                         a.weights_every.value_or(corners ? corner_weights_every : default_weights_every),
                         until_met ? all_met : std::function<bool(const fixedpoint::Coverage&)>());
  b.met = sim::core_coverage(b.parameters, b.script);
  if (a.signals)
    b.signals = SignalRecords(b.program, profile.stimulus, b.script.digests.size(), b.script.digests).files();
  OutputFolder folder(a.out);
  write_bundle(b, sim::find_core_sources(), folder);
  fmt::print("{} ticks, {} accesses, state {} after the last: {}\n", b.script.digests.size(),
             b.script.load.size() + b.script.ticks.size() + b.script.errors.size(), b.script.digests.back(),
             folder.path().string());
  fmt::print("{}", coverage_text(b));
  return until_met && !missing_corners(b.script.coverage, b.unreachable).empty() ? 1 : 0;
}

// Runs `job` with the registers of the machine: the emulator's are those of its core model.
void on_machine(const Arguments& a, const sim::CoreParameters& parameters, std::uint64_t longest_access,
                const std::function<void(sim::RegisterPort&)>& job) {
  const bool circuits = a.machine == "rtl" || a.machine == "netlist";
  if (!circuits && !a.rtl.empty())
    throw InputError(fmt::format("--rtl: --machine is {}; accepted: with rtl or netlist", a.machine));
  if (a.machine == "tlm") return sim::TlmIntegers::with_registers(parameters, job);
  if (a.machine == "emulator") {
    sim::CoreModel core(parameters);
    sim::ModelPort port(core);
    return job(port);
  }
  sim::CoreSources sources = sim::find_core_sources();
  sources.rtl = std::filesystem::absolute(a.rtl.empty() ? a.folder : a.rtl);
  const auto say = [](const std::string& text) { fmt::print(stderr, "apical: {}\n", text); };
  sim::PluginPort port(std::make_shared<const sim::CoreLibrary>(
      sources, parameters, sim::CoreBuild{false, a.machine == "netlist"}, say));
  port.limit_access(longest_access);
  job(port);
}

int replay(const Arguments& a) {
  const ReadBundle bundle = read_bundle(a.folder);
  int status = 0;
  const bool circuits = a.machine == "rtl" || a.machine == "netlist";
  const std::uint64_t bound = circuits
                                  ? sim::clocks_to_wait(sim::longest_wait(
                                        bundle.parameters, {&bundle.load, &bundle.ticks, &bundle.errors}))
                                  : any_wait;
  on_machine(a, bundle.parameters, bound,
             [&](sim::RegisterPort& port) { status = replay_scripts(bundle, a.machine, port, bound); });
  return status;
}

}  // namespace

void add_vectors(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("vectors", "Reference vectors for other simulators and for silicon");
  command->require_subcommand(1);
  CLI::App* to =
      command->add_subcommand("export", "Write a self-contained bundle with a testbench in plain Verilog");
  add_config(*to, a->config);
  add_weights(*to, a->config);
  to->add_option("--out", a->out, "folder of the bundle")->required();
  to->add_option(
        "--ticks", a->ticks,
        fmt::format("ticks (default {}; corners: until all that can be met are, at most {}, status 1 where "
                    "some are still open)",
                    default_ticks, longest_search))
      ->check(CLI::Range(1u, 1000000u));
  to->add_option("--weights-every", a->weights_every,
                 fmt::format("ticks from one look at all weights to the next (default {}, corners {})",
                             default_weights_every, corner_weights_every))
      ->check(CLI::Range(1u, 1000000u));
  to->add_option(
        "--profile", a->profile,
        "smoke (default): the task's training, nudged in every tick, so that few of them learn; learning: "
        "the "
        "task's training; random: any inputs and targets; corners: weights, inputs, targets, nudges and "
        "rates "
        "searched so that every quantiser meets both limits and all ties, and why it can't meet the others; "
        "every export counts the values, limits and ties that it brings each quantiser to")
      ->check(CLI::IsMember(profile_names()));
  to->add_flag("--signals", a->signals,
               "also vectors for any RTL: per quantiser, pass, table and matrix the operands, exact values, "
               "random bits and results, and the state after every tick");
  to->footer(
      "Example:\n  apical vectors export tools/configs/digits8.toml --ticks 8 --out vectors && make -C "
      "vectors");
  to->callback([a, &status] { status = export_bundle(*a); });
  CLI::App* from = command->add_subcommand("replay",
                                           "Check a bundle, then play it on a machine of the ladder. With "
                                           "rtl and netlist the bundle's own Verilog is "
                                           "compiled and runs as a program of yours: bundles contain code");
  from->add_option("DIR", a->folder, "folder of the bundle")->required();
  from->add_option("--machine", a->machine, "emulator, tlm, rtl or netlist (default rtl)")
      ->check(CLI::IsMember({"emulator", "tlm", "rtl", "netlist"}));
  from->add_option("--rtl", a->rtl, "folder with another apical_core.sv than the bundle's");
  from->footer("Example:\n  apical vectors replay vectors");
  from->callback([a, &status] { status = replay(*a); });
}

}  // namespace apical::tools
