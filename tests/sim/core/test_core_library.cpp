// SPDX-License-Identifier: Apache-2.0
#include "sim/core/core_library.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <set>

#include "sim/core/external_tools.hpp"
#include "tests/scratch.hpp"

namespace apical::sim {
namespace {

namespace fs = std::filesystem;

using test::contains;

using CoreFingerprint = test::Scratch;

// The files were once sorted with their folders, so that a copy whose folder sorted on the other side of the
// plugin's was synthesised again.
TEST_F(CoreFingerprint, IsTheContentsAndNotThePlaces) {
  const CoreSources tree = {APICAL_SOURCE_DIR "/hw/rtl", APICAL_SOURCE_DIR "/sim/core",
                            APICAL_SOURCE_DIR "/hw/synthesis"};
  fs::create_directories(folder / "m");
  for (const char* name : {"core_plugin.cpp", "core_plugin.hpp"})
    fs::copy_file(tree.plugin / name, folder / "m" / name);
  for (const char* name : {"a", "z"}) fs::copy(tree.rtl, folder / name);
  CoreParameters parameters;
  for (const bool netlist : {false, true}) {
    const CoreBuild build{false, netlist};
    const std::string expected = core_fingerprint(tree, parameters, build);
    for (const char* name : {"a", "z"})
      EXPECT_EQ(core_fingerprint({folder / name, folder / "m", tree.synthesis}, parameters, build), expected);
    EXPECT_NE(core_fingerprint(tree, parameters, {true, netlist}), expected);
  }
  const std::string before = core_fingerprint(tree, parameters, {});
  parameters.lanes *= 2;
  EXPECT_NE(core_fingerprint(tree, parameters, {}), before);
}

// A core of a few lines that has every parameter and includes files of all places, and a plugin of one
// symbol, which is all that a shortened compiler compiles: Verilator's own library takes ten seconds.
class CachedCore : public test::Scratch {
 protected:
  CachedCore() {
    setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
    file("c++",
         "#!/bin/sh\ncase \"$*\" in *core_plugin.cpp*|*--version*|*-shared*) exec /usr/bin/c++ \"$@\" ;; "
         "esac\n"
         "for last; do :; done\nexec /usr/bin/c++ -x c -c /dev/null -o \"$last\"\n");
    fs::permissions(folder / "c++", fs::perms::owner_all);
    setenv("PATH", (folder.string() + ":" + std::getenv("PATH")).c_str(), 1);
    for (const char* name : {"rtl/sub", "sim/core", "outside dir"}) fs::create_directories(folder / name);
    std::string parameters;
    for (const std::string& one : CoreParameters().arguments())
      parameters += (parameters.empty() ? "" : ", ") + one.substr(2, one.find('=') - 2) + " = 1";
    file("rtl/apical_core.sv",
         "module apical_core #(parameter " + parameters +
             ") (input wire clock, output wire [7:0] value);\n`include \"sub/inner.vh\"\n"
             "`include \"../outside dir/outer.vh\"\n  part p (clock, value);\nendmodule\n");
    file("rtl/part.v",
         "module part (input wire clock, output wire [7:0] value); assign value = 1; endmodule\n");
    file("rtl/sub/inner.vh", "// 1\n");
    file("outside dir/outer.vh", "// 1\n");
    file("sim/core/core_plugin.hpp", "");
    file("sim/core/core_plugin.cpp", "extern \"C\" void* apical_core_plugin() { return nullptr; }\n");
  }
  // Whether a core has to be built to have it.
  bool builds() const {
    bool built = false;
    const CoreLibrary library({folder / "rtl", folder / "sim/core", folder}, CoreParameters(), CoreBuild(),
                              [&built](const std::string&) { built = true; });
    return built;
  }
};

// Only the *.sv and *.svh at the top were hashed: a fault in a file of another name or place was called
// equal.
TEST_F(CachedCore, IsBuiltAgainWhenAnyFileThatWasReadChanges) {
  EXPECT_TRUE(builds());
  EXPECT_FALSE(builds());
  for (const char* name : {"rtl/part.v", "rtl/sub/inner.vh", "outside dir/outer.vh", "rtl/apical_core.sv",
                           "sim/core/core_plugin.cpp"}) {
    std::ofstream(folder / name, std::ios::app) << "// 2\n";
    EXPECT_TRUE(builds()) << name;
    EXPECT_FALSE(builds()) << name;
  }
  file("rtl/README", "that no tool reads");
  EXPECT_FALSE(builds());
  file("rtl/part.sv",
       "module part (input wire clock, output wire [7:0] value); assign value = 2; endmodule\n");
  EXPECT_TRUE(builds());  // one of the two is taken, which may be another one than before
  fs::remove(folder / "rtl" / "part.sv");
  fs::rename(folder / "rtl", folder / "moved");
  fs::copy(folder / "moved", folder / "rtl", fs::copy_options::recursive);
  EXPECT_FALSE(builds());  // by content, wherever it lies
}

TEST_F(CachedCore, IsBuiltAgainWhenItIsDamaged) {
  EXPECT_TRUE(builds());
  for (const auto& entry : fs::directory_iterator(core_cache()))
    if (entry.path().extension() == ".so") fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
  EXPECT_TRUE(builds());
  EXPECT_FALSE(builds());
}

TEST_F(CachedCore, LeavesNothingBesideIt) {
  fs::create_directories(core_cache() / "build.tmp.999999999.abcdef");  // of a process that isn't any more
  fs::create_directories(core_cache() / fmt::format("build.tmp.{}.abcdef", getppid()));
  EXPECT_TRUE(builds());
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(core_cache()))
    left.insert(entry.path().extension().string());
  EXPECT_EQ(left, (std::set<std::string>{".so", ".files", ".abcdef"}));
  EXPECT_FALSE(fs::exists(core_cache() / "build.tmp.999999999.abcdef"));
}

// The error used to be the end of a log file, of which a full disk leaves nothing.
TEST_F(CachedCore, SaysHowItsToolsEnded) {
  file("rtl/apical_core.sv", "module apical_core (; endmodule\n");
  const std::string error = test::message_of([&] { builds(); });
  EXPECT_TRUE(contains(error, "a core can't be built: the tools ended with status 1 (")) << error;
  EXPECT_TRUE(contains(error, "syntax error")) << error;
  const std::string killed = test::message_of([&] { run_tools("kill -9 $$", folder / "log"); });
  EXPECT_TRUE(contains(killed, "status 137") && contains(killed, "said nothing")) << killed;
  const std::string nowhere =
      test::message_of([&] { run_tools("echo no room; exit 3", folder / "nowhere" / "log"); });
  EXPECT_TRUE(contains(nowhere, "status 3") && contains(nowhere, "no room")) << nowhere;
}

// Programs of foreign folders were compiled and run: the current folder was looked at first.
TEST_F(CachedCore, IsNeverThatOfTheCurrentFolder) {
  fs::create_directories(folder / "hw");
  fs::rename(folder / "rtl", folder / "hw" / "rtl");
  const fs::path before = fs::current_path();
  fs::current_path(folder);
  EXPECT_EQ(find_core_sources().rtl, fs::canonical(APICAL_SOURCE_DIR "/hw/rtl"));
  fs::current_path(before);
}

// After a signal that nothing catches, tools used to go on.
TEST_F(CachedCore, ToolsEndWithTheirProgram) {
  for (const int number : {SIGTERM, SIGKILL, SIGHUP, SIGINT}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t program = fork();
    if (program == 0) {
      close(ends[0]);
      run_tools(fmt::format("sleep 1000 | {{ echo ready >&{}; sleep 1000; }}", ends[1]), "/dev/null");
      _exit(0);
    }
    close(ends[1]);
    char first;
    ASSERT_EQ(read(ends[0], &first, 1), 1);
    kill(program, number);
    waitpid(program, nullptr, 0);
    std::string rest(100, ' ');  // the pipe ends when nobody who has it is left
    while (read(ends[0], rest.data(), rest.size()) > 0) {
    }
    close(ends[0]);
  }
}

}  // namespace
}  // namespace apical::sim
