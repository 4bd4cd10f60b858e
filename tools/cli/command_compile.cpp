// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "fixedpoint/program/compiler.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/config_arguments.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Program;

struct Arguments {
  ConfigArguments config;
  bool json = false;
};

void print_json(const Config& config, const Program& program) {
  nlohmann::ordered_json json;
  std::uint64_t address = 0;
  for (const auto& region : fixedpoint::memory_map(program)) {
    json["memory"].push_back(
        {{"name", region.name}, {"address", address}, {"words", region.words}, {"bits", region.bits}});
    address += region.words;
  }
  for (const auto& op : program.operations) json["operations"].push_back(fixedpoint::describe(program, op));
  for (const auto& proof : program.proofs)
    json["widths"].push_back({{"name", proof.name}, {"bits", proof.bits}, {"bound", proof.reason}});
  for (std::size_t k = 1; k < program.populations.size(); ++k)
    json["tables"].push_back({{"population", program.populations[k].name},
                              {"rate_error_lsb", program.rate_tables[k].max_error_lsb},
                              {"slope_error_lsb", program.slope_tables[k].max_error_lsb},
                              {"piecewise", program.rate_tables[k].piecewise},
                              {"words", program.rate_tables[k].words()}});
  for (const auto& load : program.loads)
    json["loads"].push_back({{"name", load.name},
                             {"values", load.values},
                             {"became_zero", load.became_zero},
                             {"saturated", load.saturated},
                             {"largest_error", load.largest_error}});
  json.update(constants_json(config, program));
  json["notes"] = loading_notes(config, program);
  fmt::print("{}\n", json.dump(2));
}

void print_text(const Config& config, const Program& program) {
  fmt::print("memory map (word addresses)\n");
  std::uint64_t address = 0;
  std::uint64_t bits = 0;
  for (const auto& region : fixedpoint::memory_map(program)) {
    fmt::print("  {:>8}  {:<24} {:>8} words x {:>2} bits\n", address, region.name, region.words, region.bits);
    address += region.words;
    bits += region.words * static_cast<std::uint64_t>(region.bits);
  }
  fmt::print("  {:>8}  in all {} bits ({:.1f} KiB)\n", address, bits, static_cast<double>(bits) / 8192.0);
  if (!program.start.empty()) fmt::print("before the first tick\n");
  for (const auto& op : program.start) fmt::print("  {}\n", fixedpoint::describe(program, op));
  fmt::print("operations of a tick\n");
  for (const auto& op : program.operations) fmt::print("  {}\n", fixedpoint::describe(program, op));
  fmt::print("widths that hold every intermediate result (limit {})\n", fixedpoint::widest_accumulator);
  for (const auto& proof : program.proofs)
    fmt::print("  {:>2} bits  {:<34} {}\n", proof.bits, proof.name, proof.reason);
  fmt::print("activation tables, largest error in LSB of their output\n");
  for (std::size_t k = 1; k < program.populations.size(); ++k)
    fmt::print("  {:<8} rate {:.2f}, slope {:.2f} ({}, {} words each)\n", program.populations[k].name,
               program.rate_tables[k].max_error_lsb, program.slope_tables[k].max_error_lsb,
               program.rate_tables[k].piecewise ? "piecewise linear" : "full look-up",
               program.rate_tables[k].words());
  fmt::print("weights on loading\n");
  for (const auto& load : program.loads)
    fmt::print("  {}: {} values, {} became 0, {} saturated, largest error {:.3g}\n", load.name, load.values,
               load.became_zero, load.saturated, load.largest_error);
  fmt::print("constants in their registers\n");
  const auto constants = constants_json(config, program);
  for (const auto& c : constants["constants"])
    fmt::print("  {:<20} {:<12.6g} of {:<12.6g} {:+.4f}%\n", c["name"].get<std::string>(),
               c["effective"].get<double>(), c["asked"].get<double>(),
               100.0 * c["relative_error"].get<double>());
  for (const auto& d : constants["dead_zones"])
    fmt::print("  the membrane of {} stops {:.3g} short of where it is driven to\n",
               d["population"].get<std::string>(), d["stops_short"].get<double>());
}

int execute(const Arguments& a) {
  Config config = a.config.read();
  try {
    check(config);
    const auto program = compiled(config, starting_weights(config));
    (a.json ? print_json : print_text)(config, *program);
    say(loading_notes(config, *program));
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
  return 0;
}

}  // namespace

void add_compile(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "compile", "Print the memory map, the operations and the width proof of a configuration's program");
  add_config(*command, a->config);
  add_weights(*command, a->config);
  command->add_flag("--json", a->json, "print JSON");
  command->footer(
      "Example:\n  apical compile tools/configs/digits8.toml --set formats.weight.bits=8 "
      "--set formats.weight.frac=5");
  command->callback([a, &status] { status = execute(*a); });
}

}  // namespace apical::tools
