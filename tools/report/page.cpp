// SPDX-License-Identifier: Apache-2.0
#include "tools/report/page.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "tools/report/messages.hpp"
#include "tools/report/svg.hpp"
#include "tools/report/version.hpp"

namespace apical::tools {
namespace {

constexpr const char* style = R"(
body { font: 16px/1.5 system-ui, sans-serif; color: #1d232b; background: #fff; max-width: 84rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-top: 1px solid #d9dee4; padding-top: 1rem; } .soft, figcaption { color: #66707c; font-size: .9rem; }
.machines { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 36rem), 1fr)); gap: 1.5rem; } figure { margin: 1rem 0; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; font-size: .88rem; } th, td { text-align: left; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid #d9dee4; vertical-align: top; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; } .yes { color: #1a7f37; } .no { color: #c0392b; font-weight: 600; } pre { overflow-x: auto; font-size: .8rem; }
blockquote { margin: .5rem 0; padding-left: 1rem; border-left: 3px solid #b8860b; }
)";

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

}  // namespace

std::string file_content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw InputError(
        fmt::format("{}: can't be read; accepted: a file that this program wrote", path.string()));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string figure_html(const std::string& svg, const std::string& caption) {
  return fmt::format("<figure><img alt=\"{0}\" src=\"{1}\"><figcaption>{0}</figcaption></figure>",
                     escaped(caption), image(svg));
}

std::string page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width\"><title>{0}</title><style>{1}img {{ max-width: "
      "100%; }}</style><h1>{0}</h1>{2}<p class=soft>Written by {3} at {4}.</p></html>\n",
      escaped(title), style, body, program(), date());
}

}  // namespace apical::tools
