#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/core_machine.hpp"
#include "sim/core_map.hpp"
#include "sim/emulator_integers.hpp"
#include "sim/systemc/platform_machine.hpp"
#include "tools/commands.hpp"
#include "tools/progress.hpp"
#include "tools/stimulus.hpp"
#include "tools/timing.hpp"

namespace apical::tools {
namespace {

constexpr std::uint64_t ticks_before = 2, ticks_after = 1;  // of a waveform around a difference

struct Arguments {
  std::string config, upto = "rtl", rtl, out, weights;
  std::vector<std::string> set;
  std::uint64_t ticks = 200;
  int lanes = 0, programs = 50;
  bool json = false, timing = false;
};

using Maker = std::function<std::unique_ptr<sim::IntegerMachine>(bool waveform)>;

struct Rung {
  std::string name;
  Maker make;
};

// The ladder below the golden model: each rung is compared with the one before it.
std::vector<Rung> ladder(const Arguments& a, int lanes,
                         const std::shared_ptr<const fixedpoint::Program>& program) {
  std::vector<Rung> rungs;
  const auto emulator = [&](const char* name, fixedpoint::Schedule schedule) {
    rungs.push_back({name, [program, name, schedule](bool) {
                       fixedpoint::EmulatorOptions how;
                       how.schedule = schedule;
                       how.statistics = false;
                       return std::make_unique<sim::EmulatorIntegers>(name, program, how);
                     }});
  };
  emulator("emulator, dense", fixedpoint::Schedule::dense);
  emulator("emulator, event", fixedpoint::Schedule::event);
  if (a.upto == "emulator") return rungs;
  rungs.push_back({"tlm", [program, lanes](bool) {
                     return std::make_unique<sim::TlmMachine>("tlm", program,
                                                              sim::required_parameters(*program, lanes));
                   }});
  if (a.upto == "tlm") return rungs;
  sim::CoreSources sources = sim::find_core_sources();
  if (!a.rtl.empty()) {
    if (!std::filesystem::exists(std::filesystem::path(a.rtl) / "apical_core.sv"))
      throw InputError(fmt::format("--rtl: {}; accepted: a folder with apical_core.sv", a.rtl));
    sources.rtl = std::filesystem::absolute(a.rtl);
  }
  const sim::CoreParameters parameters = sim::required_parameters(*program, lanes);
  for (const std::string name : {"rtl", "netlist"}) {
    if (name == "netlist" && a.upto != name) break;
    rungs.push_back({name, [=](bool waveform) -> std::unique_ptr<sim::IntegerMachine> {
                       auto library = std::make_shared<const sim::CoreLibrary>(
                           sources, parameters, sim::CoreBuild{waveform, name == "netlist"},
                           [](const std::string& text) { fmt::print(stderr, "apical: {}\n", text); });
                       return std::make_unique<sim::CoreMachine>(name, program, parameters, library);
                     }});
  }
  return rungs;
}

// Runs the machine that parted once more, with a waveform around the tick.
std::string write_waveform(const Rung& rung, const sim::Stimulus& stimulus, std::uint64_t tick,
                           const std::filesystem::path& folder) {
  const auto machine = rung.make(true);
  std::filesystem::create_directories(folder);
  const std::filesystem::path file = folder / "difference.fst", staged = folder / ".difference.fst";
  const std::uint64_t first = tick > ticks_before ? tick - ticks_before : 0;
  for (std::uint64_t t = 0; t <= tick + ticks_after; ++t) {
    if (t == first && !machine->waveform(staged.string())) return "";
    sim::advance(*machine, stimulus());
  }
  machine->waveform("");
  std::filesystem::rename(staged, file);
  return file.string();
}

nlohmann::ordered_json in_json(const sim::Difference& d) {
  return {{"machine", d.machine},      {"reference", d.reference}, {"tick", d.tick},
          {"where", d.where},          {"signal", d.signal},       {"row", d.row},
          {"column", d.column},        {"expected", d.expected},   {"found", d.found},
          {"operations", d.operations}};
}

// Clocks of the virtual platform against those of the Verilated core.
int time(const Arguments& a, const Config& config, std::uint64_t ticks) {
  const std::vector<TimingResult> results = compare_timing(config, a.weights, ticks, a.programs, config.seed);
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

int execute(const Arguments& a, const CLI::App& command) {
  Config config = read_config(a.config);
  for (const std::string& assignment : a.set) set_key(config, assignment);
  if (a.lanes > 0) set_key(config, fmt::format("core.lanes={}", a.lanes), "--lanes");
  if (a.timing) return time(a, config, command.count("--ticks") > 0 ? a.ticks : 0);
  const auto [task, program] = prepare(config, a.weights);
  const std::vector<Rung> rungs = ladder(a, config.lanes, program);
  std::vector<std::unique_ptr<sim::IntegerMachine>> machines;
  std::vector<sim::IntegerMachine*> pointers;
  for (const Rung& rung : rungs) {
    machines.push_back(rung.make(false));
    pointers.push_back(machines.back().get());
  }
  const auto stimulus = [&, &task = task, &program = program] {
    return make_stimulus(config, *task, program);
  };
  std::optional<sim::Difference> difference;
  const auto start = std::chrono::steady_clock::now();
  {
    Progress progress({"verify"});
    difference = sim::run_lockstep(pointers, stimulus(), a.ticks, [&](std::uint64_t done) {
      progress.update(0, done, a.ticks, fmt::format("tick {}/{}", done, a.ticks));
    });
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  nlohmann::ordered_json json;
  json["ticks"] = machines[0]->ticks();
  json["equal"] = !difference;
  for (auto& machine : machines) {
    nlohmann::ordered_json one = {{"machine", machine->name()}};
    // Of a core the memory itself, not what its retire port told.
    if (auto* core = dynamic_cast<sim::CoreMachine*>(machine.get()); core != nullptr) {
      for (int k = 0; k < static_cast<int>(program->projections.size()) && !difference; ++k)
        if (core->read_weights(k) != core->weights(k))
          throw std::runtime_error(
              fmt::format("{}: W{} in memory isn't what the retire port told", core->name(), k + 1));
      one["clocks"] = core->clocks();
      one["cycles"] = core->read_register(sim::reg::cycles);
      one["lane_cycles"] = core->read_register(sim::reg::lane_cycles);
      one["events"] = core->read_register(sim::reg::events);
    }
    one["state_digest"] = sim::state_digest(*machine);
    json["machines"].push_back(one);
  }
  std::string waveform;
  if (difference) {
    for (const Rung& rung : rungs)
      if (rung.name == difference->machine && (rung.name == "rtl" || rung.name == "netlist"))
        waveform = write_waveform(rung, stimulus(), difference->tick,
                                  a.out.empty()
                                      ? std::filesystem::path("out") / std::filesystem::path(a.config).stem()
                                      : std::filesystem::path(a.out));
    json["difference"] = in_json(*difference);
    if (!waveform.empty()) json["difference"]["waveform"] = waveform;
  }
  if (a.json) {
    fmt::print("{}\n", json.dump(2));
    return difference ? 1 : 0;
  }
  for (const auto& one : json["machines"])
    fmt::print("{:<16} {}{}\n", one["machine"].get<std::string>(), one["state_digest"].get<std::string>(),
               one.contains("cycles")
                   ? fmt::format("  {} cycles, {:.1f}% with busy lanes", one["cycles"].get<std::uint64_t>(),
                                 100.0 * one["lane_cycles"].get<double>() /
                                     std::max(1.0, one["cycles"].get<double>()))
                   : "");
  if (!difference) {
    fmt::print("equal in every bit after each of {} ticks, {:.1f} s\n", a.ticks, seconds);
    return 0;
  }
  fmt::print("{}", sim::describe(*difference));
  if (!waveform.empty()) fmt::print("  waveform   {}\n", waveform);
  return 1;
}

}  // namespace

void add_verify(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("verify", "Climb the ladder of machines and compare all state every tick");
  command->add_option("CONFIG", a->config, "configuration file")->required();
  command->add_option("--upto", a->upto, "last rung: emulator, tlm, rtl or netlist (default rtl)")
      ->check(CLI::IsMember({"emulator", "tlm", "rtl", "netlist"}));
  command->add_option("--ticks", a->ticks, "ticks of training (default 200; with --timing one epoch)")
      ->check(CLI::Range(1u, 1u << 31));
  command->add_option("--lanes", a->lanes, "of the core: 1, 2, 4 .. 64 (default: core.lanes)");
  command->add_option("--rtl", a->rtl, "folder with another apical_core.sv and its modules: your design");
  command->add_option("--set", a->set, "section.key=value, as often as needed")
      ->take_all()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--weights", a->weights, "HDF5 file with /weights/W1.. to start from");
  command->add_option("--out", a->out, "folder for the waveform of a difference (default: out/<config>)");
  command->add_flag("--timing", a->timing,
                    "compare the platform's cycles with the core's, on the training and on random programs");
  command->add_option("--programs", a->programs, "random programs of --timing (default 50)")
      ->check(CLI::Range(0, 10000));
  command->add_flag("--json", a->json, "print a table for programs");
  command->footer(
      "Examples:\n"
      "  apical verify tools/configs/digits8.toml --upto rtl --ticks 2000\n"
      "  apical verify tools/configs/digits8.toml --rtl my-core --lanes 16\n"
      "  apical verify tools/configs/digits8.toml --timing");
  command->callback([a, command, &status] { status = execute(*a, *command); });
}

}  // namespace apical::tools
