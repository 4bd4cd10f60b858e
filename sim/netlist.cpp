#include "sim/netlist.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/external_tools.hpp"

namespace apical::sim {

namespace fs = std::filesystem;

fs::path make_netlist(const CoreSources& sources, const CoreParameters& parameters,
                      const std::function<void(const std::string&)>& say) {
  // "-GLANES=4" for Verilator is "-set LANES 4" here.
  std::string set, all = "netlist";
  for (const std::string& argument : parameters.arguments()) {
    const std::size_t equals = argument.find('=');
    set += fmt::format(" -set {} {}", argument.substr(2, equals - 2), argument.substr(equals + 1));
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(sources.rtl)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::string modules;
  for (const fs::path& file : files) {
    all += file.filename().string() + content_of(file);
    if (file.extension() == ".sv") modules += " " + file.string();
  }
  // Split nets keep Verilator from seeing loops where single bits feed others of the same vector.
  const std::string script = fmt::format(
      "read_verilog -sv -I{}{}; chparam{} apical_core; hierarchy -check -top apical_core; proc; flatten; "
      "opt; "
      "memory -nomap; opt_clean; techmap; opt -fast; abc -g AND,OR,XOR,MUX; splitnets; opt_clean; check; "
      "write_verilog -noattr ",
      sources.rtl.string(), modules, set);
  const fs::path target = core_cache() / (hash_of(all + script) + ".v");
  if (fs::exists(target)) return target;
  const BuildFolder folder;
  say(fmt::format("synthesising a core of {} lanes to gates (once; kept in {})", parameters.lanes,
                  core_cache().string()));
  const fs::path staged = folder.path() / "netlist.v";
  run_tools(fmt::format("yosys -q -p {}", shell_word(script + staged.string())), folder.path() / "log");
  fs::rename(staged, target);
  return target;
}

}  // namespace apical::sim
