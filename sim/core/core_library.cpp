// SPDX-License-Identifier: Apache-2.0
#include "sim/core/core_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <stdexcept>
#include <thread>

#include "sim/core/external_tools.hpp"
#include "sim/isa/core_map.hpp"

namespace apical::sim {
namespace {

namespace fs = std::filesystem;

std::string version_of(const std::string& tool) {
  std::FILE* const pipe = popen((tool + " --version 2>/dev/null").c_str(), "r");
  char line[200] = "";
  if (pipe != nullptr) {
    if (std::fgets(line, sizeof line, pipe) == nullptr) line[0] = '\0';
    pclose(pipe);
  }
  if (line[0] == '\0')
    throw std::runtime_error(tool + " is not installed; tools/setup installs what the core needs");
  return line;
}

// Words of a command in the order of calls; folders are written as names in braces, since where things lie
// doesn't decide what a core does. Everything else does, and is part of its fingerprint.
struct Recipe {
  std::string netlist;  ///< "" where Verilator reads the Verilog itself
  std::string verilate, compile, link;
  std::vector<std::string> units;  ///< C++ sources beside those that Verilator writes
};

constexpr const char* verilator_includes = "/usr/share/verilator/include";

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

// Builds a core in a folder; core.so is there afterwards.
void compile(const CoreSources& sources, const Recipe& r, const fs::path& folder) {
  const fs::path log = folder / "log";
  if (!r.netlist.empty()) run_tools(placed(r.netlist, sources, folder), log);
  run_tools(placed(r.verilate, sources, folder), log);
  std::vector<fs::path> units{sources.plugin / "core_plugin.cpp"};
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".cpp") units.push_back(entry.path());
  for (const std::string& unit : r.units) units.push_back(fs::path(verilator_includes) / unit);
  const std::string compiler = placed(r.compile, sources, folder);
  std::string objects, commands;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::string object = shell_word((folder / fmt::format("{}.o", i)).string());
    commands += fmt::format("{} -c {} -o {}\n", compiler, shell_word(units[i].string()), object);
    objects += " " + object;
  }
  std::ofstream(folder / "commands") << commands;
  run_tools(fmt::format("xargs -d '\\n' -P {} -I COMMAND sh -c COMMAND <{}",
                        std::max(1u, std::thread::hardware_concurrency()),
                        shell_word((folder / "commands").string())),
            log);
  run_tools(fmt::format("{} -o {}{}", r.link, shell_word((folder / "core.so").string()), objects), log);
}

// Files that the tools have read, from what Verilator and yosys write about it.
std::vector<fs::path> files_read(const CoreSources& sources, const fs::path& folder) {
  std::vector<fs::path> files;
  std::ifstream verilator(folder / "VApicalCore__verFiles.dat");
  for (std::string line; std::getline(verilator, line);)  // S size inode times "path"
    if (const std::size_t quote = line.find('"'); line[0] == 'S' && quote != std::string::npos)
      files.push_back(sources.rtl / line.substr(quote + 1, line.rfind('"') - quote - 1));
  std::ifstream yosys(folder / "netlist.d");  // a makefile's dependencies, from the folder of the Verilog
  std::string word;
  for (char c; yosys.get(c);)
    if (c == '\\' && yosys.peek() == ' ') {
      word += static_cast<char>(yosys.get());
    } else if (c != ' ' && c != '\n') {
      word += c;
    } else {
      if (!word.empty() && word.back() != ':') files.push_back(sources.rtl / word);
      word.clear();
    }
  return files;
}

// What stands beside a core in the cache: a line of hash and name for the core itself and for every file that
// the tools have read, from the folder of the Verilog where it is in there.
std::string record(const CoreSources& sources, const fs::path& folder) {
  const fs::path rtl = fs::canonical(sources.rtl), built = fs::canonical(folder);
  const auto within = [](const fs::path& place, const fs::path& file) {
    return std::mismatch(place.begin(), place.end(), file.begin(), file.end()).first == place.end();
  };
  std::set<std::string> lines;
  for (const fs::path& file : files_read(sources, folder)) {
    std::error_code ignored;
    const fs::path real = fs::canonical(file, ignored);
    if (!fs::is_regular_file(real, ignored) || within(built, real)) continue;
    const fs::path name = within(rtl, real) ? real.lexically_relative(rtl) : real;
    lines.insert(fmt::format("{} {}\n", hash_of(content_of(real)), name.string()));
  }
  return fmt::format("{} core\n{}", hash_of(content_of(folder / "core.so")), fmt::join(lines, ""));
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

// Whether a core is whole and made of what the files of its record are in this folder of Verilog.
bool valid(const fs::path& core, const fs::path& rtl, bool netlist) {
  std::ifstream file(core.string() + ".files");
  std::set<fs::path> read;
  bool whole = false;
  std::error_code ignored;
  for (std::string line; std::getline(file, line);) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) return false;
    const fs::path name = line.substr(space + 1), path = whole ? rtl / name : core;
    if (!fs::is_regular_file(path, ignored) || hash_of(content_of(path)) != line.substr(0, space))
      return false;
    if (whole && name.is_relative()) read.insert(name);
    whole = true;
  }
  return whole && !has_rival(rtl, read, netlist);
}

// A core of that fingerprint in the cache; "" if none is made of this Verilog.
fs::path cached(const fs::path& cache, const std::string& fingerprint, const fs::path& rtl, bool netlist) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(cache, ignored))
    if (entry.path().extension() == ".so" && entry.path().filename().string().rfind(fingerprint, 0) == 0 &&
        valid(entry.path(), rtl, netlist))
      return entry.path();
  return {};
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
  const fs::path cache = core_cache();
  const std::string fingerprint = core_fingerprint(sources, parameters, build);
  file_ = cached(cache, fingerprint, sources.rtl, build.netlist);
  if (file_.empty()) {
    const BuildFolder folder;
    say(fmt::format("{} a core of {} lanes (once; kept in {})",
                    build.netlist ? "synthesising and verilating" : "verilating", parameters.lanes,
                    cache.string()));
    try {
      compile(sources, recipe(parameters, build), folder.path());
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("a core can't be built: {}", error.what()));
    }
    const fs::path files = folder.path() / "files";
    std::ofstream out(files);
    const std::string text = record(sources, folder.path());
    out << text;
    out.close();
    if (!out) throw std::runtime_error(fmt::format("{}: can't be written", files.string()));
    file_ = cache / fmt::format("{}-{}.so", fingerprint, hash_of(text.substr(text.find('\n'))));
    fs::rename(folder.path() / "core.so", file_);
    fs::rename(files, file_.string() + ".files");
  }
  void* const handle = dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw std::runtime_error(fmt::format("{}: {}", file_.string(), dlerror()));
  handle_ = std::shared_ptr<void>(handle, [](void* h) { dlclose(h); });
  using Entry = const CorePlugin* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, "apical_core_plugin"));
  if (entry == nullptr) throw std::runtime_error(fmt::format("{}: {}", file_.string(), dlerror()));
  plugin_ = entry();
}

}  // namespace apical::sim
