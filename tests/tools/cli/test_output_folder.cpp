// SPDX-License-Identifier: Apache-2.0
#include "tools/report/output_folder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "model/hdf5_file.hpp"
#include "model/output_file.hpp"
#include "tests/scratch.hpp"
#include "tools/config/config.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {
namespace {

using test::contains;
using test::content;
using test::message_of;

// A disk with room for `bytes` in every file, as far as this process can tell.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit small{bytes, limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit limit_{};
  void (*before_)(int);
};

class Output : public test::Scratch {
 protected:
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
  }
};

TEST_F(Output, AppearsAtOnce) {
  const auto place = folder / "a" / "b";
  {
    OutputFolder out(place);
    out.write("one.txt", "first");
    out.write("two.txt", "second");
    EXPECT_FALSE(std::filesystem::exists(place / "one.txt"));
    out.commit();
    EXPECT_EQ(content(place / "one.txt"), "first");
    EXPECT_EQ(content(place / "two.txt"), "second");
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(place), {}), 2) << "the hidden folder stayed";
}

TEST_F(Output, LeavesNothingWithoutCommit) {
  {
    OutputFolder out(folder / "a" / "b");
    out.write("one.txt", "first");
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(Output, KeepsWhatWasThereUntilCommit) {
  file("one.txt", "old");
  file("stale.txt", "old");
  file("other.txt", "the user's");
  { OutputFolder(folder).write("one.txt", "new"); }
  EXPECT_EQ(content(folder / "one.txt"), "old");
  {
    OutputFolder out(folder);
    out.write("one.txt", "new");
    out.commit({"stale.txt", "absent.txt"});
  }
  EXPECT_EQ(content(folder / "one.txt"), "new");
  EXPECT_FALSE(std::filesystem::exists(folder / "stale.txt"));
  EXPECT_EQ(content(folder / "other.txt"), "the user's");
}

TEST_F(Output, RefusesWhatCannotBeAFolder) {
  const std::string path = file("plain", "a file");
  for (const std::string& bad : {path, path + "/below"}) {
    const std::string message = message_of([&] { OutputFolder out(bad); });
    EXPECT_TRUE(contains(message, bad)) << message;
    EXPECT_TRUE(contains(message, "accepted: a folder")) << message;
  }
  EXPECT_EQ(content(path), "a file");
}

TEST_F(Output, FullDiskLeavesNothing) {
  std::string message;
  {
    const SmallDisk disk(1000);
    message = message_of([&] {
      OutputFolder out(folder / "new");
      out.write("small.txt", "fits");
      out.write("large.txt", std::string(100000, 'x'));
      out.commit();
    });
  }
  EXPECT_TRUE(contains(message, "large.txt: can't be written (a full disk?)")) << message;
  EXPECT_EQ(entries(), 0u);
}

TEST_F(Output, FullDiskLeavesNoHdf5File) {
  for (const rlim_t bytes : {0u, 100u, 2000u, 3000u, 5000u, 20000u, 70000u}) {
    for (const bool growing : {false, true}) {
      std::string message;
      {
        const SmallDisk disk(bytes);
        message = message_of([&] {
          model::Hdf5Writer out(folder / "out.h5");
          if (growing)
            for (int tick = 0; tick < 3000; ++tick)
              out.append("/trace/layer1/u", std::vector<double>(20, tick));
          else
            out.write("/weights/W1", model::RowMatrix::Random(100, 100));
          out.commit();
        });
      }
      EXPECT_TRUE(contains(message, "out.h5: ")) << bytes << message;
      EXPECT_TRUE(contains(message, "a full or read-only disk?")) << bytes << message;
      EXPECT_EQ(entries(), 0u) << bytes;
    }
  }
}

std::vector<model::WeightMatrix> from_file(Config c, const std::string& file) {
  c.weights_file = file;
  return starting_weights(c);
}

TEST_F(Output, WeightsComeBackBitForBit) {
  Config c;
  c.network.layers = {5, 4, 3};
  const std::vector<model::WeightMatrix> weights = starting_weights(c);
  const std::string path = (folder / "weights.h5").string();
  {
    model::Hdf5Writer out(path);
    for (std::size_t k = 0; k < weights.size(); ++k)
      out.write("/weights/W" + std::to_string(k + 1), weights[k]);
    out.commit();
  }
  const std::vector<model::WeightMatrix> again = from_file(c, path);
  ASSERT_EQ(again.size(), 2u);
  for (std::size_t k = 0; k < 2; ++k) EXPECT_EQ(weights[k], again[k]);

  c.network.layers = {5, 4, 2};
  std::string message = message_of([&] { from_file(c, path); });
  EXPECT_TRUE(contains(message, path + ": W2 is 3 x 5; accepted: W1 4 x 6; W2 2 x 5")) << message;
  c.network.layers = {5, 4, 3, 2};
  message = message_of([&] { from_file(c, path); });
  EXPECT_TRUE(contains(message, "weights.h5: no W3; accepted: ")) << message;
  c.network.layers = {5, 4, 3};
  c.network.bias = false;
  message = message_of([&] { from_file(c, path); });
  EXPECT_TRUE(contains(message, "W1 is 4 x 6; W2 is 3 x 5; accepted: W1 4 x 5; W2 3 x 4")) << message;
}

TEST_F(Output, WeightsThatAreNoNumbersAreRefused) {
  Config c;
  c.network.layers = {2, 2};
  model::RowMatrix w = model::RowMatrix::Zero(2, 3);
  w(1, 2) = std::nan("");
  const std::string path = (folder / "nan.h5").string();
  {
    model::Hdf5Writer out(path);
    out.write("/weights/W1", w);
    out.commit();
  }
  const std::string message = message_of([&] { from_file(c, path); });
  EXPECT_TRUE(contains(message, "/weights/W1[1, 2] is nan; accepted: finite values")) << message;

  const std::string whole = content(path);
  const std::string truncated = file("truncated.h5", whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(contains(message_of([&] { from_file(c, truncated); }), "accepted: an HDF5 file"));
  EXPECT_TRUE(
      contains(message_of([&] { from_file(c, file("text.h5", "hello")); }), "accepted: an HDF5 file"));
  EXPECT_TRUE(contains(message_of([&] { from_file(c, "absent.h5"); }), "accepted: an HDF5 file"));
}

// A process id that nobody has: a child that has ended.
pid_t ended_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

// What a killed run left is swept by the next one; what a running one writes is not.
TEST_F(Output, SweepsWhatKilledProcessesLeft) {
  const auto dead = ended_process();
  const auto left = [&](const std::string& stem, pid_t process) {
    return fmt::format("{}.tmp.{}", stem, process);
  };
  std::filesystem::create_directory(folder / left("", dead));
  file(left("", dead) + "/result.json", "half");
  std::filesystem::create_directory(folder / left("", getppid()));
  for (const std::string& name :
       {left("trace.h5", dead), left("trace.h5", dead) + ".vcd", left("trace.h5", getppid()),
        left("other.h5", dead), std::string("trace.h5.tmp.mine")})
    file(name, "x");
  { OutputFolder out(folder); }
  EXPECT_FALSE(std::filesystem::exists(folder / left("", dead)));
  EXPECT_TRUE(std::filesystem::exists(folder / left("", getppid())));
  model::prepare_output(folder / "trace.h5");
  EXPECT_FALSE(std::filesystem::exists(folder / left("trace.h5", dead)));
  EXPECT_FALSE(std::filesystem::exists(folder / (left("trace.h5", dead) + ".vcd")));
  EXPECT_TRUE(std::filesystem::exists(folder / left("trace.h5", getppid())));
  EXPECT_TRUE(std::filesystem::exists(folder / left("other.h5", dead)));
  EXPECT_TRUE(std::filesystem::exists(folder / "trace.h5.tmp.mine"));
}

// Where the last file can't have its name, those before it are as they were.
TEST_F(Output, UndoesAHalfCommit) {
  file("one.txt", "old");
  std::filesystem::create_directories(folder / "three.txt" / "inner");
  OutputFolder out(folder);
  out.write("one.txt", "new");
  out.write("two.txt", "new");
  out.write("three.txt", "new");
  EXPECT_TRUE(contains(message_of([&] { out.commit(); }), "three.txt"));
  EXPECT_EQ(content(folder / "one.txt"), "old");
  EXPECT_FALSE(std::filesystem::exists(folder / "two.txt"));
  EXPECT_TRUE(std::filesystem::exists(folder / "three.txt" / "inner"));
}

TEST_F(Output, ReplacesOnlyFiles) {
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(
      contains(message_of([&] { model::prepare_output(folder / "pipe"); }), "pipe: is a pipe or a device"));
  EXPECT_TRUE(
      contains(message_of([&] { model::prepare_output("/dev/null"); }), "/dev/null: is a pipe or a device"));
  EXPECT_TRUE(contains(message_of([&] { model::prepare_output(folder); }), "is a folder"));
  EXPECT_TRUE(contains(message_of([&] { model::Hdf5Writer trace("/dev/null"); }), "/dev/null"));
  EXPECT_EQ(message_of([&] { model::prepare_output(folder / "new.h5"); }), "");
}

}  // namespace
}  // namespace apical::tools
