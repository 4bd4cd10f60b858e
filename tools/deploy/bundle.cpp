// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/bundle.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "hw/isa_names.hpp"
#include "sim/core/external_tools.hpp"
#include "tools/config/activation_file.hpp"
#include "tools/config/formats.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/raw_weights.hpp"
#include "tools/deploy/bundle_coverage.hpp"
#include "tools/deploy/bundle_reader.hpp"
#include "tools/deploy/bundle_testbench.hpp"
#include "tools/deploy/records.hpp"
#include "tools/report/version.hpp"
#include "tools/verify/corner_stimulus.hpp"

namespace apical::tools {
namespace {

// Comments say where something begins that a host must not do.
std::string script_text(const std::vector<sim::BusStep>& steps,
                        const std::vector<sim::Refusal>& refusals = {}) {
  std::string text =
      "// kind (0 write, 1 read and compare, 2 wait until STATUS is 0, f end), 0, register offset, value\n";
  auto next = refusals.begin();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (; next != refusals.end() && next->first_step == i; ++next)
      text += fmt::format("// {}: {}\n", i, next->name);
    text += sim::memory_word(steps[i]) + "\n";
  }
  return text;
}

nlohmann::ordered_json populations_json(const Bundle& b, const sim::CoreImage& image) {
  nlohmann::ordered_json all;
  for (std::size_t k = 0; k < b.program->populations.size(); ++k) {
    const fixedpoint::Population& p = b.program->populations[k];
    nlohmann::ordered_json one = {
        {"name", without_spaces(p.name)}, {"units", p.units}, {"first_unit", image.first_unit[k]}};
    for (std::size_t s = 0; s < fixedpoint::neuron_signals; ++s) {
      const auto signal = static_cast<fixedpoint::Signal>(s);
      if (k > 0 || signal == fixedpoint::Signal::rate)
        one["formats"][fixedpoint::name_of(signal)] = in_json(held_format(p, signal));
    }
    all.push_back(one);
  }
  return all;
}

nlohmann::ordered_json projections_json(const Bundle& b, const sim::CoreImage& image) {
  nlohmann::ordered_json all;
  const fixedpoint::Program& program = *b.program;
  for (std::size_t k = 0; k < program.projections.size(); ++k) {
    const fixedpoint::Projection& p = program.projections[k];
    const auto name = [&](int population) {
      return without_spaces(program.populations[static_cast<std::size_t>(population)].name);
    };
    const auto holder = static_cast<std::size_t>(holder_of(program, static_cast<int>(k)));
    all.push_back({{"name", without_spaces(p.name)},
                   {"source", name(p.source)},
                   {"target", name(p.target)},
                   {"rows", p.rows},
                   {"columns", p.columns},
                   {"bias", p.bias},
                   {"weights_of", without_spaces(program.projections[holder].name)},
                   {"first_word", image.first_block[k]},
                   {"negated", p.negated},
                   {"eta_frac", p.eta_frac},
                   {"weight", in_json(p.weight)},
                   {"step", in_json(p.step)}});
  }
  return all;
}

void add_coverage(const Bundle& b, nlohmann::ordered_json& manifest) {
  manifest["coverage"] = coverage_json(b);
  for (const auto& [quantiser, why] : b.unreachable)
    for (std::size_t c = 0; c < why.size(); ++c)
      if (!why[c].empty())
        manifest["out_of_reach"][fmt::format("layer{}", quantiser.second)]
                [fixedpoint::name_of(quantiser.first)][name_of(static_cast<fixedpoint::Corner>(c))] = why[c];
  if (!b.unreachable.empty()) manifest["missing"] = missing_corners(b.script.coverage, b.unreachable);
  manifest["not_exercised"] = nlohmann::ordered_json::array();
  for (const NotExercised& n : not_exercised(b))
    manifest["not_exercised"].push_back({{"what", n.what}, {"why", n.why}, {"possible", n.possible}});
  for (const sim::Refusal& r : b.script.refusals)
    manifest["refusals"].push_back(
        {{"name", r.name}, {"error", error_name(r.error)}, {"times", r.times}, {"first_step", r.first_step}});
}

// What an earlier bundle, and its Makefile, left in the folder.
std::vector<std::string> stale_files(const std::filesystem::path& folder) {
  std::vector<std::string> stale = listed_files(folder);
  if (stale.empty()) return stale;
  for (const char* made : {"verilated", "testbench.vvp", "verilator.log", "verilator.build.log",
                           "iverilog.log", "iverilog.build.log", "testbench.vcd"})
    stale.emplace_back(made);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "icarus", ignored))
    stale.push_back("icarus/" + entry.path().filename().string());
  stale.emplace_back("icarus");
  return stale;
}

}  // namespace

std::string error_name(std::uint32_t mask) {
  for (const reg::ErrorName& e : reg::error_names)
    if (e.mask == mask) return e.name;
  return "none";
}

std::string sha256(const std::string& text) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha256(), nullptr);
  std::string hexadecimal;
  for (unsigned int i = 0; i < size; ++i) hexadecimal += fmt::format("{:02x}", hash[i]);
  return hexadecimal;
}

std::vector<std::pair<std::string, int>> named(const sim::CoreParameters& core) {
  std::vector<std::pair<std::string, int>> values;
  for (const std::string& argument : core.arguments()) {
    const std::size_t equals = argument.find('=');  // "-GLANES=4"
    values.emplace_back(argument.substr(2, equals - 2), std::stoi(argument.substr(equals + 1)));
  }
  return values;
}

void write_bundle(Bundle b, const sim::CoreSources& sources, OutputFolder& folder) {
  b.script.load.push_back({sim::BusStep::end, 0, 0});
  const std::size_t checks = comparisons(b.script);
  std::map<std::string, std::string> files;
  std::vector<std::string> modules;
  for (const auto& entry : std::filesystem::directory_iterator(sources.rtl)) {
    const std::string name = entry.path().filename().string(), extension = entry.path().extension().string();
    if (extension != ".sv" && extension != ".svh") continue;
    files[name] = sim::content_of(entry.path());
    // The testbench drives the register port: it needs neither of the tops around the core.
    if (extension == ".sv" && name != "apical.sv" && name != "apical_bus.sv" && name != "apical_spi.sv")
      modules.push_back(name);
  }
  std::sort(modules.begin(), modules.end());
  files["testbench.v"] = testbench_text(b);
  files["load.memh"] = script_text(b.script.load);
  files["ticks.memh"] = script_text(b.script.ticks);
  files["errors.memh"] = script_text(b.script.errors, b.script.refusals);
  files["coverage.txt"] = coverage_text(b);
  files["configuration.toml"] = b.config.text;
  files["effective.txt"] = canonical(b.config);
  if (const auto& samples = b.config.network.activation.samples(); samples != nullptr)
    files["activation.csv"] = activation_csv(*samples);
  files.merge(weight_memories(*b.program));
  for (const auto& [name, text] : b.signals) files[name] = text;
  files["README.md"] = readme_text(b);
  files["files.f"] = files_text(modules);
  files["Makefile"] = makefile_text(b, modules, files.size() + 2);  // itself and the manifest

  const sim::CoreImage image = assemble(*b.program, b.parameters);
  nlohmann::ordered_json manifest;
  manifest["format"] = bundle_format;
  manifest["apical"] = provenance();
  manifest["profile"] = b.profile;
  manifest["config_digest"] = digest(b.config);
  manifest["seed"] = b.program->seed;
  manifest["ticks"] = b.script.digests.size();
  manifest["steps"] = {{"load.memh", b.script.load.size()},
                       {"ticks.memh", b.script.ticks.size()},
                       {"errors.memh", b.script.errors.size()}};
  manifest["comparisons"] = checks;
  for (const auto& [name, value] : named(b.parameters)) manifest["parameters"][name] = value;
  manifest["notes"] = loading_notes(b.config, *b.program);
  manifest["populations"] = populations_json(b, image);
  manifest["projections"] = projections_json(b, image);
  add_coverage(b, manifest);
  manifest["first_step_of_tick"] = b.script.first_step;
  manifest["state_digest_after_tick"] = b.script.digests;
  for (const auto& [name, text] : files) manifest["files"].push_back(name);
  files["manifest.json"] = manifest.dump(2) + "\n";
  std::string sums;
  for (const auto& [name, text] : files) sums += fmt::format("{}  {}\n", sha256(text), name);
  std::vector<std::string> stale = stale_files(folder.path());
  stale.erase(std::remove_if(stale.begin(), stale.end(),
                             [&](const std::string& name) { return files.count(name) > 0; }),
              stale.end());
  for (const auto& [name, text] : files) folder.write(name, text);
  folder.write("SHA256SUMS", sums);
  folder.commit(stale);
}

}  // namespace apical::tools
