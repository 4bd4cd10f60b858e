// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fixedpoint/program/constants.hpp"
#include "tools/config/config.hpp"

namespace apical::tools {

/// Share of a matrix that may saturate or become 0 on loading where nobody allows more.
inline constexpr double most_lost = 0.25;

/// The program of a configuration, from `weights` as starting_weights() has them: where its real numbers
/// become integers, on every machine. Throws std::invalid_argument for what the compiler refuses, and by
/// check_constants() and check_loading().
std::shared_ptr<const fixedpoint::Program> compiled(const Config&,
                                                    const std::vector<model::WeightMatrix>& weights);

/// Throws std::invalid_argument "KEY: ..." for a constant that its register makes 0, unless a schedule made
/// it that small.
void check_constants(const Config&, const fixedpoint::Program&);

/// Throws std::invalid_argument "formats.weight (layer K).frac: ..." where a matrix loses more than
/// `most_lost` of its weights and formats.allow_lossy_loading doesn't allow it.
void check_loading(const Config&, const fixedpoint::LoadReport&);
bool loses_much(const fixedpoint::LoadReport&);
/// The configuration, allowing what its initial weights lose: of formats that a search has tried.
Config allowing_its_losses(Config);

/// Relative error of a constant, and what a membrane may stop short of 1, that is worth a note.
inline constexpr double notable_error = 0.01;

/// What loading lost, in plain words: weights, constants, steps of membranes. Every command that compiles
/// says them.
std::vector<std::string> loading_notes(const std::vector<fixedpoint::LoadReport>&);
std::vector<std::string> loading_notes(const Config&, const fixedpoint::Program&);
/// Of a program from the configuration's own initial weights.
std::vector<std::string> loading_notes(const Config&);
/// On standard error, a line each.
void say(const std::vector<std::string>& notes);

/// {"constants": [{name, key, asked, effective, relative_error}], "dead_zones": [{population, stops_short}]}.
nlohmann::ordered_json constants_json(const Config&, const fixedpoint::Program&);

}  // namespace apical::tools
