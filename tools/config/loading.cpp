// SPDX-License-Identifier: Apache-2.0
#include "tools/config/loading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "fixedpoint/program/compiler.hpp"
#include "model/schedule.hpp"
#include "model/settings/settings_error.hpp"
#include "tools/config/starting_weights.hpp"

namespace apical::tools {
namespace {

// Fraction bits with which the largest magnitude just doesn't saturate.
int frac_that_holds(const fixedpoint::LoadReport& load) {
  int exponent = 0;
  std::frexp(load.largest, &exponent);  // largest < 2^exponent
  return load.format.bits - (load.format.is_signed ? 1 : 0) - exponent;
}

std::vector<fixedpoint::Constant> constants_of(const Config& config, const fixedpoint::Program& program) {
  // How far a schedule gets where run.ticks ends the run is the task's matter.
  const int last = config.network.learning && config.ticks == 0 ? std::max(config.epochs - 1, 0) : 0;
  return fixedpoint::constants(describe(config, {}), program, model::learning_scale(config.decay, last));
}

}  // namespace

void check_constants(const Config& config, const fixedpoint::Program& program) {
  for (const fixedpoint::Constant& c : constants_of(config, program))
    if (!c.scheduled && c.asked != 0.0 && c.effective == 0.0)
      throw SettingsError(
          c.key,
          fmt::format("{} is {:.4g}, of which the registers of an integer machine make 0", c.name, c.asked),
          fmt::format("{:.4g} and above", c.smallest));
}

bool loses_much(const fixedpoint::LoadReport& load) {
  return static_cast<double>(load.became_zero + load.saturated) >
         most_lost * static_cast<double>(load.values);
}

void check_loading(const Config& config, const fixedpoint::LoadReport& load) {
  if (config.allow_lossy_loading || !loses_much(load)) return;
  throw SettingsError(
      "formats.weight.frac",
      fmt::format("{} with {} bits: of {} weights {} of magnitude up to {:.3g}, {} became 0 "
                  "and {} saturated on loading{}",
                  load.format.frac, load.format.bits, load.values, load.name, load.largest, load.became_zero,
                  load.saturated, config.weights_file.empty() ? "" : " " + config.weights_file),
      fmt::format("a format that loses at most {:g}% of them (frac = {} holds the largest), "
                  "or formats.allow_lossy_loading = true",
                  100.0 * most_lost, frac_that_holds(load)),
      load.layer);
}

std::shared_ptr<const fixedpoint::Program> compiled(const Config& config,
                                                    const std::vector<model::WeightMatrix>& weights) {
  auto program = std::make_shared<const fixedpoint::Program>(fixedpoint::compile(describe(config, weights)));
  check_constants(config, *program);
  for (const fixedpoint::LoadReport& load : program->loads) check_loading(config, load);
  return program;
}

Config allowing_its_losses(Config config) {
  const bool allowed = std::exchange(config.allow_lossy_loading, true);
  const auto program = compiled(config, starting_weights(config));
  config.allow_lossy_loading =
      allowed || std::any_of(program->loads.begin(), program->loads.end(), loses_much);
  return config;
}

std::vector<std::string> loading_notes(const std::vector<fixedpoint::LoadReport>& loads) {
  std::vector<std::string> notes;
  for (const fixedpoint::LoadReport& load : loads)
    if (load.became_zero + load.saturated > 0)
      notes.push_back(fmt::format("{}: of {} weights, {} became 0 and {} saturated on loading", load.name,
                                  load.values, load.became_zero, load.saturated));
  return notes;
}

std::vector<std::string> loading_notes(const Config& config, const fixedpoint::Program& program) {
  std::vector<std::string> notes = loading_notes(program.loads);
  for (const fixedpoint::Constant& c : constants_of(config, program))
    if (std::abs(c.relative_error()) > notable_error)
      notes.push_back(fmt::format("{}: {} is {:.4g} where {:.4g} was asked for ({:+.1f}%)", c.key, c.name,
                                  c.effective, c.asked, 100.0 * c.relative_error()));
  for (const fixedpoint::DeadZone& d : fixedpoint::dead_zones(program))
    if (d.stops_short > notable_error)
      notes.push_back(fmt::format(
          "formats.membrane: the membrane of {} stops {:.3g} short of where it is driven to, where a step of "
          "dt is too small for its LSB",
          d.population, d.stops_short));
  return notes;
}

std::vector<std::string> loading_notes(const Config& config) {
  try {
    return loading_notes(config, *compiled(config, starting_weights(config)));
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
}

void say(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) fmt::print(stderr, "apical: {}\n", note);
}

nlohmann::ordered_json constants_json(const Config& config, const fixedpoint::Program& program) {
  nlohmann::ordered_json json;
  for (const fixedpoint::Constant& c : constants_of(config, program))
    json["constants"].push_back({{"name", c.name},
                                 {"key", c.key},
                                 {"asked", c.asked},
                                 {"effective", c.effective},
                                 {"relative_error", c.relative_error()}});
  json["dead_zones"] = nlohmann::ordered_json::array();
  for (const fixedpoint::DeadZone& d : fixedpoint::dead_zones(program))
    json["dead_zones"].push_back({{"population", d.population}, {"stops_short", d.stops_short}});
  return json;
}

}  // namespace apical::tools
