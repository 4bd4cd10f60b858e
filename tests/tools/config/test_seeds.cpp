// SPDX-License-Identifier: Apache-2.0
// Seeds: each moves what it is of and nothing else, and without them run.seed moves all.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tools/config/config.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

// What is drawn, by what it is.
struct Drawn {
  std::vector<model::WeightMatrix> weights;
  std::vector<double> first_digit, rho;
  std::uint32_t rounding = 0;

  explicit Drawn(const std::string& run) {
    const Config c = parse_config(
        "[network]\nlayers = [64, 5, 10]\n[dynamics]\nrho = 0.9\nrho_spread = 0.2\n[imperfections]\n"
        "weight_spread = 0.3\n" +
            run,
        "text");
    weights = starting_weights(c);
    const auto task = configured_task(c);
    model::Sample sample;
    task->training(0)->next(sample);
    first_digit = sample.input;
    rho = drawn_settings(c).rho;
    rounding = describe(c, weights).seed;
  }
  // Which of them differ: w, o, r, c.
  std::string against(const Drawn& other) const {
    std::string moved;
    if (weights != other.weights) moved += 'w';
    if (first_digit != other.first_digit) moved += 'o';
    if (rounding != other.rounding) moved += 'r';
    if (rho != other.rho) moved += 'c';
    return moved;
  }
};

}  // namespace

TEST(Seeds, MoveWhatTheyAreOf) {
  const Drawn one("[run]\nseed = 3\n");
  EXPECT_EQ(Drawn("[run]\nseed = 4\n").against(one), "worc");
  EXPECT_EQ(Drawn("[run]\nseed = 3\nseed_weights = 4\n").against(one), "w");
  EXPECT_EQ(Drawn("[run]\nseed = 3\nseed_order = 4\n").against(one), "o");
  EXPECT_EQ(Drawn("[run]\nseed = 3\nseed_rounding = 4\n").against(one), "r");
  EXPECT_EQ(Drawn("seed = 4\n[run]\nseed = 3\n").against(one), "c");
  // All of them together are the run's.
  EXPECT_EQ(
      Drawn("seed = 3\n[run]\nseed = 9\nseed_weights = 3\nseed_order = 3\nseed_rounding = 3\n").against(one),
      "");
}

}  // namespace apical::tools
