// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "model/schedule.hpp"

using namespace apical::model;

TEST(Schedule, LearningDecaysByTheSameFactorEveryEpoch) {
  EXPECT_EQ(learning_scale(0.5, 0), 1.0);
  EXPECT_EQ(learning_scale(0.5, 3), 0.125);
  EXPECT_EQ(learning_scale(1.0, 1000), 1.0);
  EXPECT_EQ(learning_scale(0.0, 0), 1.0) << "the first epoch learns at the full rate";
}

TEST(Schedule, NudgeRisesLinearlyAndStays) {
  EXPECT_EQ(nudge_scale(0.0, 0.0), 1.0);
  EXPECT_EQ(nudge_scale(0.0, 40.0), 0.0);
  EXPECT_EQ(nudge_scale(10.0, 40.0), 0.25);
  EXPECT_EQ(nudge_scale(40.0, 40.0), 1.0);
  EXPECT_EQ(nudge_scale(1e9, 40.0), 1.0);
}
