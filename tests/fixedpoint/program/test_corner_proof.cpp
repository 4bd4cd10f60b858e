// SPDX-License-Identifier: Apache-2.0
// Corners that are proven to be out of reach are never met, whatever a host does; and those of a known
// network.
#include "fixedpoint/program/corner_proof.hpp"

#include <gtest/gtest.h>

#include <random>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/program/compiler.hpp"
#include "tests/fixedpoint/random_network.hpp"

namespace apical::fixedpoint {
namespace {

std::int64_t any(std::mt19937_64& random, const Format& f) {
  switch (random() % 3) {
    case 0:
      return f.minimum_raw();
    case 1:
      return f.maximum_raw();
    default:
      return std::uniform_int_distribution<std::int64_t>(f.minimum_raw(), f.maximum_raw())(random);
  }
}

// Ticks of a program on extreme weights, inputs, targets and rates.
Coverage met_by(Program program, std::uint64_t seed, int ticks) {
  std::mt19937_64 random(seed);
  for (Projection& p : program.projections)
    for (std::int64_t& w : p.image) w = random() % 2 == 0 ? any(random, p.weight) : 0;
  Coverage coverage;
  EmulatorOptions options;
  options.watchers = {&coverage};
  const auto shared = std::make_shared<const Program>(std::move(program));
  Emulator emulator(shared, options);
  const Population& first = shared->populations.front();
  std::vector<std::int64_t> input(static_cast<std::size_t>(first.units));
  for (int t = 0; t < ticks; ++t) {
    if (t % 16 == 0 || random() % 2 == 0) {
      for (std::int64_t& x : input) x = any(random, first[Signal::rate]);
      emulator.write_inputs(0, input.data(), first.units);
      for (int i = 0; i < shared->output_population().units; ++i)
        emulator.write_target(i, any(random, shared->output_population()[Signal::target]));
    }
    emulator.set_beta_register(static_cast<std::int64_t>(random() % 3 == 0 ? 0xffff : random() % 0x10000));
    for (std::size_t k = 0; k < shared->projections.size(); ++k)
      emulator.set_eta_register(static_cast<int>(k), static_cast<std::int64_t>(random() % 0x10000));
    emulator.tick();
  }
  return coverage;
}

TEST(CornerProof, HoldsOnRandomNetworks) {
  int proven = 0, programs = 0;
  for (std::uint64_t seed = 1; programs < 60; ++seed) {
    RandomNetwork draw(seed);
    Program program;
    try {
      program = compile(seed % 2 == 0 ? draw() : draw.graph());
    } catch (const std::invalid_argument&) {  // without a proof of its widths
      continue;
    }
    ++programs;
    const CornerProof proof = prove_corners(program);
    const Coverage coverage = met_by(program, seed, 80);
    for (const auto& [quantiser, counts] : coverage.counts()) {
      ASSERT_EQ(proof.count(quantiser), 1u)
          << "seed " << seed << " " << name_of(quantiser.first) << " of layer " << quantiser.second;
      for (std::size_t c = 0; c < corner_count; ++c) {
        const std::string& why = proof.at(quantiser)[c];
        proven += !why.empty();
        ASSERT_TRUE(why.empty() || counts[c] == 0)
            << "seed " << seed << " " << name_of(quantiser.first) << " of layer " << quantiser.second
            << " met " << name_of(static_cast<Corner>(c)) << " although " << why;
      }
    }
  }
  EXPECT_GT(proven, 1000);
}

TEST(CornerProof, SaysWhy) {
  const Program program = compile(plain_network({4, 3, 2}, 1));
  const CornerProof proof = prove_corners(program);
  const auto why = [&](Signal signal, int layer, Corner corner) {
    return proof.at({signal, layer})[index_of(corner)];
  };
  // Units without a delay: s + (basal + nudge - s) - basal is the nudge, whose LSB is the error's.
  EXPECT_EQ(why(Signal::error, 1, Corner::tie_even), "exact values are multiples of the LSB");
  // A logistic rate is never negative, and below 1.
  EXPECT_NE(why(Signal::rate, 1, Corner::negative_tie_odd), "");
  EXPECT_NE(why(Signal::rate, 1, Corner::high), "");
  EXPECT_EQ(why(Signal::rate, 1, Corner::tie_even), "");
  EXPECT_EQ(why(Signal::weight, 2, Corner::tie_odd), "STOCHASTIC has no ties");
  // A membrane rounded to nearest stops before the end: where basal is there, the nudge can't pull beyond.
  for (const int layer : {1, 2}) EXPECT_NE(why(Signal::membrane, layer, Corner::high), "");
  EXPECT_EQ(why(Signal::basal, 1, Corner::low), "");
}

}  // namespace
}  // namespace apical::fixedpoint
