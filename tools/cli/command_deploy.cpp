// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/core/core_library.hpp"
#include "sim/core/external_tools.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/loading.hpp"
#include "tools/deploy/deploy.hpp"
#include "tools/deploy/firmware.hpp"
#include "tools/report/version.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  ConfigArguments config;
  std::string target, out;
  int lanes = 0;
  DeployOptions options;
};

nlohmann::ordered_json described(const Deployment& d, const nlohmann::ordered_json& table,
                                 const std::map<std::string, std::string>& images) {
  nlohmann::ordered_json json;
  json["apical"] = provenance();
  json["config"] = d.config.source;
  json["config_digest"] = digest(d.config);
  json["target"] = d.target.name;
  json["top"] = "apical_spi";
  json["parameters"] = d.parameters;
  json.update(table);
  json["notes"] = loading_notes(d.config, *d.program);
  for (const auto& image : images) json["memory_images"].push_back(image.first);
  return json;
}

int execute(const Arguments& a) {
  const Target& target = target_named(a.target);
  Config config = a.config.read();
  if (a.lanes > 0) set_key(config, fmt::format("core.lanes={}", a.lanes), "--lanes");
  if (!a.options.pins.empty() && !fs::exists(a.options.pins))
    throw InputError(fmt::format("--pcf: {}; accepted: a file of pin constraints", a.options.pins));
  try {
    const Deployment d = fit(config, target, a.lanes, a.options);
    say(loading_notes(d.config, *d.program));
    OutputFolder out(a.out.empty()
                         ? fs::path("out") / (fs::path(a.config.file).stem().string() + "-" + a.target)
                         : fs::path(a.out));
    const nlohmann::ordered_json table = synthesise(d, out);
    const auto images = memory_images(d);
    for (const auto& [name, text] : images) out.write(name, text);
    const fs::path hw = sim::find_core_sources().rtl.parent_path();
    for (const char* name : {"apical_registers.h", "firmware/apical_spi.h", "firmware/apical_spi.c"})
      out.write(fs::path(name).filename().string(), sim::content_of(hw / name));
    out.write("apical_deployment.h", firmware_header(d));
    const std::string text = resource_text(d, table);
    out.write("deployment.txt", text);
    out.write("deployment.json", described(d, table, images).dump(2) + "\n");
    out.commit();
    fmt::print("{}written to {}\n", text, out.path().string());
  } catch (const DoesNotFit& refusal) {
    fmt::print(stderr, "apical: {}\n", refusal.what());
    return 1;
  }
  return 0;
}

// Every command comes by here: what is wrong with hw/synthesis concerns `deploy` alone, which says it when it
// runs.
std::string names_of_targets() {
  try {
    std::string names;
    for (const Target& t : targets()) names += (names.empty() ? "one of " : ", ") + t.name;
    return names;
  } catch (const std::exception&) {
    return "a folder of hw/synthesis";
  }
}

}  // namespace

void add_deploy(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "deploy", "Fit a core to a configuration and a part: netlist, bitstream, resources, firmware header");
  add_config(*command, a->config);
  add_weights(*command, a->config);
  command->add_option("--target", a->target, names_of_targets())->required();
  command->add_option("--out", a->out, "folder (default: out/<config>-<target>)");
  command->add_option("--lanes", a->lanes,
                      "of the core: 1, 2, 4 .. 64 (default: the target's, or core.lanes)");
  command->add_option("--mhz", a->options.frequency, "clock that a part has to reach (default 20)")
      ->check(CLI::Range(1.0, 1000.0));
  command->add_option("--pcf", a->options.pins, "pins of a part (default: the target's own in hw/synthesis)");
  command->footer(
      "Exit status 1: it doesn't fit, and why.\n"
      "Example:\n  apical deploy tools/configs/digits8-up5k.toml --target ice40-up5k --out out/up5k");
  command->callback([a, &status] { status = execute(*a); });
}

}  // namespace apical::tools
