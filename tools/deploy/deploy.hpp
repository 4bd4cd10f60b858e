// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/isa/image.hpp"
#include "tools/config/config.hpp"
#include "tools/report/output_folder.hpp"

namespace apical::tools {

/// A part does not hold the core: the message names the resource, what is needed and what there is.
class DoesNotFit : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Something to deploy to: a folder of hw/synthesis with its description, target.toml, and the script
/// `synthesise` (hw/README.md, "Targets").
struct Target {
  std::string name, title;
  std::filesystem::path folder;
  int lanes = 0;                          ///< that the core is given, 0: those of the configuration
  std::uint64_t memory_bits = 0;          ///< of block memory, 0: as much as is needed
  std::string memory_name;                ///< what the part calls it
  std::map<std::string, int> parameters;  ///< of apical_spi, beside those that the program needs
  std::vector<std::string> results;       ///< files that the script leaves
};
/// By name. Throws std::runtime_error where a description can't be read.
const std::vector<Target>& targets();
const Target& target_named(const std::string&);  ///< throws InputError naming the accepted ones

struct DeployOptions {
  double frequency = 20.0;  ///< MHz that placement has to reach
  std::string pins;         ///< file of pin constraints, "": the target's own
};

/// A program and the core that was fitted to it and to the target.
struct Deployment {
  Config config;
  Target target;
  DeployOptions options;
  std::shared_ptr<const fixedpoint::Program> program;
  sim::CoreParameters core;
  std::map<std::string, int> parameters;  ///< of apical_spi, all of them
  sim::CoreImage image;
};

/// Fits a core; `lanes` 0: the target's. Throws InputError for what the configuration gets wrong and
/// DoesNotFit where its memories alone are more than the target has.
Deployment fit(const Config&, const Target&, int lanes, const DeployOptions&);

/// Synthesises (shows progress) and stages netlist and bitstream in the folder. Returns the table that the
/// target's script wrote: resources {name: {used, available}} and, of a part, clock {achieved_mhz,
/// required_mhz, seed}. Throws DoesNotFit.
nlohmann::ordered_json synthesise(const Deployment&, OutputFolder&);

/// The table for people.
std::string resource_text(const Deployment&, const nlohmann::ordered_json& table);

}  // namespace apical::tools
