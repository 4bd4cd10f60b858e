// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/config_arguments.hpp"

namespace apical::tools {

Config ConfigArguments::read() const {
  Config config = read_config(file);
  for (const std::string& assignment : set) set_key(config, assignment);
  config.weights_file = weights;
  return config;
}

void add_config(CLI::App& command, ConfigArguments& a) {
  command.add_option("CONFIG", a.file, "configuration file (tools/CONFIGURATION.md lists the keys)")
      ->required();
  command.add_option("--set", a.set, "section.key=value, as often as needed")
      ->take_all()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_weights(CLI::App& command, ConfigArguments& a) {
  command.add_option(
      "--weights", a.weights,
      "file to start from: HDF5 with /weights/W1.., .npz with W1.. or PyTorch's pairs, or a NIR "
      "graph (tools/README.md)");
}

}  // namespace apical::tools
