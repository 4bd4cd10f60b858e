// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>

#include "tools/cli/commands.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/report/progress.hpp"
#include "tools/run/machines.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  std::vector<std::string> names, set;
  std::string machine = "golden", out = "out/experiments";
  bool all = false, quick = false, full = false;
};

std::string longer() {
  std::string names;
  for (const Experiment& e : experiments())
    if (!e.full.empty()) names += fmt::format("{}{}", names.empty() ? "" : ", ", e.name);
  return names;
}

int execute(const Arguments& a) {
  std::vector<const Experiment*> chosen;
  if (a.all != a.names.empty())
    throw InputError("experiment: names an experiment, or --all, and not both; see apical experiment --help");
  if (a.full && (a.quick || a.all))
    throw InputError("--full: with --quick or --all; accepted: names of experiments");
  for (const std::string& name : a.names) chosen.push_back(&find_experiment(name));
  if (a.all)
    for (const Experiment& e : experiments()) chosen.push_back(&e);
  const bool integers = a.machine != "golden";
  for (const Experiment* e : chosen)
    if (a.full && e->full.empty())
      throw InputError(fmt::format("--full: {} has no longer form; accepted: {}", e->name, longer()));
  for (const Experiment* e : chosen)
    if (integers && e->golden_only && !a.all)
      throw InputError(fmt::format("--machine: \"{}\" for {}; accepted: golden", a.machine, e->name));
  if (const auto machine = model::parse<Machine>(a.machine); !machine || machine == Machine::both)
    throw InputError(fmt::format("--machine: \"{}\"; accepted: golden, emulator, tlm, rtl", a.machine));
  OutputFolder folder{a.out};
  int status = 0;
  Progress progress({"experiments"});
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const Experiment& e = *chosen[i];
    if (integers && e.golden_only) {
      fmt::print("{}: left out, runs on golden only\n", e.name);
      continue;
    }
    progress.update(0, i, chosen.size(), e.name);
    Setting setting{parse_config(e.configuration, e.name), a.quick, a.full};
    if (a.full)
      for (const char* assignment : e.full) set_key(setting.config, assignment, "--full");
    for (const std::string& assignment : a.set) set_key(setting.config, assignment);
    set_key(setting.config, "run.machine=" + a.machine, "--machine");
    const Findings f = run_experiment(e, setting, folder.path());
    fmt::print("{} {}: {}\n", e.name, a.machine, f.passed() ? "holds" : "MISSED");
    for (const Check& c : f.checks)
      fmt::print("  {:<6} {:.4g} {} {:g}  {}\n", c.holds() ? "ok" : "MISSED", c.measured, c.relation, c.bound,
                 c.what);
    for (const auto& [what, value] : f.illustrations)
      fmt::print("  {:<6} {:.4g}  {} (illustration: no bound)\n", "", value, what);
    for (const auto& [what, measured] : f.numbers)
      if (!std::isfinite(measured)) fmt::print("  MISSED {}  {}\n", measured, what);
    std::fflush(stdout);
    if (!f.passed()) status = 1;
  }
  write_page(folder);
  fmt::print("report    {}\n", (folder.path() / "index.html").string());
  return status;
}

}  // namespace

void add_experiment(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("experiment", "Measure what the poster's panels claim");
  command->add_option("NAME", a->names, "experiments to run");
  command->add_flag("--all", a->all, "run all of them");
  command
      ->add_option("--machine", a->machine,
                   "golden, emulator, tlm or rtl (a Verilated core: slow, choose few)")
      ->capture_default_str();
  command->add_option("--out", a->out, "folder for MACHINE/NAME/ and the common report index.html")
      ->capture_default_str();
  command->add_flag("--quick", a->quick, "fewer points and shorter runs, the same bounds");
  command->add_flag("--full", a->full,
                    "on MNIST, with the training that its published figures need (" + longer() +
                        "); see tools/fetch-mnist");
  command
      ->add_option("--set", a->set,
                   "section.key=value on top of the experiment's configuration, as often as needed")
      ->take_all()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  std::string names = "Experiments:\n";
  for (const Experiment& e : experiments())
    names += fmt::format("  {:<24} panel {}: {}\n", e.name, e.panel, e.title);
  command->footer(names +
                  "Exit status: 0 all bounds hold, 1 one is missed, 2 bad usage.\nExamples:\n"
                  "  apical experiment prospective --machine emulator\n"
                  "  apical experiment --all --quick --out out/quick");
  command->callback([a, &status] { status = execute(*a); });
}

}  // namespace apical::tools
