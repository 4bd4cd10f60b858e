// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/command_line.hpp"

namespace apical::tools {
namespace {

using test::CommandLine;
using test::contains;
using test::Outcome;
using test::small_net;

// Every command aborted where the program had been copied away from hw/.
TEST_F(CommandLine, WorksWithoutTheVerilogWhereNoneIsNeeded) {
  const std::filesystem::path program = folder / "bin" / "apical";
  std::filesystem::create_directories(program.parent_path());
  std::filesystem::copy_file(APICAL_PROGRAM, program);
  file("net.toml", small_net);
  for (const char* arguments :
       {"--version", "--help", "deploy --help", "quantise --format '{ bits = 8, frac = 4 }' 0.3",
        "compile net.toml", "run net.toml --machine emulator --ticks 8 --out r"}) {
    const Outcome o = run(program.string(), arguments);
    EXPECT_EQ(o.status, 0) << arguments << ": " << o.error;
  }
  for (const char* arguments :
       {"deploy net.toml --target generic", "run net.toml --machine rtl --ticks 8 --out t",
        "vectors export net.toml --out v", "verify net.toml --ticks 2"}) {
    const Outcome o = run(program.string(), arguments);
    EXPECT_EQ(o.status, 2) << arguments << ": " << o.out;
    EXPECT_TRUE(contains(o.error, "no Verilog of the core around this program"))
        << arguments << ": " << o.error;
  }
}

}  // namespace
}  // namespace apical::tools
