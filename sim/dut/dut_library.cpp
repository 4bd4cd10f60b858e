// SPDX-License-Identifier: Apache-2.0
#include "sim/dut/dut_library.hpp"

#include <fmt/format.h>

#include "sim/core/external_tools.hpp"

namespace apical::sim {
namespace {

namespace fs = std::filesystem;

// All that is public stays where it is, and can be written: the host reads and writes variables by name.
Recipe recipe(const DutDescription& dut, bool waveform) {
  Recipe r;
  std::string verilog;
  for (const std::string& one : dut.defines) verilog += " " + shell_word("-D" + one);
  for (const std::string& one : dut.parameters) verilog += " " + shell_word("-G" + one);
  for (const std::string& one : dut.includes) verilog += " " + shell_word("-I" + one);
  for (const std::string& one : dut.sources) verilog += " " + shell_word(one[0] == '/' ? one : "./" + one);
  r.verilate = fmt::format(
      "verilator --cc --top-module {} --prefix VDut -O3 --public-flat-rw --x-assign fast --x-initial fast "
      "--no-timing -Wno-lint -Wno-style -Wno-fatal{} --Mdir \"$apical_folder\"{}",
      shell_word(dut.top), waveform ? " --trace-fst" : "", verilog);
  r.compile = fmt::format(
      "c++ -std=c++17 -O2 -fPIC -w -DVM_TRACE={0} -DVM_TRACE_FST={0} -DVM_COVERAGE=0 -DVM_SC=0 "
      "-DVL_USER_STOP "
      "-DVL_USER_FATAL -DVL_USER_FINISH -DAPICAL_TOP='\"{1}\"' -I{2} -I{2}/vltstd -I\"$apical_folder\" "
      "-I\"$apical_plugin\"",
      waveform ? 1 : 0, dut.top, verilator_includes);
  r.link = "c++ -shared -lz -lpthread";
  r.units = {"verilated.cpp", "verilated_threads.cpp"};
  if (waveform) r.units.push_back("verilated_fst_c.cpp");
  return r;
}

}  // namespace

DutLibrary::DutLibrary(const DutDescription& dut, const fs::path& plugin, bool waveform,
                       const std::function<void(const std::string&)>& say) {
  LibraryBuild b;
  b.what = fmt::format("the design {}", dut.top);
  b.doing = fmt::format("verilating the design {}", dut.top);
  b.recipe = recipe(dut, waveform);
  b.fingerprint =
      version_of("verilator") + version_of("c++") + b.recipe.verilate + b.recipe.compile + b.recipe.link;
  for (const char* name : {"dut_plugin.cpp", "dut_plugin.hpp"}) b.fingerprint += content_of(plugin / name);
  b.fingerprint = hash_of(b.fingerprint);
  b.root = dut.folder;
  b.plugin = plugin / "dut_plugin.cpp";
  // Sources and folders are named from where the description is.
  b.placed = [&](const std::string& command, const fs::path& folder) {
    return fmt::format("apical_folder={}; apical_plugin={}; cd {} && {}", shell_word(folder.string()),
                       shell_word(plugin.string()), shell_word(dut.folder.string()), command);
  };
  b.stale = [](const std::set<fs::path>&) { return false; };
  library_ = std::make_shared<const BuiltLibrary>(b, say);
  using Entry = const DutPlugin* (*)();
  plugin_ = reinterpret_cast<Entry>(library_->symbol("apical_dut_plugin"))();
}

}  // namespace apical::sim
