// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/loading.hpp"
#include "tools/explore/optimise.hpp"
#include "tools/report/output_folder.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  ConfigArguments config;
  std::string out, budget = "accuracy=-0.5pt";
  OptimiseOptions options;
  bool json = false;
};

// Configurations of an earlier run with a longer front.
std::vector<std::string> stale(const fs::path& folder, std::size_t points) {
  std::vector<std::string> names;
  for (std::size_t i = points; fs::exists(folder / point_name(i)); ++i) names.push_back(point_name(i));
  return names;
}

int execute(Arguments a) {
  a.options.budget = parse_budget(a.budget);
  if (std::find(cost_names.begin(), cost_names.end(), a.options.cost) == cost_names.end())
    throw InputError(
        fmt::format("--cost: \"{}\"; accepted: {}", a.options.cost, fmt::join(cost_names, ", ")));
  a.options.profile.threads = a.options.threads;
  Config config = a.config.read();
  OutputFolder folder(a.out.empty() ? fs::path("out") / (fs::path(a.config.file).stem().string() +
                                                         "-optimise-" + a.options.cost)
                                    : fs::path(a.out));
  const Optimum o = optimise(config, a.options);
  say(loading_notes(config));
  if (!o.trouble.empty()) {
    fmt::print(stderr, "apical: {}: nothing to search: {}\n", config.source, o.trouble);
    return 1;
  }
  const std::string json = optimise_json(config, o, a.options);
  if (a.json)
    fmt::print("{}", json);
  else
    fmt::print("{}", optimise_text(o, a.options));
  if (o.front.empty()) {
    fmt::print(stderr,
               "apical: no point of the search kept the budget afterwards: a larger --seeds makes the search "
               "surer\n");
    return 1;
  }
  for (std::size_t i = 0; i < o.front.size(); ++i)
    folder.write(point_name(i), point_toml(config, o.front[i], o, a.options));
  const Figure figure = pareto_figure(o, a.options);
  draw(figure, folder.stage("pareto.svg"));
  folder.write("pareto.csv", pareto_csv(o));
  folder.write("optimise.json", json);
  folder.commit(stale(folder.path(), o.front.size()));
  if (!a.json) fmt::print("written to {}\n", folder.path().string());
  const bool shown = std::any_of(o.front.begin(), o.front.end(),
                                 [](const CostedPoint& p) { return p.decision.verdict == Verdict::yes; });
  if (!shown)
    fmt::print(
        stderr,
        "apical: undecided after {} seeds whether a point stays within the budget: a larger --most-seeds "
        "may tell\n",
        a.options.most);
  return shown ? 0 : 1;
}

}  // namespace

void add_optimise(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "optimise", "Search word lengths: accuracy against cost, a ready configuration per point of the front");
  add_config(*command, a->config);
  command->add_option("--budget", a->budget,
                      "accuracy=-POINTSpt: what may be lost against golden (default accuracy=-0.5pt)");
  command->add_option("--cost", a->options.cost,
                      "bits (of all memories), area (of a core with core.lanes, by a fit to synthesis) or "
                      "energy (per tick of training); "
                      "default bits");
  command->add_option("--seeds", a->options.seeds, "trainings per point of the search (default 2)")
      ->check(CLI::Range(1, 100));
  command
      ->add_option("--fresh", a->options.fresh,
                   "trainings per point of the front, with other seeds (default 3)")
      ->check(CLI::Range(1, 100));
  command
      ->add_option("--most-seeds", a->options.most,
                   "trainings of a point, on further seeds and test data, until its verdict (default 60)")
      ->check(CLI::Range(2, 10000));
  command
      ->add_option("--error", a->options.error,
                   "probability that a verdict is wrong, all of them taken together (default 0.05)")
      ->check(CLI::Range(1e-9, 0.499));
  command->add_option("--threads", a->options.threads, "trainings side by side (default 1)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--out", a->out,
                      "folder for point-N.toml, pareto.csv, pareto.svg, optimise.json (default: "
                      "out/<config>-optimise-<cost>)");
  command->add_flag("--json", a->json, "print optimise.json");
  command->footer(
      "Searches on validation data (task.validation, else a quarter of the training data), decides on test "
      "data.\n"
      "Exit status 1: no point was shown to keep the budget, or golden diverges.\n"
      "Example:\n  apical optimise tools/configs/digits8.toml --budget accuracy=-0.5pt --cost bits --threads "
      "2");
  command->callback([a, &status] { status = execute(*a); });
}

}  // namespace apical::tools
