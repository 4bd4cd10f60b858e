// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/verify_scope.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>

#include "sim/core/external_tools.hpp"
#include "sim/isa/pass_words.hpp"

namespace apical::tools {

using namespace apical::fixedpoint;

SimulatedModules simulated_modules(const std::filesystem::path& rtl) {
  std::map<std::string, std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(rtl))
    if (entry.path().extension() == ".sv") texts[entry.path().stem()] = sim::content_of(entry.path());
  std::set<std::string> reached;
  const std::function<void(const std::string&)> reach = [&](const std::string& module) {
    // A core of the ladder is elaborated without streams (STREAMS is 0).
    if (module == "apical_streams" || !reached.insert(module).second) return;
    for (const auto& [name, text] : texts)
      if (std::regex_search(texts[module], std::regex("\\n\\s*" + name + "\\s+(#\\(|\\w+\\s*\\()")))
        reach(name);
  };
  reach("apical_core");
  SimulatedModules modules;
  for (const auto& [name, text] : texts)
    (reached.count(name) != 0 ? modules.simulated : modules.others).push_back(name);
  return modules;
}

namespace {

// Formats of everything that is quantised in a tick.
std::vector<Format> quantised(const Program& program) {
  std::vector<Format> formats;
  for (int p = 1; p < static_cast<int>(program.populations.size()); ++p)
    for (std::size_t s = 0; s < neuron_signals; ++s) {
      const auto signal = static_cast<Signal>(s);
      if (signal != Signal::target && sim::carries(program, p, signal))
        formats.push_back(program.populations[static_cast<std::size_t>(p)][signal]);
    }
  for (const Projection& p : program.projections)
    if (program.learning && p.learns) formats.insert(formats.end(), {p.weight, p.step});
  return formats;
}

}  // namespace

std::vector<std::string> unused_features(const Program& program) {
  std::vector<std::string> unused;
  const auto needs = [&](bool used, const std::string& name) {
    if (!used) unused.push_back(name);
  };
  const auto& populations = program.populations;
  const auto& projections = program.projections;
  needs(program.advanced_response, "advanced response");
  needs(!program.decay.empty(), "mismatch");
  needs(
      std::any_of(populations.begin(), populations.end(), [](const Population& p) { return p.relayed >= 0; }),
      "relays");
  needs(std::any_of(populations.begin(), populations.end(),
                    [](const Population& p) { return p.theta_rate > 0 || p.theta_error > 0; }),
        "thresholds");
  needs(std::any_of(projections.begin(), projections.end(), [](const Projection& p) { return p.decay >= 0; }),
        "weight decay");
  needs(std::any_of(projections.begin(), projections.end(), [](const Projection& p) { return p.backward; }),
        "BACKWARD");
  needs(std::any_of(program.operations.begin(), program.operations.end(),
                    [](const Operation& op) { return op.code == OpCode::learn; }),
        "LEARN");
  const std::vector<Format> formats = quantised(program);
  needs(std::any_of(formats.begin(), formats.end(), [](const Format& f) { return !f.is_signed; }),
        "unsigned formats");
  for (int r = 0; r <= static_cast<int>(Rounding::stochastic); ++r)
    needs(std::any_of(formats.begin(), formats.end(),
                      [&](const Format& f) { return f.rounding == static_cast<Rounding>(r); }),
          name_of(static_cast<Rounding>(r)));
  for (int o = 0; o <= static_cast<int>(Overflow::wrap); ++o)
    needs(std::any_of(formats.begin(), formats.end(),
                      [&](const Format& f) { return f.overflow == static_cast<Overflow>(o); }),
          name_of(static_cast<Overflow>(o)));
  return unused;
}

}  // namespace apical::tools
