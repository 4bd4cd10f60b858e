// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "model/dataset.hpp"
#include "model/task.hpp"

namespace apical::model {
namespace {

std::vector<Sample> all(const std::unique_ptr<Stream>& stream) {
  std::vector<Sample> samples;
  for (Sample sample; stream->next(sample);) samples.push_back(sample);
  EXPECT_EQ(samples.size(), stream->ticks());
  return samples;
}

// Inputs of the scored ticks: which digit was shown when.
std::vector<std::vector<double>> shown(const std::unique_ptr<Stream>& stream) {
  std::vector<std::vector<double>> digits;
  for (const Sample& sample : all(stream))
    if (sample.scored) digits.push_back(sample.input);
  return digits;
}

std::vector<double> pixels(const std::vector<float>& image) {
  return {image.begin(), image.end()};
}

TEST(TaskDigits, TestShowsEachHeldOutDigitInTurn) {
  TaskSettings settings;
  settings.test_presentation = 3;
  const auto task = make_task(settings);
  EXPECT_EQ(task->inputs(), 64);
  EXPECT_EQ(task->outputs(), 10);
  EXPECT_EQ(task->image(), std::make_pair(8, 8));
  EXPECT_TRUE(task->classification());
  const auto samples = all(task->test());
  const Dataset held_out = load_digits8(360).test;
  ASSERT_EQ(samples.size(), 360u * 3u);
  for (std::size_t t = 0; t < samples.size(); ++t) {
    const Sample& s = samples[t];
    EXPECT_EQ(s.input, pixels(held_out.images[t / 3]));
    EXPECT_EQ(s.label, held_out.labels[t / 3]);
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(s.target[i], static_cast<int>(i) == s.label ? 1.0 : 0.0);
    EXPECT_EQ(s.nudge, 0.0);
    EXPECT_EQ(s.changed, t % 3 == 0);
    EXPECT_EQ(s.scored, t % 3 == 2);
  }
}

TEST(TaskDigits, ValidationIsTakenFromTrainingAlone) {
  TaskSettings whole;
  TaskSettings parted = whole;
  parted.validation = 0.25;
  TaskSettings on_validation = parted;
  on_validation.test_on = TestOn::validation;
  const auto task = make_task(parted);
  EXPECT_EQ(shown(task->test()), shown(make_task(whole)->test()));
  auto training = shown(task->training(0)), all_of_it = shown(make_task(whole)->training(0));
  const auto validation = shown(make_task(on_validation)->test());
  EXPECT_EQ(shown(make_task(on_validation)->training(0)), training);
  EXPECT_EQ(validation.size(), 359u);  // a quarter of 1437
  auto together = training;
  together.insert(together.end(), validation.begin(), validation.end());
  for (auto* digits : {&together, &all_of_it}) std::sort(digits->begin(), digits->end());
  EXPECT_EQ(together, all_of_it);
  // The split is its own seed's: the run's moves the order alone.
  on_validation.seed = 7;
  EXPECT_EQ(shown(make_task(on_validation)->test()), validation);
  on_validation.split_seed = 2;
  EXPECT_NE(shown(make_task(on_validation)->test()), validation);
  on_validation.test_limit = 20;
  EXPECT_EQ(shown(make_task(on_validation)->test()).size(), 20u);
  on_validation.validation = 0.0;
  EXPECT_THROW(make_task(on_validation), std::invalid_argument);
  for (const double bad : {-0.1, 0.95, 1e-6}) {
    parted.validation = bad;
    EXPECT_THROW(make_task(parted), std::invalid_argument) << bad;
  }
}

TEST(TaskDigits, TrainingIsADifferentPermutationEachEpoch) {
  TaskSettings settings;
  settings.presentation = 2;
  const auto task = make_task(settings);
  auto expected = shown(task->training(0));
  EXPECT_EQ(shown(task->training(0)), expected);
  const auto second = shown(task->training(1));
  EXPECT_NE(second, expected);
  settings.seed = 2;
  EXPECT_NE(shown(make_task(settings)->training(0)), expected);
  EXPECT_EQ(shown(make_task(settings)->test()), shown(task->test()));  // the seed moves no digit to the test

  std::vector<std::vector<double>> source;
  for (const auto& image : load_digits8(360).training.images) source.push_back(pixels(image));
  std::sort(source.begin(), source.end());
  for (auto order : {expected, second}) {
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, source);
  }
  for (const Sample& s : all(task->training(0))) EXPECT_EQ(s.nudge, 1.0);
}

TEST(TaskDigits, SmoothTransitionsAreLinear) {
  TaskSettings settings;
  settings.transition = Transition::smooth;
  settings.presentation = 6;
  settings.transition_ticks = 3;
  settings.train_limit = 50;
  const auto samples = all(make_task(settings)->training(0));
  ASSERT_EQ(samples.size(), 300u);
  for (std::size_t t = 6; t < samples.size(); ++t) {
    const Sample& before = samples[t / 6 * 6 - 1];  // the last tick of the digit before
    const Sample& after = samples[t / 6 * 6 + 5];
    const double part = std::min(1.0, static_cast<double>(t % 6 + 1) / 4.0);
    for (std::size_t i = 0; i < 64; ++i)
      ASSERT_NEAR(samples[t].input[i], (1 - part) * before.input[i] + part * after.input[i], 1e-15);
    for (std::size_t i = 0; i < 10; ++i)
      ASSERT_NEAR(samples[t].target[i], (1 - part) * before.target[i] + part * after.target[i], 1e-15);
  }
}

// `changed` lets a machine skip work: where it is false, nothing may differ from the tick before.
TEST(TaskDigits, ChangedTellsTheTruth) {
  for (const Transition transition : {Transition::abrupt, Transition::smooth}) {
    TaskSettings settings;
    settings.transition = transition;
    settings.train_limit = 100;
    const auto samples = all(make_task(settings)->training(0));
    for (std::size_t t = 1; t < samples.size(); ++t)
      if (!samples[t].changed) {
        ASSERT_EQ(samples[t].input, samples[t - 1].input) << name_of(transition) << " tick " << t;
        ASSERT_EQ(samples[t].target, samples[t - 1].target) << name_of(transition) << " tick " << t;
      }
  }
}

TEST(TaskDigits, LimitsShorten) {
  TaskSettings settings;
  settings.train_limit = 20;
  settings.test_limit = 7;
  const auto task = make_task(settings);
  EXPECT_EQ(task->training(0)->ticks(), 20u * 8u);
  EXPECT_EQ(task->test()->ticks(), 7u * 4u);
  settings.train_limit = 100000;
  EXPECT_EQ(make_task(settings)->training(0)->ticks(), 1437u * 8u);
}

TEST(TaskDigits, RefusesWhatIsOutOfRange) {
  const std::map<std::string, void (*)(TaskSettings&)> cases{
      {"task.presentation: 0", [](TaskSettings& s) { s.presentation = 0; }},
      {"task.test_presentation: -1", [](TaskSettings& s) { s.test_presentation = -1; }},
      {"task.transition_ticks: 4",
       [](TaskSettings& s) {
         s.transition = Transition::smooth;
         s.transition_ticks = 4;
       }},
      {"task.train_limit", [](TaskSettings& s) { s.train_limit = -1; }},
      {"task.held_out: 1797", [](TaskSettings& s) { s.held_out = 1797; }}};
  for (const auto& [said, change] : cases) {
    TaskSettings settings;
    change(settings);
    try {
      make_task(settings);
      ADD_FAILURE() << said;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()).rfind(said, 0), 0u) << error.what();
      EXPECT_NE(std::string(error.what()).find("accepted: "), std::string::npos) << error.what();
    }
  }
}

TEST(Score, CountsHitsOrAveragesSquares) {
  Sample sample;
  sample.label = 2;
  Score accuracy(Measure::accuracy);
  EXPECT_EQ(accuracy.value(), 0.0);
  accuracy.add(sample, {0.1, 0.2, 0.3});
  accuracy.add(sample, {0.4, 0.2, 0.3});
  accuracy.add(sample, {-3.0, -2.0, -1.0});
  accuracy.add(sample, {0.0, 1.0, 0.0});
  EXPECT_EQ(accuracy.value(), 0.5);
  sample.target = {1.0, -1.0};
  Score mean_square(Measure::mse);
  mean_square.add(sample, {1.0, 1.0});
  mean_square.add(sample, {0.0, -1.0});
  EXPECT_EQ(mean_square.value(), (2.0 + 0.5) / 2.0);
}

// Against the stream without the delay, tick by tick; fading targets change in every tick.
TEST(TaskDigits, LateTargetsAreThoseOfEarlierTicks) {
  for (const Transition transition : {Transition::abrupt, Transition::smooth})
    for (const std::size_t delay : {1u, 3u, 10u}) {
      TaskSettings settings;
      settings.transition = transition;
      settings.train_limit = 12;
      const auto prompt = all(make_task(settings)->training(0));
      settings.target_delay = static_cast<int>(delay);
      const auto late = all(make_task(settings)->training(0));
      ASSERT_EQ(late.size(), prompt.size());
      for (std::size_t t = 0; t < late.size(); ++t) {
        EXPECT_EQ(late[t].input, prompt[t].input);
        EXPECT_EQ(late[t].label, prompt[t].label);
        EXPECT_EQ(late[t].target, prompt[t < delay ? 0 : t - delay].target)
            << name_of(transition) << delay << " " << t;
        const bool moves =
            t > 0 && (late[t].input != late[t - 1].input || late[t].target != late[t - 1].target);
        EXPECT_TRUE(late[t].changed || !moves) << name_of(transition) << delay << " " << t;
      }
      EXPECT_EQ(late[7].changed, false) << "the first digit stays";
    }
  TaskSettings settings;
  settings.target_delay = -1;
  EXPECT_THROW(make_task(settings), std::invalid_argument);
}

}  // namespace
}  // namespace apical::model
