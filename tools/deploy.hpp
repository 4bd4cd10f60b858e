#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/image.hpp"
#include "tools/config.hpp"
#include "tools/output_folder.hpp"

namespace apical::tools {

/// A part does not hold the core: the message names the resource, what is needed and what there is.
class DoesNotFit : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Something to deploy to; hw/synthesis/SCRIPT makes it.
struct Target {
  std::string name, script;
  int lanes = 0;                  ///< that the core is given, 0: those of the configuration
  std::uint64_t memory_bits = 0;  ///< of block memory, 0: as much as is needed
  bool is_part = false;           ///< placed and routed into a part; else its gates are counted
};
const std::vector<Target>& targets();
const Target& target_named(const std::string&);  ///< throws InputError naming the accepted ones

struct DeployOptions {
  double frequency = 20.0;  ///< MHz that placement has to reach
  std::string pins;         ///< file of pin constraints, "": those of hw/synthesis
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

/// Synthesises (shows progress) and stages netlist and bitstream in the folder. Returns the table: resources
/// {name: {used, available}} and, of a part, clock {achieved_mhz, required_mhz, seed}. Throws DoesNotFit.
nlohmann::ordered_json synthesise(const Deployment&, OutputFolder&);

/// The table for people.
std::string resource_text(const Deployment&, const nlohmann::ordered_json& table);

}  // namespace apical::tools
