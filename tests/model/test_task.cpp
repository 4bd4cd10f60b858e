#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <set>

#include "model/dataset.hpp"
#include "model/hdf5_file.hpp"
#include "model/task.hpp"

using namespace apical::model;

namespace {

namespace fs = std::filesystem;

// A folder of its own for every test, gone afterwards.
class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() /
             (std::string("apical-") + testing::UnitTest::GetInstance()->current_test_info()->name() +
              std::to_string(getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  fs::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder / name, std::ios::binary) << bytes;
    return folder / name;
  }
  static std::string word(std::uint32_t v) {
    return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
            static_cast<char>(v)};
  }
  static std::string message(const std::function<void()>& action) {
    try {
      action();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }
  fs::path folder;
};

}  // namespace

TEST(Digits8, HasTheWellKnownContent) {
  const Split split = load_digits8(360);
  EXPECT_EQ(split.training.size(), 1437u);
  EXPECT_EQ(split.test.size(), 360u);
  // Counts per class of the published data set.
  std::vector<int> count(10);
  double sum = 0.0;
  for (const Dataset* part : {&split.training, &split.test})
    for (std::size_t i = 0; i < part->size(); ++i) {
      ++count[static_cast<std::size_t>(part->labels[i])];
      for (const float pixel : part->images[i]) sum += static_cast<double>(pixel) * 16;
    }
  EXPECT_EQ(count, (std::vector<int>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}));
  EXPECT_EQ(sum, 561718.0);
  EXPECT_THROW(load_digits8(0), std::invalid_argument);
  EXPECT_THROW(load_digits8(1797), std::invalid_argument);
}

TEST(Shuffle, IsAPermutationThatTheSeedDecides) {
  const auto order = shuffled(1000, 5);
  EXPECT_EQ(std::set<std::size_t>(order.begin(), order.end()).size(), 1000u);
  EXPECT_EQ(shuffled(1000, 5), order);
  EXPECT_NE(shuffled(1000, 6), order);
  EXPECT_EQ(shuffled(5, 1), (std::vector<std::size_t>(shuffled(5, 1))));
}

TEST_F(Files, IdxIsReadAndItsFaultsAreNamed) {
  const std::string pixels = {0, static_cast<char>(255), 51, 102};
  const fs::path images = write("images", word(2051) + word(2) + word(1) + word(2) + pixels);
  const fs::path labels = write("labels", word(2049) + word(2) + std::string("\x03\x07", 2));
  const Dataset data = read_idx(images, labels);
  EXPECT_EQ(data.labels, (std::vector<int>{3, 7}));
  EXPECT_EQ(data.images[0], (std::vector<float>{0.0f, 1.0f}));
  EXPECT_EQ(data.images[1], (std::vector<float>{0.2f, 0.4f}));
  const auto fault = [&](const fs::path& a, const fs::path& b) { return message([&] { read_idx(a, b); }); };
  EXPECT_NE(fault(write("t", word(2051) + word(2) + word(1) + word(2) + "abc"), labels).find("truncated"),
            std::string::npos);
  EXPECT_NE(fault(write("s", "GIF"), labels).find("header"), std::string::npos);
  EXPECT_NE(fault(write("g", "GIF89a, something that isn't idx at all"), labels).find("starts with 2051"),
            std::string::npos);
  EXPECT_NE(fault(write("n", word(2049) + word(8) + "12345678"), labels).find("starts with 2049"), std::string::npos);
  EXPECT_NE(fault(images, write("l", word(2049) + word(3) + "abc")).find("3 labels"), std::string::npos);
  EXPECT_NE(fault(images, write("m", word(2049) + word(2) + std::string("\x03\x0b", 2))).find("label 11"),
            std::string::npos);
  EXPECT_NE(fault(folder / "absent", labels).find("fetch-mnist"), std::string::npos);
  EXPECT_NE(
      fault(write("h", word(2051) + word(0xffffffff) + word(0xffffffff) + word(2)), labels).find("2^40"),
      std::string::npos);
}

TEST(DigitsTask, ShowsEveryDigitForItsPresentation) {
  TaskSettings s;
  s.presentation = 3;
  s.train_limit = 20;
  const auto task = make_task(s);
  const auto stream = task->training(0);
  EXPECT_EQ(stream->ticks(), 60u);
  Sample sample;
  for (int t = 0; t < 60; ++t) {
    ASSERT_TRUE(stream->next(sample));
    EXPECT_EQ(sample.changed, t % 3 == 0);
    EXPECT_EQ(sample.scored, t % 3 == 2);
    EXPECT_EQ(sample.nudge, 1.0);
    EXPECT_EQ(std::accumulate(sample.target.begin(), sample.target.end(), 0.0), 1.0);
    EXPECT_EQ(sample.target[static_cast<std::size_t>(sample.label)], 1.0);
  }
  EXPECT_FALSE(stream->next(sample));
  ASSERT_TRUE(task->test()->next(sample));
  EXPECT_EQ(sample.nudge, 0.0);
}

TEST(DigitsTask, SmoothTransitionsFadeLinearly) {
  TaskSettings s;
  s.transition = "smooth";
  s.transition_ticks = 3;
  s.train_limit = 2;
  const auto task = make_task(s);
  const auto stream = task->training(0);
  Sample sample;
  std::vector<std::vector<double>> inputs;
  while (stream->next(sample)) inputs.push_back(sample.input);
  for (int t = 0; t < 3; ++t)
    for (std::size_t i = 0; i < 64; ++i)
      EXPECT_NEAR(inputs[static_cast<std::size_t>(8 + t)][i],
                  inputs[7][i] + (t + 1) / 4.0 * (inputs[15][i] - inputs[7][i]), 1e-12);
  EXPECT_EQ(inputs[11], inputs[15]);
  s.transition_ticks = 8;
  EXPECT_THROW(make_task(s), std::invalid_argument);
}

TEST(TeacherTask, IsSmoothDeterministicAndGoesOn) {
  TaskSettings s;
  s.kind = "teacher";
  s.teacher_layers = {4, 6, 2};
  s.train_ticks = 100;
  const auto task = make_task(s);
  Sample a, b;
  const auto first = task->training(0);
  const auto again = task->training(0);
  std::vector<double> last;
  for (int t = 0; t < 100; ++t) {
    ASSERT_TRUE(first->next(a));
    ASSERT_TRUE(again->next(b));
    EXPECT_EQ(a.input, b.input);
    EXPECT_EQ(a.target, b.target);
    for (std::size_t i = 0; t > 0 && i < 4; ++i) {
      EXPECT_LT(std::abs(a.input[i] - last[i]), 0.2);
    }
    last = a.input;
  }
  ASSERT_TRUE(task->training(1)->next(b));
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_LT(std::abs(b.input[i] - last[i]), 0.2) << "the second epoch follows the first";
  s.teacher_layers = {4};
  EXPECT_THROW(make_task(s), std::invalid_argument);
}

TEST_F(Files, SeriesInterpolatesBetweenRows) {
  TaskSettings s;
  s.kind = "series";
  s.file = (folder / "series.h5").string();
  s.sampling = 4;
  s.train_fraction = 0.5;
  {
    Hdf5Writer file(s.file);
    RowMatrix input(6, 2), target(6, 1);
    for (int i = 0; i < 6; ++i) {
      input.row(i) << i, 10 * i;
      target(i, 0) = -i;
    }
    file.write("/input", input);
    file.write("/target", target);
    file.commit();
  }
  const auto task = make_task(s);
  EXPECT_EQ(task->inputs(), 2);
  EXPECT_EQ(task->outputs(), 1);
  Sample sample;
  const auto stream = task->training(0);
  EXPECT_EQ(stream->ticks(), 9u);
  for (int t = 0; t < 9; ++t) {
    ASSERT_TRUE(stream->next(sample));
    EXPECT_DOUBLE_EQ(sample.input[1], 10 * t / 4.0);
    EXPECT_DOUBLE_EQ(sample.target[0], -t / 4.0);
  }
  EXPECT_FALSE(stream->next(sample));
}

TEST_F(Files, SeriesFaultsAreNamed) {
  TaskSettings s;
  s.kind = "series";
  const auto fault = [&](const std::string& name, const RowMatrix* input, const RowMatrix* target) {
    s.file = (folder / name).string();
    Hdf5Writer file(s.file);
    if (input != nullptr) file.write("/input", *input);
    if (target != nullptr) file.write("/target", *target);
    file.commit();
    return message([&] { make_task(s); });
  };
  const RowMatrix ten = RowMatrix::Ones(10, 2), nine = RowMatrix::Ones(9, 2);
  RowMatrix nan = ten;
  nan(3, 1) = std::nan("");
  EXPECT_NE(fault("a", &ten, nullptr).find("/target"), std::string::npos);
  EXPECT_NE(fault("b", &ten, &nine).find("10 rows"), std::string::npos);
  EXPECT_NE(fault("c", &nan, &ten).find("/input[3, 1]"), std::string::npos);
  s.file = write("d", "no HDF5 at all").string();
  EXPECT_NE(message([&] { make_task(s); }).find("HDF5"), std::string::npos);
}

TEST_F(Files, WriterLeavesNothingUnlessCommitted) {
  {
    Hdf5Writer file(folder / "w.h5");
    file.write("/x", RowMatrix::Ones(2, 2));
  }
  EXPECT_TRUE(fs::is_empty(folder));
  {
    Hdf5Writer file(folder / "w.h5");
    for (int i = 0; i < 600; ++i) file.append("/deep/er/x", {1.0 * i, 2.0});
    file.commit();
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
  const RowMatrix back = read_matrix(folder / "w.h5", "/deep/er/x");
  ASSERT_EQ(back.rows(), 600);
  EXPECT_EQ(back(599, 0), 599.0);
}
