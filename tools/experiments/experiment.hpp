// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "tools/config/config.hpp"
#include "tools/report/figure.hpp"
#include "tools/report/output_folder.hpp"

namespace apical::tools {

/// A stated bound beside what was measured; `relation` is "<=" or ">=". `catches`: the fault that misses it.
struct Check {
  std::string what;
  double measured = 0.0;
  std::string relation;
  double bound = 0.0;
  std::string catches{};
  bool holds() const;  ///< false for what isn't a number
};

/// What an experiment found.
struct Findings {
  std::vector<Check> checks;
  std::vector<std::pair<std::string, double>> numbers;  ///< measured, without a bound
  /// Measured, and so by construction, whatever was learned: they show what happens and have no bound.
  std::vector<std::pair<std::string, double>> illustrations{};
  std::vector<Figure> figures;
  std::vector<std::string> notes;

  void at_most(std::string what, double measured, double bound, std::string catches = {}) {
    checks.push_back({std::move(what), measured, "<=", bound, std::move(catches)});
  }
  void at_least(std::string what, double measured, double bound, std::string catches = {}) {
    checks.push_back({std::move(what), measured, ">=", bound, std::move(catches)});
  }
  bool passed() const;  ///< all bounds hold, and what was measured are numbers
};

/// What an analysis works with: the experiment's configuration with the user's changes; config.machine is
/// "golden" or "emulator".
struct Setting {
  Config config;
  bool quick = false, full = false;
};

/// A panel of the poster: a folder with an analysis, which defines a function of the folder's name that
/// returns this, and a configuration.
struct Experiment {
  const char* panel;  ///< of the poster
  const char* title;
  const char* claim;   ///< what the poster says
  const char* method;  ///< what is done, in two or three sentences
  Findings (*analyse)(const Setting&);
  bool golden_only = false;         ///< the integer machines can't run it yet
  std::vector<const char*> full{};  ///< "section.key=value" on top of it under --full
  const char* name = "";            ///< the folder's
  const char* configuration = "";   ///< the text of its configuration.toml
};

/// All experiments in the order of the report: by panel, then by name.
const std::vector<Experiment>& experiments();

/// Throws InputError listing the names.
const Experiment& find_experiment(const std::string& name);

/// Runs one experiment and writes result.json, figures and their data to folder/MACHINE/NAME, all or none.
Findings run_experiment(const Experiment&, const Setting&, const std::filesystem::path& folder);

/// Writes folder/index.html: every experiment that has a result.json in it, machines beside each other.
void write_page(OutputFolder& folder);

}  // namespace apical::tools
