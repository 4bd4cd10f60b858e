#include "sim/core_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "sim/core_map.hpp"
#include "sim/external_tools.hpp"

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

std::string joined(const CoreParameters& parameters) {
  const std::vector<std::string> list = parameters.arguments();
  return fmt::format("{}", fmt::join(list, " "));
}

void compile(const CoreSources& sources, const CoreParameters& parameters, const CoreBuild& build,
             const fs::path& folder, const fs::path& target) {
  const fs::path log = folder / "log";
  const std::string trace = build.waveform ? " --trace-fst" : "";
  const std::string rtl = shell_word(sources.rtl.string());
  std::string verilog = fmt::format("-y {0} -I{0} {1} {0}/apical_core.sv", rtl, joined(parameters));
  if (build.netlist) {
    std::string defines;
    for (const std::string& one : parameters.arguments()) defines += " -D" + one.substr(2);  // "-GLANES=4"
    run_tools(fmt::format("{}/generic {} --top apical_core --rtl {}{}",
                          shell_word(sources.synthesis.string()), shell_word(folder.string()), rtl, defines),
              log);
    // Verilator 5.006 folds trees of gates wrongly.
    verilog = "-Wno-fatal -fno-const-bit-op-tree --output-split 10000 --output-split-cfuncs 2000 " +
              shell_word((folder / "netlist.v").string());
  }
  run_tools(fmt::format("verilator --cc --top-module apical_core --prefix VApicalCore -O3 --x-assign fast "
                        "--x-initial fast --noassert --no-timing -Wno-lint -Wno-style{} --Mdir {} {}",
                        trace, shell_word(folder.string()), verilog),
            log);
  std::vector<std::string> units;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".cpp") units.push_back(entry.path().string());
  units.push_back((sources.plugin / "core_plugin.cpp").string());
  const std::string verilator = "/usr/share/verilator/include";
  for (const char* unit : {"/verilated.cpp", "/verilated_threads.cpp"}) units.push_back(verilator + unit);
  if (build.waveform) units.push_back(verilator + "/verilated_fst_c.cpp");
  const std::string compiler = fmt::format(
      "c++ -std=c++17 -O{7} -fPIC -w -DVM_TRACE={0} -DVM_TRACE_FST={0} -DVM_COVERAGE=0 -DVM_SC=0 "
      "-DAPICAL_LANES={1} "
      "-DAPICAL_WEIGHT_BITS={2} -DAPICAL_REG_CONTROL={3} -I{4} -I{4}/vltstd -I{5} -I{6}",
      build.waveform ? 1 : 0, parameters.lanes, parameters.ww, reg::control, verilator,
      shell_word(folder.string()), shell_word(sources.plugin.string()), build.netlist ? 1 : 2);
  std::string objects;
  std::string commands;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::string object = (folder / fmt::format("{}.o", i)).string();
    commands += fmt::format("{} -c {} -o {}\n", compiler, shell_word(units[i]), shell_word(object));
    objects += " " + shell_word(object);
  }
  std::ofstream(folder / "commands") << commands;
  run_tools(fmt::format("xargs -d '\\n' -P {} -I COMMAND sh -c COMMAND <{}",
                        std::max(1u, std::thread::hardware_concurrency()),
                        shell_word((folder / "commands").string())),
            log);
  const fs::path staged = folder / "core.so";
  run_tools(fmt::format("c++ -shared -o {}{} -lz -lpthread", shell_word(staged.string()), objects), log);
  fs::rename(staged, target);
}

}  // namespace

CoreSources find_core_sources() {
  std::error_code ignored;
  const fs::path self = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  std::string tried;
  for (const fs::path& base : {fs::current_path(), self, self / "..", self / "../.."}) {
    if (fs::exists(base / "hw" / "rtl" / "apical_core.sv"))
      return {fs::canonical(base / "hw" / "rtl"), fs::canonical(base / "sim"),
              fs::canonical(base / "hw" / "synthesis")};
    tried += (tried.empty() ? "" : ", ") + (base / "hw" / "rtl").lexically_normal().string();
  }
  throw std::runtime_error("no Verilog of the core here; looked in " + tried);
}

std::string core_fingerprint(const CoreSources& sources, const CoreParameters& parameters,
                             const CoreBuild& build) {
  std::string all = version_of("verilator") + joined(parameters) + (build.waveform ? "waveform" : "");
  if (build.netlist) all += version_of("yosys") + content_of(sources.synthesis / "generic");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(sources.rtl))
    if (entry.path().extension() == ".sv" || entry.path().extension() == ".svh")
      files.push_back(entry.path());
  for (const char* name : {"core_plugin.cpp", "core_plugin.hpp"}) files.push_back(sources.plugin / name);
  // By name alone: a copy of the same Verilog in another folder is the same core.
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return a.filename() < b.filename(); });
  for (const fs::path& file : files) all += file.filename().string() + content_of(file);
  return hash_of(all);
}

CoreLibrary::CoreLibrary(const CoreSources& sources, const CoreParameters& parameters, const CoreBuild& build,
                         const std::function<void(const std::string&)>& say) {
  const fs::path cache = core_cache();
  file_ = cache / (core_fingerprint(sources, parameters, build) + ".so");
  if (!fs::exists(file_)) {
    const BuildFolder folder;
    say(fmt::format("{} a core of {} lanes (once; kept in {})",
                    build.netlist ? "synthesising and verilating" : "verilating", parameters.lanes,
                    cache.string()));
    compile(sources, parameters, build, folder.path(), file_);
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
