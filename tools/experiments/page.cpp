// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/experiments/experiment.hpp"
#include "tools/report/page.hpp"
#include "tools/report/svg.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string shown(const json& value) {
  return value.is_null() ? "not a number" : fmt::format("{:.4g}", value.get<double>());
}

// The fault that a bound is there for, where it says so.
std::string catches(const json& check) {
  const std::string fault = check.value("catches", "");
  return fault.empty() ? "" : fmt::format(" <span class=soft>(catches {})</span>", escaped(fault));
}

std::string machine_column(const json& r, const fs::path& folder) {
  std::string html = fmt::format("<div><h3>{}{}</h3>", r["machine"].get<std::string>(),
                                 r["quick"].get<bool>()   ? " <span class=soft>(quick)</span>"
                                 : r.value("full", false) ? " <span class=soft>(full)</span>"
                                                          : "");
  html += "<table><tr><th>what<th>measured<th>bound<th>";
  for (const json& c : r["checks"])
    html += fmt::format("<tr><td>{}{}<td class=n>{}<td class=n>{} {}<td class={}", escaped(c["what"]),
                        catches(c), shown(c["measured"]), escaped(c["relation"]), shown(c["bound"]),
                        c["passed"].get<bool>() ? "yes>holds" : "no>missed");
  for (const auto& [name, value] : r["numbers"].items())
    html += fmt::format("<tr><td>{}<td class=n>{}<td><td>", escaped(name), shown(value));
  const json illustrations = r.value("illustrations", json::object());  // outlives the loop over it
  for (const auto& [name, value] : illustrations.items())
    html += fmt::format("<tr><td>{}<td class=n>{}<td>illustration<td>", escaped(name), shown(value));
  html += "</table>";
  for (const json& note : r["notes"]) html += fmt::format("<p class=soft>{}</p>", escaped(note));
  for (const json& figure : r["figures"]) {
    const std::string name = figure["name"];
    html += figure_html(file_content(folder / (name + ".svg")), figure["caption"]);
  }
  return html +
         fmt::format(
             "<details class=soft><summary>{:.1f} s, configuration {}</summary><pre>{}</pre></details></div>",
             r["wall_seconds"].get<double>(), r["config_digest"].get<std::string>(),
             escaped(r["configuration"]));
}

}  // namespace

void write_page(OutputFolder& folder) {
  std::string body;
  int held = 0, all = 0;
  for (const Experiment& e : experiments()) {
    std::string columns;
    for (const char* machine : {"golden", "emulator"}) {
      const fs::path where = folder.path() / machine / e.name;
      if (!fs::exists(where / "result.json")) continue;
      const json r = json::parse(file_content(where / "result.json"));
      columns += machine_column(r, where);
      ++all;
      if (r["passed"].get<bool>()) ++held;
    }
    if (columns.empty()) continue;
    body += fmt::format(
        "<h2 id={0}>{1} <span class=soft>{0}, panel {2}</span></h2><blockquote>{3}</blockquote><p>{4}</p>"
        "<div class=machines>{5}</div>",
        e.name, escaped(e.title), e.panel, escaped(e.claim), escaped(e.method), columns);
  }
  folder.write(
      "index.html",
      page("The poster's panels, measured",
           fmt::format("<p>{} of {} experiments hold their bounds. The data of every figure lie beside "
                       "it as CSV.</p>{}",
                       held, all, body)));
  folder.commit();
}

}  // namespace apical::tools
