#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/core_machine.hpp"
#include "sim/core_model.hpp"
#include "sim/external_tools.hpp"
#include "sim/systemc/platform_machine.hpp"
#include "tools/bundle.hpp"
#include "tools/commands.hpp"
#include "tools/corner_stimulus.hpp"
#include "tools/stimulus.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  std::string config, profile = "smoke", out, folder, rtl, machine = "rtl";
  std::vector<std::string> set;
  std::uint64_t ticks = 8, weights_every = 8;
};

// One line per quantiser: how often each corner was met.
void print_coverage(const Bundle& b) {
  using fixedpoint::Corner;
  fmt::print("{:<18}", "quantiser");
  for (std::size_t c = 0; c < fixedpoint::corner_count; ++c)
    fmt::print("{:>20}", name_of(static_cast<Corner>(c)));
  fmt::print("\n");
  for (const auto& [quantiser, counts] : b.script.coverage.counts()) {
    const auto& [signal, layer] = quantiser;
    fmt::print("{:<18}", fmt::format("{} of layer {}", name_of(signal), layer));
    const auto proof = b.unreachable.find(quantiser);
    for (std::size_t c = 0; c < counts.size(); ++c)
      fmt::print("{:>20}", counts[c] == 0 && proof != b.unreachable.end() && !proof->second[c].empty()
                               ? "out of reach"
                               : std::to_string(counts[c]));
    fmt::print("\n");
  }
  if (b.unreachable.empty()) return;
  const std::vector<std::string> missing = missing_corners(b.script.coverage, b.unreachable);
  fmt::print("{} corners are neither met nor proven to be out of reach{}\n", missing.size(),
             missing.empty() ? "" : "; more ticks may meet them:");
  for (const std::string& corner : missing) fmt::print("  {}\n", corner);
}

int export_bundle(const Arguments& a) {
  Bundle b;
  b.config = read_config(a.config);
  for (const std::string& assignment : a.set) set_key(b.config, assignment);
  const Assignment given = prepare(b.config, "");
  b.program = a.profile == "corners" ? with_corner_weights(*given.program) : given.program;
  b.profile = a.profile;
  b.version = APICAL_VERSION;
  b.parameters = sim::required_parameters(*b.program, b.config.lanes);
  if (a.profile == "corners") b.unreachable = fixedpoint::prove_corners(*b.program);
  const sim::Stimulus stimulus = a.profile == "corners"
                                     ? make_corner_stimulus(b.program, b.unreachable, b.config.seed)
                                 : a.profile == "random" ? make_random_stimulus(b.program, b.config.seed)
                                                         : make_stimulus(b.config, *given.task, b.program);
  b.script = sim::record(b.program, b.parameters, stimulus, a.ticks, a.weights_every);
  OutputFolder folder(a.out);
  write_bundle(b, sim::find_core_sources(), folder);
  fmt::print("{} ticks, {} accesses, state {} after the last: {}\n", a.ticks,
             b.script.load.size() + b.script.ticks.size(), b.script.digests.back(), folder.path().string());
  print_coverage(b);
  return 0;
}

// Plays both scripts; 1 at the first word that isn't as expected.
int play_scripts(const Arguments& a, const nlohmann::json& manifest, sim::RegisterPort& port) {
  std::size_t checks = 0;
  for (const char* name : {"load.memh", "ticks.memh"}) {
    const std::vector<sim::BusStep> steps =
        sim::read_steps((std::filesystem::path(a.folder) / name).string());
    if (const auto wrong = sim::play(port, steps)) {
      const auto first = manifest.at("first_step_of_tick").get<std::vector<std::size_t>>();
      std::size_t tick = 0;
      while (tick + 1 < first.size() && first[tick + 1] <= wrong->first) ++tick;
      fmt::print("{} differs: {} step {} (tick {}): register {:#04x}: expected {:#010x}, read {:#010x}\n",
                 a.machine, name, wrong->first, tick, steps[wrong->first].offset, steps[wrong->first].value,
                 wrong->second);
      return 1;
    }
    for (const sim::BusStep& step : steps) checks += step.kind == sim::BusStep::expect;
  }
  fmt::print("{} is as expected in all of {} comparisons\n", a.machine, checks);
  return 0;
}

// Runs `job` with the registers of the machine: the emulator's are those of its core model.
void on_machine(const Arguments& a, const sim::CoreParameters& parameters,
                const std::function<void(sim::RegisterPort&)>& job) {
  const bool circuits = a.machine == "rtl" || a.machine == "netlist";
  if (!circuits && !a.rtl.empty())
    throw InputError(fmt::format("--rtl: --machine is {}; accepted: with rtl or netlist", a.machine));
  if (a.machine == "tlm") return sim::TlmMachine::with_registers(parameters, job);
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
  job(port);
}

int replay(const Arguments& a) {
  const std::filesystem::path folder(a.folder);
  nlohmann::json manifest;
  sim::CoreParameters parameters;
  try {
    manifest = nlohmann::json::parse(sim::content_of(folder / "manifest.json"));
    parameters = sim::parameters_from(manifest.at("parameters").get<std::map<std::string, int>>());
  } catch (const std::exception& error) {
    throw InputError(
        fmt::format("{}: {}; accepted: a folder that `apical vectors export` wrote", a.folder, error.what()));
  }
  for (const auto& [name, sum] : manifest.at("sha256").items())
    if (sha256(sim::content_of(folder / name)) != sum.get<std::string>())
      fmt::print(stderr, "apical: {}: not the file that was exported (SHA-256)\n", (folder / name).string());
  int status = 0;
  on_machine(a, parameters, [&](sim::RegisterPort& port) { status = play_scripts(a, manifest, port); });
  return status;
}

}  // namespace

void add_vectors(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("vectors", "Reference vectors for other simulators and for silicon");
  command->require_subcommand(1);
  CLI::App* to =
      command->add_subcommand("export", "Write a self-contained bundle with a testbench in plain Verilog");
  to->add_option("CONFIG", a->config, "configuration file")->required();
  to->add_option("--out", a->out, "folder of the bundle")->required();
  to->add_option("--ticks", a->ticks, "ticks (default 8)")->check(CLI::Range(1u, 1000000u));
  to->add_option("--weights-every", a->weights_every,
                 "ticks from one look at all weights to the next (default 8)")
      ->check(CLI::Range(1u, 1000000u));
  to->add_option(
        "--profile", a->profile,
        "smoke, learning: the task's training; random: any inputs and targets; corners: weights, inputs, "
        "targets, nudges and rates searched so that every quantiser meets both limits and all ties, and why "
        "it "
        "can't meet the others; every export counts the limits and ties that it brings each quantiser to")
      ->check(CLI::IsMember({"smoke", "learning", "random", "corners"}));
  to->add_option("--set", a->set, "section.key=value, as often as needed")
      ->take_all()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  to->footer(
      "Example:\n  apical vectors export tools/configs/digits8.toml --ticks 8 --out vectors && make -C "
      "vectors");
  to->callback([a, &status] { status = export_bundle(*a); });
  CLI::App* from = command->add_subcommand("replay", "Play a bundle on a machine of the ladder");
  from->add_option("DIR", a->folder, "folder of the bundle")->required();
  from->add_option("--machine", a->machine, "emulator, tlm, rtl or netlist (default rtl)")
      ->check(CLI::IsMember({"emulator", "tlm", "rtl", "netlist"}));
  from->add_option("--rtl", a->rtl, "folder with another apical_core.sv than the bundle's");
  from->footer("Example:\n  apical vectors replay vectors");
  from->callback([a, &status] { status = replay(*a); });
}

}  // namespace apical::tools
