#include "tools/deploy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <regex>

#include "fixedpoint/compiler.hpp"
#include "sim/core_library.hpp"
#include "sim/external_tools.hpp"
#include "tools/imperfections.hpp"
#include "tools/progress.hpp"
#include "tools/run.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

// Transistors of static CMOS cells; a NAND2, the unit of gate equivalents, has 4. Flip-flops are two latches
// of transmission gates with their inverters and clock buffers.
const std::map<std::string, int> transistors = {
    {"$_NOT_", 2},  {"$_NAND_", 4}, {"$_NOR_", 4},    {"$_AOI3_", 6},     {"$_OAI3_", 6},
    {"$_AOI4_", 8}, {"$_OAI4_", 8}, {"$_DFF_P_", 24}, {"$_DFF_PN0_", 28}, {"$_DFF_PN1_", 28}};

// What nextpnr calls the resources of an iCE40, and what its data sheet does.
const std::vector<std::pair<const char*, const char*>> ice40_names = {
    {"ICESTORM_LC", "LC (logic cells)"},
    {"ICESTORM_RAM", "EBR (block RAM of 4,096 bits)"},
    {"ICESTORM_SPRAM", "SPRAM (RAM of 262,144 bits)"},
    {"ICESTORM_DSP", "DSP (multipliers)"},
    {"SB_IO", "pins"}};

std::string last_step(const fs::path& log) {
  std::ifstream file(log);
  std::string step, line;
  while (std::getline(file, line))
    if (line.rfind("step ", 0) == 0) step = line.substr(5);
  return step;
}

// Runs a script of hw/synthesis; false if it failed.
bool run_script(const Deployment& d, const fs::path& folder, const fs::path& log) {
  const fs::path script = sim::find_core_sources().rtl.parent_path() / "synthesis" / d.target.script;
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

// What nextpnr says it used, whether or not it got through.
json part_resources(const std::string& log) {
  json resources;
  for (const auto& [name, meaning] : ice40_names) {
    std::smatch match;
    if (std::regex_search(log, match, std::regex(fmt::format(R"({}:\s*(\d+)/\s*(\d+))", name))))
      resources[meaning] = {{"used", std::stoi(match[1])}, {"available", std::stoi(match[2])}};
  }
  return resources;
}

[[noreturn]] void refuse_part(const Deployment& d, const json& resources, const std::string& log,
                              const std::string& steps) {
  std::string reasons;
  for (const auto& [name, one] : resources.items())
    if (const int over = one["used"].get<int>() - one["available"].get<int>(); over > 0)
      reasons += fmt::format("{}{}: {} needed, {} there, {} too many", reasons.empty() ? "" : "; ", name,
                             one["used"].get<int>(), one["available"].get<int>(), over);
  if (!reasons.empty())
    throw DoesNotFit(fmt::format("{} doesn't fit {}: {}", d.config.source, d.target.name, reasons));
  double best = 0.0;
  const std::regex frequency(R"(Max frequency[^\n]*: ([0-9.]+) MHz)");
  for (std::sregex_iterator at(steps.begin(), steps.end(), frequency), end; at != end; ++at)
    best = std::max(best, std::stod((*at)[1]));
  if (best > 0.0)
    throw DoesNotFit(
        fmt::format("{} doesn't fit {}: clock: {:g} MHz needed, {:.2f} MHz reached, {:.2f} MHz too few "
                    "(--mhz asks for less)",
                    d.config.source, d.target.name, d.options.frequency, best, d.options.frequency - best));
  const std::string& said = log.empty() ? steps : log;
  throw std::runtime_error(fmt::format("{} can't be deployed; the tools said:\n{}", d.config.source,
                                       said.substr(said.size() > 1000 ? said.size() - 1000 : 0)));
}

json part_table(const Deployment& d, bool success, const fs::path& folder, const fs::path& log) {
  const std::string steps = sim::content_of(log);
  const fs::path place_log = folder / "nextpnr.log";
  const std::string place = fs::exists(place_log) ? sim::content_of(place_log) : "";
  json table;
  table["resources"] = part_resources(place);
  if (!success) refuse_part(d, table["resources"], place, steps);
  const auto report = nlohmann::json::parse(sim::content_of(folder / "report.json"));
  const auto& clock = report.at("fmax").begin().value();
  table["clock"] = {{"achieved_mhz", clock.at("achieved").get<double>()},
                    {"required_mhz", clock.at("constraint").get<double>()},
                    {"seed", std::stoi(last_step(log).substr(std::string("nextpnr, seed ").size()))}};
  return table;
}

json gate_table(const Deployment& d, bool success, const fs::path& folder, const fs::path& log) {
  if (!success) throw std::runtime_error(d.config.source + ": yosys failed:\n" + sim::content_of(log));
  json table;
  const auto cells = nlohmann::json::parse(sim::content_of(folder / "report.json"))
                         .at("design")
                         .at("num_cells_by_type")
                         .get<std::map<std::string, int>>();
  int flip_flops = 0, gates = 0, sum = 0;
  for (const auto& [name, count] : cells) {
    if (name == "$mem_v2") continue;
    (name.rfind("$_DFF", 0) == 0 ? flip_flops : gates) += count;
    sum += transistors.at(name) * count;
    table["cells"][name] = count;
  }
  std::uint64_t bits = 0;
  const auto netlist = nlohmann::json::parse(sim::content_of(folder / "netlist.json"));
  for (const auto& cell : netlist.at("modules").at("apical_spi").at("cells")) {
    if (cell.at("type") != "$mem_v2") continue;
    const auto number = [&](const char* key) {
      return std::stoull(cell.at("parameters").at(key).get<std::string>(), nullptr, 2);
    };
    bits += number("SIZE") * number("WIDTH");
  }
  table["resources"] = {{"gates", {{"used", gates}}},
                        {"flip-flops", {{"used", flip_flops}}},
                        {"gate equivalents (of 4 transistors, without memories)", {{"used", sum / 4}}},
                        {"memories", {{"used", cells.count("$mem_v2") ? cells.at("$mem_v2") : 0}}},
                        {"memory bits", {{"used", bits}}}};
  return table;
}

}  // namespace

const std::vector<Target>& targets() {
  // 30 block RAMs of 4,096 bits; logic for one lane.
  static const std::vector<Target> all = {{"ice40-up5k", "ice40", 1, std::uint64_t{30} * 4096, true},
                                          {"generic", "generic", 0, 0, false}};
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
  try {
    check(config);
    refuse_imperfections(config, "a core");
    d.program = std::make_shared<const fixedpoint::Program>(
        fixedpoint::compile(describe(config, starting_weights(config, ""))));
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error.what()));
  }
  const int chosen = lanes > 0 ? lanes : target.lanes > 0 ? target.lanes : config.lanes;
  d.core = sim::required_parameters(*d.program, chosen);
  d.image = sim::assemble(*d.program, d.core);
  for (const std::string& argument : d.core.arguments()) {
    const std::size_t equals = argument.find('=');  // "-GLANES=4"
    d.parameters[argument.substr(2, equals - 2)] = std::stoi(argument.substr(equals + 1));
  }
  d.parameters["QUEUE"] = target.is_part ? 0 : 4;
  d.parameters["COUNTERS"] = d.parameters["READBACK"] = target.is_part ? 0 : 1;

  const auto u64 = [](int x) { return static_cast<std::uint64_t>(x); };
  const std::uint64_t weights = u64(d.core.lanes) * u64(d.core.depth) * u64(d.core.ww);
  const std::uint64_t tables = u64(d.core.table) * u64(d.core.base + d.core.delta);
  if (target.memory_bits > 0 && weights + tables > target.memory_bits)
    throw DoesNotFit(fmt::format(
        "{} doesn't fit {}: EBR bits: {} needed by the weights alone ({} of {} bits) and {} by the "
        "activation tables, {} there, {} too many",
        config.source, target.name, weights, u64(d.core.lanes) * u64(d.core.depth), d.core.ww, tables,
        target.memory_bits, weights + tables - target.memory_bits));
  return d;
}

json synthesise(const Deployment& d, OutputFolder& out) {
  const sim::BuildFolder folder;
  const fs::path log = folder.path() / "steps.log";
  const bool success = run_script(d, folder.path(), log);
  json table = (d.target.is_part ? part_table : gate_table)(d, success, folder.path(), log);
  std::vector<std::string> results{"netlist.json", "netlist.v"};
  if (d.target.is_part) results.insert(results.end(), {"core.bin", "nextpnr.log"});
  for (const std::string& name : results) fs::copy_file(folder.path() / name, out.stage(name));
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
