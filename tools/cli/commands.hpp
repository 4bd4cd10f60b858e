// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace apical::tools {

/// Adds a subcommand to the command line; `status` receives the exit status when it runs (0 ok, 1 check
/// failed).
void add_run(CLI::App&, int& status);
void add_verify(CLI::App&, int& status);
void add_vectors(CLI::App&, int& status);
void add_quantise(CLI::App&, int& status);
void add_compile(CLI::App&, int& status);
void add_deploy(CLI::App&, int& status);
void add_experiment(CLI::App&, int& status);
void add_mesh(CLI::App&, int& status);
void add_sweep(CLI::App&, int& status);
void add_profile(CLI::App&, int& status);
void add_optimise(CLI::App&, int& status);
void add_weights_command(CLI::App&, int& status);
void add_nir(CLI::App&, int& status);
void add_list(CLI::App&, int& status);
void add_config_reference(CLI::App&, int& status);
void add_manual(CLI::App&, int& status);

}  // namespace apical::tools
