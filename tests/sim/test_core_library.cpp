#include "sim/core_library.hpp"
#include "tests/scratch.hpp"

namespace apical::sim {
namespace {

namespace fs = std::filesystem;

using CoreFingerprint = test::Scratch;

// The files were once sorted with their folders, so that a copy whose folder sorted on the other side of the
// plugin's was synthesised again.
TEST_F(CoreFingerprint, IsTheContentsAndNotThePlaces) {
  const CoreSources tree = {APICAL_SOURCE_DIR "/hw/rtl", APICAL_SOURCE_DIR "/sim",
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
  const std::string before = core_fingerprint({folder / "a", folder / "m", tree.synthesis}, parameters, {});
  std::ofstream(folder / "a" / "apical_round.sv", std::ios::app) << "\n";
  EXPECT_NE(core_fingerprint({folder / "a", folder / "m", tree.synthesis}, parameters, {}), before);
  parameters.lanes *= 2;
  EXPECT_NE(core_fingerprint({folder / "a", folder / "m", tree.synthesis}, parameters, {}), before);
}

}  // namespace
}  // namespace apical::sim
