// SPDX-License-Identifier: Apache-2.0
#include "sim/core/core_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <set>
#include <stdexcept>

#include "sim/core/external_tools.hpp"
#include "sim/isa/core_map.hpp"

namespace apical::sim {
namespace {

namespace fs = std::filesystem;

Recipe recipe(const CoreParameters& parameters, const CoreBuild& build) {
  Recipe r;
  const std::vector<std::string> list = parameters.arguments();
  std::string verilog = fmt::format("-y {{rtl}} -I{{rtl}} {} {{rtl}}/apical_core.sv", fmt::join(list, " "));
  if (build.netlist) {
    r.netlist = "{synthesis}/generic/synthesise {folder} --top apical_core --rtl {rtl}";
    for (const std::string& one : list) r.netlist += " -D" + one.substr(2);  // "-GLANES=4"
    // Verilator 5.006 folds trees of gates wrongly.
    verilog =
        "-Wno-fatal -fno-const-bit-op-tree --output-split 10000 --output-split-cfuncs 2000 "
        "{folder}/netlist.v";
  }
  r.verilate = fmt::format(
      "verilator --cc --top-module apical_core --prefix VApicalCore -O3 --x-assign fast --x-initial fast "
      "--noassert --no-timing -Wno-lint -Wno-style{} --Mdir {{folder}} {}",
      build.waveform ? " --trace-fst" : "", verilog);
  r.compile = fmt::format(
      "c++ -std=c++17 -O{0} -fPIC -w -DVM_TRACE={1} -DVM_TRACE_FST={1} -DVM_COVERAGE=0 -DVM_SC=0 "
      "-DAPICAL_LANES={2} -DAPICAL_WEIGHT_BITS={3} -DAPICAL_REG_CONTROL={4} -I{5} -I{5}/vltstd -I{{folder}} "
      "-I{{plugin}}",
      build.netlist ? 1 : 2, build.waveform ? 1 : 0, parameters.lanes, parameters.ww, reg::control,
      verilator_includes);
  r.link = "c++ -shared -lz -lpthread";
  for (const char* unit : {"verilated.cpp", "verilated_threads.cpp"}) r.units.push_back(unit);
  if (build.waveform) r.units.push_back("verilated_fst_c.cpp");
  return r;
}

// A command of a recipe with the folders in place.
std::string placed(const std::string& command, const CoreSources& sources, const fs::path& folder) {
  return fmt::format(command, fmt::arg("rtl", shell_word(sources.rtl.string())),
                     fmt::arg("plugin", shell_word(sources.plugin.string())),
                     fmt::arg("synthesis", shell_word(sources.synthesis.string())),
                     fmt::arg("folder", shell_word(folder.string())));
}

// Whether the tools would find another file for a module than the one that they have read.
bool has_rival(const fs::path& rtl, const std::set<fs::path>& read, bool netlist) {
  std::error_code ignored;
  for (const fs::path& file : read) {
    if (file.extension() != ".v" && file.extension() != ".sv") continue;
    fs::path other = file;
    other.replace_extension(file.extension() == ".v" ? ".sv" : ".v");
    if (read.count(other) == 0 && fs::exists(rtl / other, ignored)) return true;
  }
  if (!netlist) return false;
  for (const auto& entry : fs::directory_iterator(rtl)) {  // yosys reads all of them
    const fs::path name = entry.path().filename();
    if (name.string().rfind("apical", 0) == 0 && name.extension() == ".sv" && read.count(name) == 0)
      return true;
  }
  return false;
}

// The file that holds this code: the program, or a library that a program has loaded.
fs::path own_file() {
  Dl_info info;
  link_map* map = nullptr;
  if (dladdr1(reinterpret_cast<void*>(&own_file), &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) !=
          0 &&
      map != nullptr && map->l_name[0] != '\0')
    return fs::absolute(map->l_name);
  return fs::read_symlink("/proc/self/exe");
}

}  // namespace

fs::path find_around(const fs::path& place, const std::string& what) {
  // A program lies in build/ or bin/, a library in lib/, a Python module in
  // lib/python3.11/site-packages/apical/.
  constexpr int farthest = 5;
  std::string tried;
  fs::path base = own_file().parent_path();
  for (int level = 0; level < farthest; ++level, base = base.parent_path())
    for (const fs::path& found : {base / place, base / "share" / "apical" / place}) {
      if (fs::exists(found)) return fs::canonical(found);
      tried += (tried.empty() ? "" : ", ") + found.string();
    }
  throw std::runtime_error("no " + what + " around this program; looked for " + tried);
}

CoreSources find_core_sources() {
  const fs::path rtl = find_around("hw/rtl/apical_core.sv", "Verilog of the core").parent_path(),
                 base = rtl.parent_path().parent_path();
  return {rtl, base / "sim" / "core", base / "hw" / "synthesis"};
}

std::string core_fingerprint(const CoreSources& sources, const CoreParameters& parameters,
                             const CoreBuild& build) {
  const Recipe r = recipe(parameters, build);
  std::string all = version_of("verilator") + version_of("c++") + r.netlist + r.verilate + r.compile + r.link;
  if (build.netlist) all += version_of("yosys") + content_of(sources.synthesis / "generic" / "synthesise");
  for (const char* name : {"core_plugin.cpp", "core_plugin.hpp"}) all += content_of(sources.plugin / name);
  return hash_of(all);
}

CoreLibrary::CoreLibrary(const CoreSources& sources, const CoreParameters& parameters, const CoreBuild& build,
                         const std::function<void(const std::string&)>& say) {
  LibraryBuild b;
  b.what = "a core";
  b.doing = fmt::format("{} a core of {} lanes", build.netlist ? "synthesising and verilating" : "verilating",
                        parameters.lanes);
  b.fingerprint = core_fingerprint(sources, parameters, build);
  b.recipe = recipe(parameters, build);
  b.root = sources.rtl;
  b.plugin = sources.plugin / "core_plugin.cpp";
  b.placed = [&](const std::string& command, const fs::path& folder) {
    return placed(command, sources, folder);
  };
  b.stale = [&](const std::set<fs::path>& read) { return has_rival(sources.rtl, read, build.netlist); };
  library_ = std::make_shared<const BuiltLibrary>(b, say);
  using Entry = const CorePlugin* (*)();
  plugin_ = reinterpret_cast<Entry>(library_->symbol("apical_core_plugin"))();
}

}  // namespace apical::sim
