// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/deploy.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <fstream>
#include <future>
#include <optional>

#include "sim/core/core_library.hpp"
#include "sim/core/external_tools.hpp"
#include "tools/config/imperfections.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/report/progress.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

std::string last_step(const fs::path& log) {
  std::ifstream file(log);
  std::string step, line;
  while (std::getline(file, line))
    if (line.rfind("step ", 0) == 0) step = line.substr(5);
  return step;
}

// Runs a script of hw/synthesis; false if it failed.
bool run_script(const Deployment& d, const fs::path& folder, const fs::path& log) {
  const fs::path script = d.target.folder / "synthesise";
  std::string command = fmt::format("FREQUENCY={}", d.options.frequency);
  if (!d.options.pins.empty()) command += " PINS=" + sim::shell_word(fs::absolute(d.options.pins).string());
  command += fmt::format(" {} {}", sim::shell_word(script.string()), sim::shell_word(folder.string()));
  for (const auto& [name, value] : d.parameters) command += fmt::format(" -D{}={}", name, value);
  Progress progress({d.target.name});
  std::future<bool> done = std::async(std::launch::async, [&] {
    try {
      sim::run_tools(command, log);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  });
  while (done.wait_for(std::chrono::milliseconds(300)) != std::future_status::ready) {
    const std::string step = last_step(log);
    progress.update(0, step.rfind("nextpnr", 0) == 0 ? 1 : 0, 2, step);
  }
  return done.get();
}

// Why the part doesn't take it, from what the script says was needed and is there.
[[noreturn]] void refuse_part(const Deployment& d, const json& table, const std::string& steps) {
  std::string reasons;
  for (const auto& [name, one] : table.at("resources").items()) {
    const int over = one.at("used").get<int>() - one.value("available", one.at("used").get<int>());
    if (over > 0)
      reasons += fmt::format("{}{}: {} needed, {} there, {} too many", reasons.empty() ? "" : "; ", name,
                             one["used"].get<int>(), one["available"].get<int>(), over);
  }
  if (!reasons.empty())
    throw DoesNotFit(fmt::format("{} doesn't fit {}: {}", d.config.source, d.target.name, reasons));
  if (table.contains("clock")) {
    const double best = table["clock"].at("achieved_mhz").get<double>();
    throw DoesNotFit(
        fmt::format("{} doesn't fit {}: clock: {:g} MHz needed, {:.2f} MHz reached, {:.2f} MHz too few "
                    "(--mhz asks for less)",
                    d.config.source, d.target.name, d.options.frequency, best, d.options.frequency - best));
  }
  throw std::runtime_error(fmt::format("{} can't be deployed; the tools said:\n{}", d.config.source,
                                       steps.substr(steps.size() > 1000 ? steps.size() - 1000 : 0)));
}

Target read_target(const fs::path& folder) {
  const fs::path file = folder / "target.toml";
  const auto missing = [&](const char* key) {
    return std::runtime_error(fmt::format("{}: {}: not given; accepted: {}", file.string(), key,
                                          "title, lanes, memory_bits, memory_name, parameters, results"));
  };
  Target t;
  t.name = folder.filename().string();
  t.folder = folder;
  try {
    const toml::table table = toml::parse_file(file.string());
    const auto number = [&](const char* key) {
      const std::optional<std::int64_t> value = table[key].value<std::int64_t>();
      if (!value || *value < 0) throw missing(key);
      return *value;
    };
    t.title = table["title"].value_or<std::string>("");
    t.lanes = static_cast<int>(number("lanes"));
    t.memory_bits = static_cast<std::uint64_t>(number("memory_bits"));
    t.memory_name = table["memory_name"].value_or<std::string>("memory");
    if (!table["parameters"].is_table()) throw missing("parameters");
    for (const auto& [name, value] : *table["parameters"].as_table())
      t.parameters[std::string(name.str())] = static_cast<int>(value.value_or<std::int64_t>(0));
    if (!table["results"].is_array()) throw missing("results");
    for (const toml::node& name : *table["results"].as_array())
      t.results.push_back(name.value_or<std::string>(""));
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(fmt::format("{}:{}: {}; accepted: TOML", file.string(),
                                         error.source().begin.line, error.description()));
  }
  return t;
}

}  // namespace

const std::vector<Target>& targets() {
  static const std::vector<Target> all = [] {
    std::vector<Target> found;
    for (const auto& entry : fs::directory_iterator(sim::find_core_sources().synthesis))
      if (fs::exists(entry.path() / "target.toml")) found.push_back(read_target(entry.path()));
    std::sort(found.begin(), found.end(), [](const Target& a, const Target& b) { return a.name < b.name; });
    return found;
  }();
  return all;
}

const Target& target_named(const std::string& name) {
  std::string accepted;
  for (const Target& t : targets()) {
    if (t.name == name) return t;
    accepted += (accepted.empty() ? "" : ", ") + t.name;
  }
  throw InputError(fmt::format("--target: \"{}\"; accepted: {}", name, accepted));
}

Deployment fit(const Config& config, const Target& target, int lanes, const DeployOptions& options) {
  Deployment d;
  d.config = config;
  d.target = target;
  d.options = options;
  const int chosen = lanes > 0 ? lanes : target.lanes > 0 ? target.lanes : config.lanes;
  try {
    check(config);
    refuse_imperfections(config, "a core");
    d.program = compiled(config, starting_weights(config));
    d.core = sim::required_parameters(*d.program, chosen);
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
  d.image = sim::assemble(*d.program, d.core);
  for (const std::string& argument : d.core.arguments()) {
    const std::size_t equals = argument.find('=');  // "-GLANES=4"
    d.parameters[argument.substr(2, equals - 2)] = std::stoi(argument.substr(equals + 1));
  }
  for (const auto& [name, value] : target.parameters) d.parameters[name] = value;

  const auto u64 = [](int x) { return static_cast<std::uint64_t>(x); };
  const std::uint64_t weights = u64(d.core.lanes) * u64(d.core.depth) * u64(d.core.ww);
  const std::uint64_t tables = u64(d.core.table) * u64(d.core.base + d.core.delta);
  if (target.memory_bits > 0 && weights + tables > target.memory_bits)
    throw DoesNotFit(fmt::format(
        "{} doesn't fit {}: {} bits: {} needed by the weights alone ({} of {} bits) and {} by the "
        "activation tables, {} there, {} too many",
        config.source, target.name, target.memory_name, weights, u64(d.core.lanes) * u64(d.core.depth),
        d.core.ww, tables, target.memory_bits, weights + tables - target.memory_bits));
  return d;
}

json synthesise(const Deployment& d, OutputFolder& out) {
  const sim::BuildFolder folder;
  const fs::path log = folder.path() / "steps.log";
  const bool success = run_script(d, folder.path(), log);
  const fs::path said = folder.path() / "resources.json";
  const std::string steps = sim::content_of(log);
  if (!fs::exists(said)) refuse_part(d, {{"resources", json::object()}}, steps);
  json table = json::parse(sim::content_of(said));
  if (!success) refuse_part(d, table, steps);
  // Yosys doesn't say that a disk was full.
  const std::string netlist = sim::content_of(folder.path() / "netlist.v");
  const std::size_t last = netlist.find_last_not_of(" \n");
  if (last == std::string::npos ||
      netlist.compare(last - std::min<std::size_t>(last, 8), 9, "endmodule") != 0 ||
      !nlohmann::json::accept(sim::content_of(folder.path() / "netlist.json")))
    throw std::runtime_error(
        fmt::format("{}: a netlist was cut short (a full disk?)", folder.path().string()));
  for (const std::string& name : d.target.results) out.copy(folder.path() / name, name);
  return table;
}

std::string resource_text(const Deployment& d, const json& table) {
  std::string text =
      fmt::format("{} on {}: {} lane{}, signals of {} bits, weights of {} bits\n", d.config.source,
                  d.target.name, d.core.lanes, d.core.lanes == 1 ? "" : "s", d.core.sw, d.core.ww);
  for (const auto& [name, one] : table.at("resources").items())
    text += one.contains("available")
                ? fmt::format("  {:<54} {:>9} of {:>6}\n", name, one["used"].get<std::uint64_t>(),
                              one["available"].get<std::uint64_t>())
                : fmt::format("  {:<54} {:>9}\n", name, one["used"].get<std::uint64_t>());
  if (table.contains("clock"))
    text += fmt::format("  {:<54} {:>9.2f} MHz, {:g} required (seed {})\n", "clock",
                        table["clock"]["achieved_mhz"].get<double>(),
                        table["clock"]["required_mhz"].get<double>(), table["clock"]["seed"].get<int>());
  return text;
}

}  // namespace apical::tools
