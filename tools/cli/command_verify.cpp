// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/core/core_integers.hpp"
#include "sim/dut/dut_integers.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/verify/compare.hpp"
#include "sim/verify/locate.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/loading.hpp"
#include "tools/report/progress.hpp"
#include "tools/verify/difference_waveform.hpp"
#include "tools/verify/dut_binding.hpp"
#include "tools/verify/host_profile.hpp"
#include "tools/verify/ladder.hpp"
#include "tools/verify/timing.hpp"
#include "tools/verify/verify_scope.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  ConfigArguments config;
  std::string upto = "rtl", rtl, dut, out, profile = "learning";
  std::uint64_t ticks = 200;
  int lanes = 0, programs = 50;
  bool json = false, timing = false, no_counters = false, no_waveform = false;
};

nlohmann::ordered_json in_json(const sim::Difference& d) {
  static constexpr const char* kinds[] = {"value", "retire", "stored", "counter", "stopped"};
  nlohmann::ordered_json json = {{"kind", kinds[static_cast<int>(d.kind)]},
                                 {"machine", d.machine},
                                 {"reference", d.reference},
                                 {"tick", d.tick},
                                 {"where", d.where},
                                 {"signal", d.signal},
                                 {"row", d.row},
                                 {"column", d.column},
                                 {"expected", d.expected},
                                 {"found", d.found},
                                 {"operations", d.operations}};
  if (!d.text.empty()) json["stopped"] = d.text;
  if (d.address) json["address"] = *d.address;
  if (d.clock > 0) json["clock"] = d.clock;
  return json;
}

// Clocks of the virtual platform against those of the Verilated core.
int time(const Arguments& a, const Config& config, std::uint64_t ticks) {
  say(loading_notes(config, *prepare(config).program));
  const std::vector<TimingResult> results = compare_timing(config, ticks, a.programs, config.seed, a.rtl);
  bool good = true;
  double worst = 0.0;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const TimingResult& r = results[i];
    good = good && r.equal_state && std::abs(r.error()) <= (i == 0 ? timing_bound : program_timing_bound);
    if (i > 0) worst = std::max(worst, std::abs(r.error()));
    json.push_back({{"name", r.name},
                    {"ticks", r.ticks},
                    {"approximate", r.approximate},
                    {"core", r.core},
                    {"error", r.error()},
                    {"worst_tick", r.worst},
                    {"equal_state", r.equal_state}});
    if (!a.json)
      fmt::print(
          "{:<26} {:>6} ticks  approximately timed {:>10} cycles, core {:>10}: {:+.4f}%, worst tick "
          "{:.4f}%{}\n",
          r.name, r.ticks, r.approximate, r.core, 100.0 * r.error(), 100.0 * r.worst,
          r.equal_state ? "" : ", other state");
  }
  if (a.json) fmt::print("{}\n", json.dump(2));
  if (!a.json && results.size() > 1)
    fmt::print(
        "{} random programs: at most {:.4f}% off (bounds: {:.0f}% over the training, {:.0f}% per program)\n",
        results.size() - 1, 100.0 * worst, 100.0 * timing_bound, 100.0 * program_timing_bound);
  return good ? 0 : 1;
}

using MakeStimulus = std::function<sim::Stimulus()>;

// A core tells what it writes; its memories may hold something else, which shows in sums and perhaps much
// later. What was written first of all that is wrong.
std::optional<sim::Difference> cause(const std::vector<Rung>& rungs, const MakeStimulus& stimulus,
                                     const std::vector<std::unique_ptr<sim::IntegerMachine>>& machines,
                                     const std::optional<sim::Difference>& difference) {
  for (std::size_t i = 1; i < machines.size(); ++i) {
    if (machines[i]->writes() == nullptr) continue;
    if (difference && (difference->machine != rungs[i].name || !difference->text.empty())) continue;
    const sim::Suspects suspects{[&] { return rungs.front().make({}); }, [&] { return rungs[i].make({}); },
                                 stimulus};
    const bool stored = sim::compare_stored(*machines.front(), *machines[i]).has_value();
    if (stored || (difference && difference->kind == sim::Difference::Kind::stored))
      fmt::print(stderr, "apical: {} parts from the others; playing it again to find where it begins\n",
                 rungs[i].name);
    std::optional<sim::Difference> first = difference;
    if (difference && difference->kind == sim::Difference::Kind::stored)
      if (auto found = sim::locate_operation(suspects, difference->tick)) {
        found->kind = difference->kind;
        first = found;
      }
    if (!stored && !difference) continue;
    const auto weight =
        stored ? sim::locate_stored(suspects, machines.front()->ticks()) : std::optional<sim::Difference>();
    if (weight && (!first || weight->tick < first->tick ||
                   (weight->tick == first->tick && weight->place < first->place)))
      first = weight;
    if (first) first->reference = rungs[i - 1].name;
    return first;
  }
  return difference;
}

// Runs all machines side by side; where they part, or what a memory holds that nobody told of.
std::optional<sim::Difference> climb(const Arguments& a, const std::vector<Rung>& rungs,
                                     const MakeStimulus& stimulus,
                                     std::vector<std::unique_ptr<sim::IntegerMachine>>& machines) {
  std::vector<sim::IntegerMachine*> pointers;
  for (const Rung& rung : rungs) try {
      machines.push_back(rung.make({}));
      pointers.push_back(machines.back().get());
    } catch (const sim::Stopped& stopped) {
      return sim::stopped_on_loading(rung.name, *pointers.back(), stopped);
    }
  Progress progress({"verify"});
  sim::LockstepOptions options;
  options.counters = !a.no_counters;
  options.progress = [&](std::uint64_t done) {
    progress.update(0, done, a.ticks, fmt::format("tick {}/{}", done, a.ticks));
  };
  std::optional<sim::Difference> difference = sim::run_lockstep(pointers, stimulus(), a.ticks, options);
  try {
    return cause(rungs, stimulus, machines, difference);
  } catch (const std::exception& error) {
    if (!difference) throw;
    fmt::print(stderr, "apical: where it begins wasn't found: {}\n", error.what());
    return difference;
  }
}

nlohmann::ordered_json summary(const std::vector<std::unique_ptr<sim::IntegerMachine>>& machines,
                               const std::optional<sim::Difference>& difference) {
  nlohmann::ordered_json all;
  for (const auto& machine : machines) {
    nlohmann::ordered_json one = {{"machine", machine->name()}};
    // One that doesn't answer any more isn't asked.
    const bool answers = !difference || difference->text.empty() || machine->name() != difference->machine;
    if (auto* core = dynamic_cast<sim::CoreIntegers*>(machine.get()); core != nullptr && answers) {
      one["clocks"] = core->clocks();
      one["cycles"] = core->read_register(sim::reg::cycles);
      one["lane_cycles"] = core->read_register(sim::reg::lane_cycles);
      one["events"] = core->read_register(sim::reg::events);
    }
    // A design that isn't all of the program has no digest of all of its state.
    if (dynamic_cast<sim::DutIntegers*>(machine.get()) != nullptr)
      one["clocks"] = machine->clocks();
    else if (answers)
      one["state_digest"] = sim::state_digest(*machine);
    all.push_back(one);
  }
  return all;
}

void print_machine(const nlohmann::ordered_json& one) {
  fmt::print(
      "{:<16} {}{}\n", one["machine"].get<std::string>(),
      one.contains("state_digest") ? one["state_digest"].get<std::string>()
      : one.contains("clocks") && !one.contains("cycles")
          ? fmt::format("{} clocks", one["clocks"].get<std::uint64_t>())
          : "stopped",
      one.contains("cycles")
          ? fmt::format("  {} cycles, {:.1f}% with busy lanes", one["cycles"].get<std::uint64_t>(),
                        100.0 * one["lane_cycles"].get<double>() / std::max(1.0, one["cycles"].get<double>()))
          : "");
}

// A waveform that can't be had doesn't take the difference away.
void show_waveform(const Arguments& a, const std::vector<Rung>& rungs, const sim::Stimulus& stimulus,
                   const sim::Difference& difference, nlohmann::ordered_json& json) {
  if (a.no_waveform) return;
  for (const Rung& rung : rungs) {
    if (rung.name != difference.machine || !rung.has_waveform) continue;
    try {
      const std::filesystem::path file = write_difference_waveform(
          rung, stimulus, difference,
          a.out.empty() ? std::filesystem::path("out") / std::filesystem::path(a.config.file).stem()
                        : std::filesystem::path(a.out));
      json["waveform"] = file.string();
      json["waveform_time"] = waveform_time(difference);
      if (!a.json) fmt::print("  waveform   {}, time {}\n", file.string(), waveform_time(difference));
    } catch (const std::exception& error) {
      json["no_waveform"] = error.what();
      fmt::print(stderr, "apical: no waveform: {}\n", error.what());
    }
  }
}

// What an option is about has to be there.
void refuse_combinations(const Arguments& a, const CLI::App& command) {
  const auto refuse = [&](std::initializer_list<const char*> options, const std::string& why) {
    for (const char* option : options)
      if (command.count(option) > 0) throw InputError(fmt::format("{}: {}", option, why));
  };
  if (!a.dut.empty())
    refuse({"--rtl", "--upto", "--lanes", "--timing", "--programs", "--no-counters"},
           "with --dut, which compares a design of your own with the emulator; accepted: without it");
  if (a.timing) {
    if (a.upto != "rtl") throw InputError(fmt::format("--upto: {} with --timing; accepted: rtl", a.upto));
    refuse({"--out", "--no-waveform", "--no-counters", "--profile"},
           "with --timing, which compares clocks alone; accepted: without --timing");
    return;
  }
  refuse({"--programs"}, "random programs are those of --timing; accepted: with --timing");
  if (a.upto == "emulator")
    refuse({"--lanes"}, "an emulator has none; accepted: with --upto tlm, rtl or netlist");
  if (a.upto == "emulator" || a.upto == "tlm")
    refuse({"--rtl", "--out", "--no-waveform", "--no-counters"},
           fmt::format("no Verilog runs with --upto {}; accepted: with --upto rtl or netlist", a.upto));
  if (a.no_waveform) refuse({"--out"}, "nothing is written there with --no-waveform; accepted: one of them");
}

void print_dut_scope(const Arguments& a, const sim::DutScope& scope, nlohmann::ordered_json& json) {
  json["compared"] = scope.compared;
  json["not_compared"] = scope.not_compared;
  json["not_driven"] = scope.not_driven;
  if (a.json) return;
  fmt::print("compared: {}\nnot compared: {}\n", fmt::join(scope.compared, ", "),
             scope.not_compared.empty() ? "nothing" : fmt::format("{}", fmt::join(scope.not_compared, ", ")));
  if (!scope.not_driven.empty())
    fmt::print("not driven, as the design has its own: {}\n", fmt::join(scope.not_driven, ", "));
}

void print_scope(const Arguments& a, const fixedpoint::Program& program, nlohmann::ordered_json& json) {
  const std::vector<std::string> unused = unused_features(program);
  json["unused_features"] = unused;
  if (!a.json) fmt::print("not used by this program: {}\n", fmt::join(unused, ", "));
  if (a.upto != "rtl" && a.upto != "netlist") return;
  const SimulatedModules modules = simulated_modules(chosen_sources(a.rtl).rtl);
  json["simulated_modules"] = modules.simulated;
  json["other_modules"] = modules.others;
  if (!a.json)
    fmt::print("simulated: {}\nnot simulated: {}\n", fmt::join(modules.simulated, ", "),
               fmt::join(modules.others, ", "));
}

int execute(const Arguments& a, const CLI::App& command) {
  refuse_combinations(a, command);
  Config config = a.config.read();
  if (a.lanes > 0) set_key(config, fmt::format("core.lanes={}", a.lanes), "--lanes");
  if (a.timing) try {
      return time(a, config, command.count("--ticks") > 0 ? a.ticks : 0);
    } catch (const sim::Stopped& stopped) {
      fmt::print(a.json ? stderr : stdout, "{}\n", stopped.what());
      return 1;
    }
  const Assignment given =
      prepare(config, a.upto == "emulator" || !a.dut.empty() ? Upto::emulator : Upto::core);
  const std::vector<std::string> notes = loading_notes(config, *given.program);
  say(notes);
  const HostProfile profile = make_host_profile(a.profile, config, given);
  std::shared_ptr<const sim::DutDescription> dut;
  if (!a.dut.empty()) dut = std::make_shared<const sim::DutDescription>(read_dut(a.dut, *profile.program));
  const std::vector<Rung> rungs = dut != nullptr ? ladder_of_dut(dut, profile.program)
                                                 : ladder(a.upto, a.rtl, config.lanes, profile.program);
  std::vector<std::unique_ptr<sim::IntegerMachine>> machines;
  const auto start = std::chrono::steady_clock::now();
  const std::optional<sim::Difference> difference = climb(a, rungs, profile.stimulus, machines);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  nlohmann::ordered_json json;
  json["ticks"] = machines[0]->ticks();
  json["equal"] = !difference;
  json["notes"] = notes;
  if (difference) json["difference"] = in_json(*difference);
  json["machines"] = summary(machines, difference);
  if (!a.json)
    for (const auto& one : json["machines"]) print_machine(one);
  if (difference) {
    // Before anything that may fail, or take long.
    fmt::print(a.json ? stderr : stdout, "{}", sim::describe(*difference));
    std::fflush(stdout);
    show_waveform(a, rungs, profile.stimulus(), *difference, json["difference"]);
  }
  if (dut != nullptr)
    print_dut_scope(a, sim::dut_scope(*profile.program, *dut), json);
  else if (!difference)
    print_scope(a, *profile.program, json);
  if (a.json) fmt::print("{}\n", json.dump(2));
  if (!difference && !a.json)
    fmt::print("equal in every bit{} after each of {} ticks, {:.1f} s\n",
               dut != nullptr ? " that is compared" : "", a.ticks, seconds);
  return difference ? 1 : 0;
}

}  // namespace

void add_verify(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("verify", "Climb the ladder of machines and compare all state every tick");
  add_config(*command, a->config);
  add_weights(*command, a->config);
  command->add_option("--upto", a->upto, "last rung: emulator, tlm, rtl or netlist (default rtl)")
      ->check(CLI::IsMember({"emulator", "tlm", "rtl", "netlist"}));
  command->add_option("--ticks", a->ticks, "ticks of training (default 200; with --timing one epoch)")
      ->check(CLI::Range(1u, 1u << 31));
  command->add_option("--lanes", a->lanes, "of the core: 1, 2, 4 .. 64 (default: core.lanes)");
  command->add_option("--rtl", a->rtl, "folder with another apical_core.sv and its modules: your design");
  command->add_option(
      "--dut", a->dut,
      "a design of your own instead: what describes it (tools/README.md, A design of your own)");
  command->add_option("--out", a->out, "folder for the waveform of a difference (default: out/<config>)");
  command
      ->add_option("--profile", a->profile,
                   "what the host plays: learning (default), smoke, random or corners, as vectors export")
      ->check(CLI::IsMember(profile_names()));
  command->add_flag("--no-counters", a->no_counters,
                    "don't compare the counters of tlm and core: for a design that takes other clocks");
  command->add_flag("--no-waveform", a->no_waveform, "don't write the waveform of a difference");
  command->add_flag("--timing", a->timing,
                    "compare the platform's cycles with the core's, on the training and on random programs");
  command->add_option("--programs", a->programs, "random programs of --timing (default 50)")
      ->check(CLI::Range(0, 10000));
  command->add_flag("--json", a->json, "print a table for programs");
  command->footer(
      "Examples:\n"
      "  apical verify tools/configs/digits8.toml --upto rtl --ticks 2000\n"
      "  apical verify tools/configs/digits8.toml --rtl my-core --lanes 16\n"
      "  apical verify sim/example/neuron_array/digits.toml --dut sim/example/neuron_array/dut.toml\n"
      "  apical verify tools/configs/digits8.toml --timing");
  command->callback([a, command, &status] { status = execute(*a, *command); });
}

}  // namespace apical::tools
