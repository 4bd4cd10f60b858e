// SPDX-License-Identifier: Apache-2.0
#include "model/dataset.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>

#include "model/task.hpp"

namespace apical::model {
namespace {

using Bytes = std::vector<unsigned char>;

// A folder of its own for each test, gone afterwards; no variable of the environment points anywhere.
class Mnist : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("apical-dataset-" + std::to_string(getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    for (const char* name : {"APICAL_MNIST", "APICAL_FASHION_MNIST", "XDG_CACHE_HOME"}) unsetenv(name);
    setenv("HOME", folder_.c_str(), 1);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const Bytes& bytes) const {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  // The four files of a data set whose first training label is `label`.
  void write_four(const std::string& at, unsigned char label, unsigned test_rows = 2) const;

  std::filesystem::path folder_;
};

Bytes big_endian(std::initializer_list<std::uint32_t> words) {
  Bytes bytes;
  for (const std::uint32_t word : words)
    for (const unsigned shift : {24u, 16u, 8u, 0u})
      bytes.push_back(static_cast<unsigned char>((word >> shift) & 255u));
  return bytes;
}

Bytes joined(Bytes head, const Bytes& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

Bytes images_file() {
  return joined(big_endian({2051, 3, 2, 2}), {0, 51, 102, 255, 1, 2, 3, 4, 9, 8, 7, 6});
}
Bytes labels_file() {
  return joined(big_endian({2049, 3}), {7, 0, 9});
}

void Mnist::write_four(const std::string& at, unsigned char label, unsigned test_rows) const {
  write(at + "/train-images-idx3-ubyte", images_file());
  write(at + "/train-labels-idx1-ubyte", joined(big_endian({2049, 3}), {label, 0, 9}));
  write(at + "/t10k-images-idx3-ubyte",
        joined(big_endian({2051, 1, test_rows, 2}), Bytes(std::size_t{2} * test_rows, 5)));
  write(at + "/t10k-labels-idx1-ubyte", joined(big_endian({2049, 1}), {4}));
}

// The message of what `action` throws; it has to be a std::runtime_error.
template <class Action>
std::string message(Action action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Digits8, HoldsTheDigitsOfItsSource) {
  // From the file itself, counted with awk: classes, sum of all pixels.
  const std::array<int, 10> expected{178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
  const Split split = load_digits8(360);
  EXPECT_EQ(split.training.size(), 1437u);
  EXPECT_EQ(split.test.size(), 360u);
  std::array<int, 10> found{};
  double sum = 0.0;
  for (const Dataset* part : {&split.training, &split.test}) {
    EXPECT_EQ(part->rows, 8);
    EXPECT_EQ(part->columns, 8);
    ASSERT_EQ(part->images.size(), part->labels.size());
    for (const int label : part->labels) ++found.at(static_cast<std::size_t>(label));
    for (const auto& image : part->images) {
      ASSERT_EQ(image.size(), 64u);
      for (const float pixel : image) {
        ASSERT_TRUE(pixel >= 0.0f && pixel <= 1.0f && pixel * 16.0f == std::floor(pixel * 16.0f));
        sum += 16.0 * static_cast<double>(pixel);
      }
    }
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(sum, 561718.0);
}

TEST(Digits8, HoldsOutTheEndOfOneOrder) {
  const Split large = load_digits8(360), small = load_digits8(100);
  ASSERT_EQ(small.test.size(), 100u);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(small.test.images[i], large.test.images[260 + i]);
  EXPECT_EQ(small.training.images[1437], large.test.images[0]);
  for (const int refused : {0, -1, 1797}) EXPECT_THROW(load_digits8(refused), std::invalid_argument);
  EXPECT_EQ(load_digits8(1796).training.size(), 1u);
}

// The same draws by std::mt19937_64 and the bucket rule of a bounded draw, written out.
TEST(Shuffled, IsFisherYatesOnEveryPlatform) {
  for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{1998}, std::uint64_t{123456789012345}}) {
    const std::size_t count = 1797;
    std::vector<std::size_t> expected(count);
    for (std::size_t i = 0; i < count; ++i) expected[i] = i;
    std::mt19937_64 random(seed);
    for (std::uint64_t i = count; i > 1; --i) {
      const std::uint64_t all = ~std::uint64_t{0};
      const std::uint64_t bucket = all / i + (all % i == i - 1 ? 1 : 0);
      std::uint64_t draw = random() / bucket;
      while (draw >= i) draw = random() / bucket;
      std::swap(expected[i - 1], expected[draw]);
    }
    EXPECT_EQ(shuffled(count, seed), expected) << "seed " << seed;
  }
  EXPECT_NE(shuffled(50, 1), shuffled(50, 2));
  EXPECT_TRUE(shuffled(0, 1).empty());
}

TEST_F(Mnist, ReadsWhatWasWritten) {
  write("images", images_file());
  write("labels", labels_file());
  const Dataset data = read_idx(folder_ / "images", folder_ / "labels");
  EXPECT_EQ(data.rows, 2);
  EXPECT_EQ(data.columns, 2);
  EXPECT_EQ(data.labels, (std::vector<int>{7, 0, 9}));
  ASSERT_EQ(data.images.size(), 3u);
  EXPECT_EQ(data.images[0], (std::vector<float>{0.0f, 0.2f, 0.4f, 1.0f}));
  EXPECT_EQ(data.images[2][3], 6.0f / 255.0f);
}

TEST_F(Mnist, RefusesWhatIsNotWhole) {
  struct Case {
    std::string why;
    Bytes images, labels;
    std::string culprit, said;
  };
  Bytes cut = images_file(), longer = images_file();
  cut.pop_back();
  longer.push_back(0);
  const std::vector<Case> cases{
      {"empty", {}, labels_file(), "images", "0 bytes"},
      {"half a header", big_endian({2051, 3}), labels_file(), "images", "header"},
      {"truncated", cut, labels_file(), "images", "11 bytes of data; accepted: the 12"},
      {"too long", longer, labels_file(), "images", "13 bytes of data; accepted: the 12"},
      {"labels as images", joined(labels_file(), Bytes(9, 0)), labels_file(), "images", "2051"},
      {"images as labels", images_file(), images_file(), "labels", "2049"},
      {"not idx", Bytes(100, 'x'), labels_file(), "images", "starts with 2021161080"},
      {"fewer labels", images_file(), joined(big_endian({2049, 2}), {1, 2}), "labels", "2 labels"},
      {"no such class", images_file(), joined(big_endian({2049, 3}), {1, 10, 2}), "labels", "label 10"},
      {"no images", big_endian({2051, 0, 28, 28}), big_endian({2049, 0}), "images", "no data"},
      {"absurd size", big_endian({2051, 0xffffffff, 0xffffffff, 0xffffffff}), labels_file(), "images",
       "2^40"}};
  for (const Case& c : cases) {
    write("images", c.images);
    write("labels", c.labels);
    const std::string said = message([&] { read_idx(folder_ / "images", folder_ / "labels"); });
    EXPECT_EQ(said.rfind((folder_ / c.culprit).string() + ": ", 0), 0u) << c.why << ": " << said;
    EXPECT_NE(said.find(c.said), std::string::npos) << c.why << ": " << said;
    EXPECT_NE(said.find("accepted: "), std::string::npos) << c.why << ": " << said;
  }
  for (const auto& absent : {folder_ / "nowhere", folder_}) {  // a folder isn't a file either
    const std::string said = message([&] { read_idx(absent, folder_ / "labels"); });
    EXPECT_EQ(said.rfind(absent.string() + (absent == folder_ ? ": is a folder" : ": doesn't exist"), 0), 0u)
        << said;
    EXPECT_NE(said.find("run tools/fetch-mnist"), std::string::npos) << said;
  }
}

// Whatever bytes are flipped, cut off or added: an error, or data that agree with themselves.
TEST_F(Mnist, SurvivesDamage) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  write("labels", labels_file());
  int refused = 0;
  for (int round = 0; round < 500; ++round) {
    Bytes bytes = images_file();
    for (unsigned flips = random() % 4; flips > 0; --flips)
      bytes[random() % bytes.size()] = static_cast<unsigned char>(random());
    if (random() % 2 == 0) bytes.resize(random() % 40);
    write("images", bytes);
    try {
      const Dataset data = read_idx(folder_ / "images", folder_ / "labels");
      ASSERT_EQ(data.size(), 3u);
      for (const auto& image : data.images)
        ASSERT_EQ(image.size(), static_cast<std::size_t>(data.rows * data.columns));
    } catch (const std::runtime_error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

TEST_F(Mnist, IsLookedForInOrder) {
  const auto first_label = [](const std::string& given) {
    return load_idx(mnist_data, given).training.labels[0];
  };
  EXPECT_NE(message([&] { first_label(""); }).find((folder_ / ".cache/apical/mnist").string()),
            std::string::npos);
  write_four(".cache/apical/mnist", 1);
  EXPECT_EQ(first_label(""), 1);
  write_four("cache/apical/mnist", 2);
  setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
  EXPECT_EQ(first_label(""), 2);
  write_four("own", 3);
  setenv("APICAL_MNIST", (folder_ / "own").c_str(), 1);
  EXPECT_EQ(first_label(""), 3);
  write_four("given", 4);
  EXPECT_EQ(first_label((folder_ / "given").string()), 4);
  setenv("APICAL_MNIST", "", 1);
  EXPECT_EQ(first_label(""), 2);
}

// The other data set has folders and a script of its own, and is found by its kind of task.
TEST_F(Mnist, AndFashionDoNotMeet) {
  setenv("APICAL_MNIST", (folder_ / "digits").c_str(), 1);
  setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
  unsetenv("APICAL_FASHION_MNIST");
  write_four("digits", 1);
  const auto first_label = [] { return load_idx(fashion_mnist_data, "").training.labels[0]; };
  const std::string said = message(first_label);
  EXPECT_NE(said.find((folder_ / "cache/apical/fashion-mnist").string()), std::string::npos) << said;
  EXPECT_NE(said.find("run tools/fetch-fashion-mnist"), std::string::npos) << said;
  write_four("cache/apical/fashion-mnist", 5);
  EXPECT_EQ(first_label(), 5);
  write_four("clothes", 6);
  setenv("APICAL_FASHION_MNIST", (folder_ / "clothes").c_str(), 1);
  EXPECT_EQ(first_label(), 6);
  TaskSettings settings;
  settings.kind = TaskKind::fashion_mnist;
  EXPECT_EQ(files_of(settings).front(), folder_ / "clothes" / "train-images-idx3-ubyte");
  EXPECT_EQ(make_task(settings)->inputs(), 4);
  settings.kind = TaskKind::mnist;
  EXPECT_EQ(files_of(settings).front(), folder_ / "digits" / "train-images-idx3-ubyte");
  unsetenv("APICAL_FASHION_MNIST");
}

TEST_F(Mnist, RefusesTestImagesOfAnotherShape) {
  write_four("given", 4, 3);
  const std::string said = message([&] { load_idx(mnist_data, (folder_ / "given").string()); });
  EXPECT_NE(said.find("t10k-images-idx3-ubyte: images of 3 x 2; accepted: 2 x 2"), std::string::npos) << said;
}

}  // namespace
}  // namespace apical::model
