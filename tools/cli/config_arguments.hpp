// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tools/config/config.hpp"

namespace apical::tools {

/// CONFIG, --set and --weights: of every command that takes a configuration.
struct ConfigArguments {
  std::string file, weights;
  std::vector<std::string> set;

  /// The configuration as they have it. Throws InputError as read_config() and set_key() do.
  Config read() const;
};

/// Adds CONFIG and --set to a command.
void add_config(CLI::App&, ConfigArguments&);
/// Adds --weights, where the command's machines start from weights.
void add_weights(CLI::App&, ConfigArguments&);

}  // namespace apical::tools
