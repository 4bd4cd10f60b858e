// SPDX-License-Identifier: Apache-2.0
// Data in three parts: what a run tests on, and what it says of that.
#include "tests/tools/command_line.hpp"

namespace apical::tools {

using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;
using test::small_net;

TEST_F(CommandLine, TestsOnValidationDataLeaveTheTestAlone) {
  file("net.toml", small_net);
  const std::string run = "run net.toml --ticks 900 --set task.validation=0.25 --machine emulator --out ";
  ASSERT_EQ(apical(run + "t").status, 0);
  const Outcome o = apical(run + "v --set task.test_on=validation");
  ASSERT_EQ(o.status, 0) << o.error;
  EXPECT_TRUE(contains(o.out, "validation accuracy ")) << o.out;
  EXPECT_EQ(result("t")["tested"], 360);
  EXPECT_EQ(result("v")["tested"], 359);
  EXPECT_EQ(result("v")["looks_at_test"], 0);
  EXPECT_TRUE(contains(content(folder / "v/report.html"), "the test data were not looked at"));
  const Outcome none = apical("run net.toml --set task.test_on=validation --out n");
  EXPECT_EQ(none.status, 2);
  EXPECT_TRUE(contains(none.error, "task.test_on: \"validation\" with task.validation 0; accepted: "))
      << none.error;
}

}  // namespace apical::tools
