#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tools/experiments/experiment.hpp"
#include "tools/svg.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* style = R"(
body { font: 16px/1.5 system-ui, sans-serif; color: #1d232b; background: #fff; max-width: 84rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-top: 1px solid #d9dee4; padding-top: 1rem; } .soft, figcaption { color: #66707c; font-size: .9rem; }
.machines { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 36rem), 1fr)); gap: 1.5rem; } figure { margin: 1rem 0; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; font-size: .88rem; } th, td { text-align: left; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid #d9dee4; vertical-align: top; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; } .yes { color: #1a7f37; } .no { color: #c0392b; font-weight: 600; } pre { overflow-x: auto; font-size: .8rem; }
blockquote { margin: .5rem 0; padding-left: 1rem; border-left: 3px solid #b8860b; }
)";

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw InputError(fmt::format("{}: can't be read; accepted: results of apical experiment", path.string()));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string shown(const json& value) {
  return value.is_null() ? "not a number" : fmt::format("{:.4g}", value.get<double>());
}

// gnuplot gives every picture the same ids: as an image each keeps its own.
std::string image(const std::string& svg) {
  std::string uri = "data:image/svg+xml,";
  for (const char c : svg) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || c == '#' || c == '"' || c == '\'' || c == '<' || c == '>' || byte < 0x20 || byte > 0x7e)
      uri += fmt::format("%{:02X}", byte);
    else
      uri += c;
  }
  return uri;
}

std::string machine_column(const json& r, const fs::path& folder) {
  std::string html = fmt::format("<div><h3>{}{}</h3>", r["machine"].get<std::string>(),
                                 r["quick"].get<bool>()   ? " <span class=soft>(quick)</span>"
                                 : r.value("full", false) ? " <span class=soft>(full)</span>"
                                                          : "");
  html += "<table><tr><th>what<th>measured<th>bound<th>";
  for (const json& c : r["checks"])
    html += fmt::format("<tr><td>{}<td class=n>{}<td class=n>{} {}<td class={}", escaped(c["what"]),
                        shown(c["measured"]), escaped(c["relation"]), shown(c["bound"]),
                        c["passed"].get<bool>() ? "yes>holds" : "no>missed");
  for (const auto& [name, value] : r["numbers"].items())
    html += fmt::format("<tr><td>{}<td class=n>{}<td><td>", escaped(name), shown(value));
  html += "</table>";
  for (const json& note : r["notes"]) html += fmt::format("<p class=soft>{}</p>", escaped(note));
  for (const json& figure : r["figures"]) {
    const std::string name = figure["name"];
    html += figure_html(content(folder / (name + ".svg")), figure["caption"]);
  }
  return html +
         fmt::format(
             "<details class=soft><summary>{:.1f} s, configuration {}</summary><pre>{}</pre></details></div>",
             r["wall_seconds"].get<double>(), r["config_digest"].get<std::string>(),
             escaped(r["configuration"]));
}

}  // namespace

std::string figure_html(const std::string& svg, const std::string& caption) {
  return fmt::format("<figure><img alt=\"{0}\" src=\"{1}\"><figcaption>{0}</figcaption></figure>",
                     escaped(caption), image(svg));
}

std::string page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width\"><title>{0}</title><style>{1}img {{ max-width: "
      "100%; }}</style><h1>{0}</h1>{2}</html>\n",
      escaped(title), style, body);
}

void write_page(OutputFolder& folder) {
  std::string body;
  int held = 0, all = 0;
  for (const Experiment& e : experiments()) {
    std::string columns;
    for (const char* machine : {"golden", "emulator"}) {
      const fs::path where = folder.path() / machine / e.name;
      if (!fs::exists(where / "result.json")) continue;
      const json r = json::parse(content(where / "result.json"));
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
