// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

#include "model/golden.hpp"
#include "model/hdf5_file.hpp"
#include "model/task.hpp"

namespace apical::model {
namespace {

std::vector<Sample> all(const std::unique_ptr<Stream>& stream) {
  std::vector<Sample> samples;
  for (Sample sample; stream->next(sample);) samples.push_back(sample);
  EXPECT_EQ(samples.size(), stream->ticks());
  return samples;
}

std::string message(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TaskSettings teacher_settings() {
  TaskSettings settings;
  settings.kind = TaskKind::teacher;
  settings.teacher_layers = {4, 12, 2};
  settings.train_ticks = 400;
  settings.test_ticks = 300;
  settings.seed = 5;
  return settings;
}

TEST(TaskTeacher, TargetsAreTheTeachersAnswers) {
  const TaskSettings settings = teacher_settings();
  const auto task = make_task(settings);
  EXPECT_EQ(task->inputs(), 4);
  EXPECT_EQ(task->outputs(), 2);
  EXPECT_FALSE(task->classification());
  const auto weights = initial_weights(settings.teacher_layers, Bias::without, {2.0}, settings.seed + 77);
  for (const auto& samples : {all(task->training(0)), all(task->test())})
    for (const Sample& s : samples) {
      std::vector<double> rate = s.input;
      for (const auto& w : weights) {
        std::vector<double> next(static_cast<std::size_t>(w.rows()));
        for (Eigen::Index i = 0; i < w.rows(); ++i) {
          double sum = 0.0;
          for (Eigen::Index j = 0; j < w.cols(); ++j) sum += w(i, j) * rate[static_cast<std::size_t>(j)];
          next[static_cast<std::size_t>(i)] = std::tanh(sum);
        }
        rate = next;
      }
      for (std::size_t i = 0; i < 2; ++i) ASSERT_NEAR(s.target[i], rate[i], 1e-14);
    }
}

// The inputs are a path in time: neither the tick nor the end of an epoch is seen in it.
TEST(TaskTeacher, TimeIsContinuous) {
  TaskSettings settings = teacher_settings();
  const auto coarse = make_task(settings);
  auto ticks = all(coarse->training(0));
  for (const Sample& s : all(coarse->training(1))) ticks.push_back(s);
  // A sum of n sines over sqrt(n), each slower than 1.2 pi / correlation_time.
  const double steepest = 1.2 * 3.14159265358979 / settings.correlation_time * std::sqrt(5.0);
  double largest = 0.0, range = 0.0;
  for (std::size_t t = 1; t < ticks.size(); ++t)
    for (std::size_t i = 0; i < 4; ++i) {
      largest = std::max(largest, std::abs(ticks[t].input[i] - ticks[t - 1].input[i]));
      range = std::max(range, std::abs(ticks[t].input[i]));
    }
  EXPECT_LE(largest, steepest * settings.dt);
  EXPECT_GT(range, 1.0);

  settings.dt = 0.25;
  const auto fine = all(make_task(settings)->training(0));
  for (std::size_t t = 0; t < 100; ++t)
    for (std::size_t i = 0; i < 4; ++i) ASSERT_NEAR(fine[4 * t].input[i], ticks[t].input[i], 1e-12);
}

TEST(TaskTeacher, SeedsAndRolesDiffer) {
  TaskSettings settings = teacher_settings();
  const auto task = make_task(settings);
  const auto training = all(task->training(0)), test = all(task->test());
  EXPECT_EQ(training.size(), 400u);
  EXPECT_EQ(test.size(), 300u);
  EXPECT_EQ(all(make_task(settings)->training(0))[7].input, training[7].input);
  for (const Sample& s : training) EXPECT_TRUE(s.nudge == 1.0 && !s.scored && s.changed);
  for (const Sample& s : test) EXPECT_TRUE(s.nudge == 0.0 && s.scored && s.changed);
  settings.seed = 6;
  EXPECT_NE(all(make_task(settings)->training(0))[7].input, training[7].input);
}

TEST(TaskTeacher, RefusesWhatIsOutOfRange) {
  const auto refused = [](const std::string& said, const std::function<void(TaskSettings&)>& change) {
    TaskSettings settings = teacher_settings();
    change(settings);
    const std::string found = message([&] { make_task(settings); });
    EXPECT_EQ(found.rfind(said, 0), 0u) << found;
    EXPECT_NE(found.find("accepted: "), std::string::npos) << found;
  };
  refused("task.teacher_layers", [](TaskSettings& s) { s.teacher_layers = {4}; });
  refused("task.teacher_layers: 0", [](TaskSettings& s) { s.teacher_layers = {4, 0, 2}; });
  refused("task.correlation_time", [](TaskSettings& s) { s.correlation_time = 0.0; });
  refused("task.correlation_time", [](TaskSettings& s) { s.correlation_time = std::nan(""); });
  refused("task.test_ticks", [](TaskSettings& s) { s.test_ticks = 0; });
}

class TaskSeries : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.kind = TaskKind::series;
    settings_.file =
        (std::filesystem::temp_directory_path() / ("apical-series-" + std::to_string(getpid()) + ".h5"))
            .string();
    for (Eigen::Index t = 0; t < 10; ++t) {
      input_.row(t) << static_cast<double>(t * t), -1.0, 0.5 * static_cast<double>(t);
      target_.row(t) << std::sin(static_cast<double>(t)), 100.0 - static_cast<double>(t);
    }
  }
  void TearDown() override { std::filesystem::remove(settings_.file); }

  void write(bool input, bool target) const {
    Hdf5Writer file(settings_.file);
    if (input) file.write("/input", input_);
    if (target) file.write("/target", target_);
    file.commit();
  }
  std::string refusal() const {
    return message([&] { make_task(settings_); });
  }

  TaskSettings settings_;
  RowMatrix input_{10, 3}, target_{10, 2};
};

TEST_F(TaskSeries, PlaysRowsAndWhatLiesBetween) {
  write(true, true);
  settings_.sampling = 4;
  const auto task = make_task(settings_);
  EXPECT_EQ(task->inputs(), 3);
  EXPECT_EQ(task->outputs(), 2);
  EXPECT_FALSE(task->classification());
  const auto check = [&](const std::vector<Sample>& samples, Eigen::Index first, Eigen::Index rows) {
    ASSERT_EQ(samples.size(), static_cast<std::size_t>(4 * (rows - 1) + 1));
    for (std::size_t t = 0; t < samples.size(); ++t) {
      const Eigen::Index row = first + static_cast<Eigen::Index>(t / 4);
      const Eigen::Index next = t % 4 == 0 ? row : row + 1;
      const double part = static_cast<double>(t % 4) / 4.0;
      for (Eigen::Index j = 0; j < 3; ++j)
        ASSERT_NEAR(samples[t].input[static_cast<std::size_t>(j)],
                    (1 - part) * input_(row, j) + part * input_(next, j), 1e-12);
      for (Eigen::Index j = 0; j < 2; ++j)
        ASSERT_NEAR(samples[t].target[static_cast<std::size_t>(j)],
                    (1 - part) * target_(row, j) + part * target_(next, j), 1e-12);
    }
  };
  const auto training = all(task->training(3)), test = all(task->test());
  check(training, 0, 8);
  check(test, 8, 2);
  for (const Sample& s : training) EXPECT_TRUE(s.nudge == 1.0 && !s.scored);
  for (const Sample& s : test) EXPECT_TRUE(s.nudge == 0.0 && s.scored);
  settings_.train_fraction = 0.5;
  settings_.sampling = 1;
  EXPECT_EQ(make_task(settings_)->training(0)->ticks(), 5u);
}

TEST_F(TaskSeries, RefusesFilesThatDoNotFit) {
  EXPECT_EQ(refusal(), settings_.file + ": doesn't exist; accepted: an HDF5 file");
  write(true, false);
  EXPECT_EQ(refusal(), settings_.file + ": has no dataset /target");
  target_.conservativeResize(9, 2);
  write(true, true);
  EXPECT_EQ(refusal(), settings_.file + ": /input has 10 rows and /target 9; accepted: as many");
  input_(4, 1) = std::numeric_limits<double>::quiet_NaN();
  write(true, true);
  EXPECT_EQ(refusal(), settings_.file + ": /input[4, 1] is nan; accepted: finite values");
  input_ = RowMatrix::Zero(4, 3);
  target_ = RowMatrix::Zero(4, 2);
  write(true, true);
  EXPECT_EQ(refusal(), settings_.file + ": 4 rows leave 3 to train and 1 to test; accepted: 2 or more each");
}

TEST_F(TaskSeries, RefusesDamagedFilesAndOtherRanks) {
  write(true, true);
  std::filesystem::resize_file(settings_.file, 500);
  EXPECT_NE(refusal().find("isn't a readable HDF5 file"), std::string::npos);
  std::ofstream(settings_.file) << "input,target\n";
  EXPECT_NE(refusal().find("isn't a readable HDF5 file"), std::string::npos);

  const hid_t file = H5Fcreate(settings_.file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hsize_t shape[3] = {2, 2, 2};
  const hid_t space = H5Screate_simple(3, shape, nullptr);
  const hid_t data = H5Dcreate2(file, "/input", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dclose(data);
  H5Sclose(space);
  H5Fclose(file);
  EXPECT_NE(refusal().find("/input has rank 3; accepted: 2"), std::string::npos);
}

TEST_F(TaskSeries, RefusesSettingsOutOfRange) {
  write(true, true);
  settings_.sampling = 0;
  EXPECT_EQ(refusal(), "task.sampling: 0; accepted: 1 or more ticks a row");
  settings_.sampling = 1;
  settings_.train_fraction = 1.0;
  EXPECT_EQ(refusal(), "task.train_fraction: 1; accepted: between 0 and 1");
  settings_.file.clear();
  EXPECT_EQ(refusal(), "task.file: empty; accepted: an HDF5 file with /input and /target, [row × unit]");
}

}  // namespace
}  // namespace apical::model
