// SPDX-License-Identifier: Apache-2.0
// What scripts say that a core refuses, of random programs: the core model, which was not asked, answers so.
#include <gtest/gtest.h>

#include <iostream>

#include "fixedpoint/program/random_network.hpp"
#include "hw/isa_names.hpp"
#include "sim/verify/core_coverage.hpp"

namespace apical::sim {
namespace {

using fixedpoint::Program;

std::shared_ptr<const Program> random_program(fixedpoint::RandomNetwork& draw, int lanes) {
  for (;;) try {
      auto program =
          std::make_shared<const Program>(fixedpoint::compile(draw.below(3) == 0 ? draw.graph() : draw()));
      (void)assemble(*program, required_parameters(*program, lanes));
      return program;
    } catch (const std::invalid_argument&) {  // no proof of its widths
    }
}

// Every tick has another input.
Stimulus inputs(const Program& program, fixedpoint::RandomNetwork& draw) {
  const fixedpoint::Population& p = program.populations[0];
  const fixedpoint::Format format = p[fixedpoint::Signal::rate];
  return [&draw, format, units = p.units] {
    TickStimulus s;
    s.beta = 1000;
    std::vector<std::int64_t> raw(static_cast<std::size_t>(units));
    for (std::int64_t& value : raw) value = draw.below(2) == 0 ? format.minimum_raw() : format.maximum_raw();
    s.input = std::move(raw);
    return s;
  };
}

TEST(Refusals, OfRandomProgramsAreThoseOfTheCoreModel) {
  constexpr std::uint64_t seed = 20261130;
  constexpr int programs = 60;
  std::cout << "seed " << seed << ", " << programs << " programs\n";
  for (int i = 0; i < programs; ++i) {
    fixedpoint::RandomNetwork draw(seed + static_cast<std::uint64_t>(i));
    const int lanes = 1 << draw.below(5);
    const auto program = random_program(draw, lanes);
    const CoreParameters parameters = required_parameters(*program, lanes);
    const BusScript script =
        record(program, parameters, inputs(*program, draw), 1 + static_cast<std::uint64_t>(draw.below(4)), 2);
    ASSERT_GT(script.refusals.size(), 70u);
    CoreCoverage met;
    ASSERT_NO_THROW(met = core_coverage(parameters, script)) << "program " << i;
    for (std::size_t e = 0; e < met.errors.size(); ++e) {
      std::uint64_t expected = 0;
      for (const Refusal& r : script.refusals)
        if (r.error == reg::error_names[e].mask) expected += r.times;
      // That a bit of ERRORS stays is tried with two of them.
      const bool twice =
          (reg::error_names[e].mask & (reg::Errors::access_mask | reg::Errors::bad_unit_mask)) != 0;
      EXPECT_EQ(met.errors[e], expected + (twice ? 1 : 0)) << reg::error_names[e].name << " of program " << i;
    }
    EXPECT_EQ(met.done[isa::op::end], script.digests.size() + 2);
  }
}

}  // namespace
}  // namespace apical::sim
