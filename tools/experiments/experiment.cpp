// SPDX-License-Identifier: Apache-2.0
#include "tools/experiments/experiment.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/config/loading.hpp"
#include "tools/report/version.hpp"

namespace apical::tools {
namespace {

using Json = nlohmann::ordered_json;

// JSON knows no infinities.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json in_json(const Experiment& e, const Setting& setting, const Findings& f, double seconds) {
  Json json = {{"apical", provenance()},
               {"experiment", e.name},
               {"machine", name_of(setting.config.machine)},
               {"panel", e.panel},
               {"title", e.title},
               {"claim", e.claim},
               {"method", e.method},
               {"quick", setting.quick},
               {"full", setting.full},
               {"passed", f.passed()},
               {"wall_seconds", seconds},
               {"config_digest", digest(setting.config)},
               {"configuration", canonical(setting.config)},
               {"checks", Json::array()},
               {"numbers", Json::object()},
               {"illustrations", Json::object()},
               {"figures", Json::array()},
               {"notes", f.notes}};
  for (const Check& c : f.checks)
    json["checks"].push_back({{"what", c.what},
                              {"measured", number(c.measured)},
                              {"relation", c.relation},
                              {"bound", c.bound},
                              {"passed", c.holds()},
                              {"catches", c.catches}});
  for (const auto& [name, value] : f.numbers) json["numbers"][name] = number(value);
  for (const auto& [name, value] : f.illustrations) json["illustrations"][name] = number(value);
  for (const Figure& figure : f.figures)
    json["figures"].push_back({{"name", figure.name}, {"caption", figure.caption}});
  return json;
}

}  // namespace

bool Check::holds() const {
  return relation == "<=" ? measured <= bound : measured >= bound;
}

bool Findings::passed() const {
  return std::all_of(checks.begin(), checks.end(), [](const Check& c) { return c.holds(); }) &&
         std::all_of(numbers.begin(), numbers.end(), [](const auto& n) { return std::isfinite(n.second); });
}

Findings run_experiment(const Experiment& e, const Setting& setting, const std::filesystem::path& folder) {
  OutputFolder out(folder / name_of(setting.config.machine) / e.name);
  const auto start = std::chrono::steady_clock::now();
  Findings f = e.analyse(setting);
  if (setting.config.machine != Machine::golden) {
    const std::vector<std::string> lost = loading_notes(setting.config);
    say(lost);
    f.notes.insert(f.notes.end(), lost.begin(), lost.end());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const Figure& figure : f.figures) {
    draw(figure, out.stage(figure.name + ".svg"));
    out.write(figure.name + ".csv", csv(figure));
  }
  out.write("result.json", in_json(e, setting, f, seconds).dump(2) + "\n");
  out.commit();
  return f;
}

}  // namespace apical::tools
