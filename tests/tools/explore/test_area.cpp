// SPDX-License-Identifier: Apache-2.0
// The area of a core without synthesis: cores that the fit has not seen, and what every parameter does to it.
#include "tools/explore/area.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "tests/tools/command_line.hpp"

namespace apical::tools {
namespace {

const std::vector<SynthesisedCore>& cores() {
  static const auto all = read_synthesised_cores(APICAL_SOURCE_DIR "/hw/synthesis/area.json");
  return all;
}

// Every core in turn left out of the fit. With 9 factors, a fit that had learned its table by heart would
// miss these.
TEST(Area, PredictsCoresThatItWasNotFittedTo) {
  double squares = 0.0;
  for (std::size_t i = 0; i < cores().size(); ++i) {
    std::vector<SynthesisedCore> others = cores();
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    const AreaModel model(others);
    const SynthesisedCore& out = cores()[i];
    const double error = model.gates(out.core) / out.gates - 1.0;
    squares += error * error;
    EXPECT_NEAR(error, 0.0, 0.1) << "core " << i << " of " << out.core.lanes << " lanes";
    EXPECT_NEAR(model.memory_bits(out.core) / out.memory_bits, 1.0, 1e-3) << "core " << i;
  }
  const double rms = std::sqrt(squares / static_cast<double>(cores().size()));
  RecordProperty("gates_relative_rms_percent", std::to_string(100.0 * rms));
  EXPECT_LT(rms, 0.04);
}

TEST(Area, GrowsWithEveryWidth) {
  const AreaModel& model = AreaModel::of_sources();
  for (const SynthesisedCore& one : cores())
    for (int sim::CoreParameters::*width :
         {&sim::CoreParameters::sw, &sim::CoreParameters::ww, &sim::CoreParameters::depth}) {
      sim::CoreParameters wider = one.core;
      ++(wider.*width);
      EXPECT_GT(model.area(wider), model.area(one.core));
    }
}

TEST(Area, RefusesATableThatIsNone) {
  for (const std::string text : {"", "{}", "[]", R"([{"parameters": {}, "resources": {}}])"}) {
    const auto path = std::filesystem::path(testing::TempDir()) / "area.json";
    std::ofstream(path) << text;
    EXPECT_TRUE(test::contains(test::message_of([&] { read_synthesised_cores(path); }), "area.json")) << text;
  }
}

}  // namespace
}  // namespace apical::tools
