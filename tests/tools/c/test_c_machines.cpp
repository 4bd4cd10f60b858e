// SPDX-License-Identifier: Apache-2.0
// Machines of the C interface against those of C++ and of the command line.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "fixedpoint/emulator/emulator.hpp"
#include "model/hdf5_file.hpp"
#include "model/task.hpp"
#include "tests/tools/c/open_emulator.hpp"
#include "tests/tools/command_line.hpp"
#include "tests/tools/random_configuration.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"

using namespace apical;
using test::last_error;
using test::OpenedInC;

namespace {

using CommandLineAndC = test::CommandLine;

const std::string digits = APICAL_SOURCE_DIR "/tools/configs/digits8.toml";

// What the training of `apical run` shows to a machine, for one epoch or so many ticks, and its test.
class Training {
 public:
  Training(apical_emulator* handle, const tools::Config& config) : handle_(handle) {
    model::TaskSettings settings = config.task;
    settings.seed = config.seed;
    settings.dt = config.network.dt;
    task_ = model::make_task(settings);
    const auto stream = task_->training(0);
    for (std::uint64_t tick = 0; tick < config.ticks && stream->next(sample_); ++tick) step();
    expect(apical_set_learning_scale(handle_, 0.0));
    const auto test = task_->test();
    while (test->next(sample_)) step();
    expect(apical_set_learning_scale(handle_, 1.0));
  }

 private:
  void expect(apical_status status) { EXPECT_EQ(status, APICAL_OK) << last_error(handle_); }
  void step() {
    expect(apical_set_input(handle_, sample_.input.data(), sample_.input.size()));
    expect(apical_set_target(handle_, sample_.target.data(), sample_.target.size()));
    expect(apical_set_nudge(handle_, sample_.nudge));
    expect(apical_tick(handle_));
  }
  apical_emulator* handle_;
  std::unique_ptr<model::Task> task_;
  model::Sample sample_;
};

}  // namespace

TEST_F(CommandLineAndC, TrainToOneDigest) {
  const std::vector<std::string> overrides = {"run.ticks=200", "task.test_limit=10", "run.machine=emulator",
                                              "learning.eta=[0.2, 0.06]"};
  std::string set;
  std::vector<const char*> all;
  for (const std::string& one : overrides) {
    set += " --set '" + one + "'";
    all.push_back(one.c_str());
  }
  const test::Outcome run = apical("run '" + digits + "' --json --out first" + set);
  ASSERT_EQ(run.status, 0) << run.error;
  const auto digest_of = [](const test::Outcome& outcome) {
    return nlohmann::json::parse(outcome.out)["state_digest"].get<std::string>();
  };
  tools::Config config = tools::read_config(digits);
  for (const std::string& one : overrides) tools::set_key(config, one);
  const auto trained = [&](const char* weights) {
    apical_emulator* handle = nullptr;
    EXPECT_EQ(apical_open(digits.c_str(), weights, all.data(), all.size(), &handle), APICAL_OK)
        << last_error();
    Training(handle, config);
    char digest[APICAL_DIGEST_SIZE] = "";
    EXPECT_EQ(apical_digest(handle, digest, sizeof digest), APICAL_OK) << last_error(handle);
    EXPECT_EQ(apical_close(handle), APICAL_OK);
    return std::string(digest);
  };
  EXPECT_EQ(trained(nullptr), digest_of(run));
  // On from the weights that the first one wrote.
  const std::string weights = (folder / "first" / "weights.h5").string();
  ASSERT_TRUE(std::filesystem::exists(weights));
  const test::Outcome again =
      apical("run '" + digits + "' --json --out again --weights '" + weights + "'" + set);
  ASSERT_EQ(again.status, 0) << again.error;
  EXPECT_EQ(trained(weights.c_str()), digest_of(again));
  EXPECT_NE(digest_of(again), digest_of(run));
}

TEST_F(CommandLineAndC, RefuseTheSameInTheSameWords) {
  for (const char* wrong : {"network.layers=[0]", "run.epoch=1", "formats.weight.bits=99", "run.seed",
                            "learning.eta=[1, 2, 3]", "formats.weight.frac=40"}) {
    const test::Outcome run =
        apical("run '" + digits + "' --machine emulator --out out --set '" + std::string(wrong) + "'");
    apical_emulator* handle = nullptr;
    EXPECT_EQ(apical_open(digits.c_str(), nullptr, &wrong, 1, &handle), APICAL_BAD_INPUT) << wrong;
    EXPECT_EQ(handle, nullptr);
    std::string said = "apical: " + last_error() + "\n";
    if (said.find("overrides: ") == 8) said.replace(8, 9, "--set");
    EXPECT_EQ(said, run.error);
    EXPECT_EQ(run.status, 2);
  }
  const OpenedInC imperfect("", {"network.layers=[3, 2]", "imperfections.noise=0.1"});
  EXPECT_NE(imperfect.refused.find("imperfections.noise"), std::string::npos) << imperfect.refused;
}

// The network and the stimulus of test_c.c, whose digest it knows.
TEST(MachinesInC, AreTheEmulatorOfTheKnownDigest) {
  tools::Config config = tools::read_config(digits);
  for (const char* one :
       {"network.layers=[6, 5, 3]", "dynamics.scheme=integrated", "dynamics.flow=lagrangian", "run.seed=7"})
    tools::set_key(config, one);
  fixedpoint::Emulator emulator(tools::compiled(config, tools::starting_weights(config)));
  for (int tick = 0; tick < 20; ++tick) {
    std::vector<double> input, target;
    for (int i = 0; i < 6; ++i) input.push_back((tick * (i + 1) % 8) / 8.0);
    for (int i = 0; i < 3; ++i) target.push_back((tick + i) % 3 == 0);
    emulator.write_input(input.data());
    emulator.write_target(target.data());
    emulator.set_beta(emulator.program().beta);
    if (tick == 15) emulator.set_learning_scale(0.5);
    emulator.tick();
  }
  EXPECT_EQ(emulator.digest(), "dcf92df58d85c380d515ac4c854d4cbe");
}

// Shapes, graphs, microcircuits, every format of 1 to 32 bits; operation by operation.
TEST(MachinesInC, HaveTheStateOfTheEmulatorInEveryConfiguration) {
  constexpr std::uint64_t first = 4200, count = 400;
  int ran = 0;
  for (std::uint64_t number = first; number < first + count; ++number) {
    SCOPED_TRACE(number);
    const std::vector<std::string> assignments = test::RandomConfiguration(number).assignments;
    tools::Config config = tools::parse_config("", "TOML");
    std::shared_ptr<const fixedpoint::Program> program;
    std::string refused;
    try {
      for (const std::string& one : assignments) tools::set_key(config, one, "overrides");
      tools::check(config);
      program = tools::compiled(config, tools::starting_weights(config));
    } catch (const tools::InputError& error) {
      refused = error.what();
    } catch (const std::invalid_argument& error) {
      refused = tools::located(config, error);
    }
    const OpenedInC opened("", assignments);
    ASSERT_EQ(opened.refused, refused);
    if (program == nullptr) continue;
    ++ran;
    fixedpoint::Emulator emulator(program);
    std::mt19937_64 random(number);
    const auto inputs = static_cast<std::size_t>(program->populations.front().units);
    const auto outputs = static_cast<std::size_t>(program->output_population().units);
    std::vector<double> input(inputs), target(outputs);
    std::int32_t operations = 0;
    ASSERT_EQ(apical_operations(opened, &operations, nullptr), APICAL_OK);
    for (int tick = 0; tick < 6; ++tick) {
      for (double& x : input) x = std::ldexp(static_cast<double>(random() >> 11), -53);
      for (double& x : target) x = std::ldexp(static_cast<double>(random() >> 11), -52) - 0.5;
      emulator.write_input(input.data());
      emulator.write_target(target.data());
      emulator.set_beta(program->beta);
      emulator.tick();
      ASSERT_EQ(apical_set_input(opened, input.data(), inputs), APICAL_OK) << last_error(opened);
      ASSERT_EQ(apical_set_target(opened, target.data(), outputs), APICAL_OK) << last_error(opened);
      ASSERT_EQ(apical_set_nudge(opened, 1.0), APICAL_OK) << last_error(opened);
      std::int32_t next = 0;
      for (apical_next_operation(opened, &next); next >= 0 && random() % 8 != 0;
           apical_next_operation(opened, &next))
        ASSERT_EQ(apical_execute(opened, next), APICAL_OK) << last_error(opened);
      ASSERT_EQ(apical_tick(opened), APICAL_OK) << last_error(opened);
      ASSERT_EQ(opened.digest(), emulator.digest());
    }
  }
  EXPECT_GT(ran, 60) << "of " << count;
}
