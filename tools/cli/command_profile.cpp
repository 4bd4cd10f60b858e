// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/formats.hpp"
#include "tools/config/loading.hpp"
#include "tools/explore/profile.hpp"
#include "tools/report/output_folder.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  ConfigArguments config;
  std::string out;
  ProfileOptions options;
  bool json = false;
};

int execute(const Arguments& a) {
  Config config = a.config.read();
  const std::filesystem::path name = std::filesystem::path(a.config.file).stem();
  const Profile p = profile(config, a.options);
  say(loading_notes(config));
  if (!p.trouble.empty()) {
    fmt::print(stderr, "apical: {}: no formats follow: {}\n", config.source, p.trouble);
    return 1;
  }
  const std::string json = profile_json(config, p);
  if (!a.out.empty()) {
    Config proposed = config;
    proposed.formats = p.proposal;
    OutputFolder folder{std::filesystem::path(a.out)};
    const Figure figure = profile_figure(p);
    draw(figure, folder.stage("noise.svg"));
    folder.write("noise.csv", csv(figure));
    folder.write("profile.json", json);
    folder.write("proposal.toml",
                 as_toml(allowing_its_losses(proposed),
                         fmt::format("{} with the formats that apical profile proposes", name.string())));
    folder.commit();
  }
  if (a.json)
    fmt::print("{}", json);
  else
    fmt::print("{}{}", profile_text(p), format_tables(p.proposal));
  return 0;
}

}  // namespace

void add_profile(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "profile", "Range and noise of every signal over a training, and formats that follow from them");
  add_config(*command, a->config);
  add_weights(*command, a->config);
  command->add_option("--out", a->out, "folder for proposal.toml, profile.json, noise.svg, noise.csv");
  command
      ->add_option("--windows", a->options.windows,
                   "places in the training where noise is measured (default 4)")
      ->check(CLI::Range(1, 1000));
  command->add_option("--window-ticks", a->options.window_ticks, "ticks of learning at each (default 256)")
      ->check(CLI::Range(1u, 1u << 30));
  command
      ->add_option("--output-noise", a->options.output_noise,
                   "that the proposal aims at, share of the RMS of the output's voltage (default 0.05)")
      ->check(CLI::Range(1e-9, 1e3));
  command
      ->add_option("--change-noise", a->options.change_noise,
                   "likewise, share of the RMS of the change of the weights (default 0.2)")
      ->check(CLI::Range(1e-9, 1e3));
  command
      ->add_option("--headroom", a->options.headroom,
                   "of the proposal, factor on the largest magnitude seen (default 1.25)")
      ->check(CLI::Range(1.0, 1e6));
  command->add_option("--threads", a->options.threads, "windows side by side (default 1)")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option(
          "--tolerance", a->options.tolerance,
          "predict the bits of weights and membranes for so many points of accuracy lost, or percent of "
          "the mean squared error; training then holds validation data back")
      ->check(CLI::Range(1e-6, 1e6));
  command->add_flag("--json", a->json, "print profile.json");
  command->footer(
      "Exit status 1: the training diverges, or no format holds what it takes; nothing is written.\n"
      "Standard output ends with a [formats] table to paste.\n"
      "Example:\n  apical profile tools/configs/digits8.toml --out out/digits8-profile");
  command->callback([a, &status] { status = execute(*a); });
}

}  // namespace apical::tools
