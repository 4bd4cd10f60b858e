// SPDX-License-Identifier: Apache-2.0
// Tests run on frozen weights: on every machine no weight moves in one, whatever learning would do; a machine
// whose tests learn, too, is another one beside.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/scratch.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/run.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

using Weights = std::vector<std::vector<double>>;

Config configured(const std::vector<std::string>& assignments) {
  Config config = parse_config(test::small_net, "test");
  for (const std::string& assignment : assignments) set_key(config, assignment);
  return config;
}

RunResult result_of(const Config& config) {
  RunOptions options;
  options.quiet = true;
  return run(config, options).results.back();
}

Weights weights_of(const sim::Machine& machine, const Config& config) {
  Weights all;
  for (std::size_t k = 1; k <= weight_names(config).size(); ++k)
    all.push_back(machine.weights(static_cast<int>(k)));
  return all;
}

void show(sim::Machine& machine, model::Stream& stream) {
  for (model::Sample s; stream.next(s);) machine.tick(s.input.data(), s.target.data(), s.nudge, s.changed);
}

struct Case {
  const char* what;
  std::vector<std::string> keys;
  std::vector<const char*> machines;
};

const std::vector<const char*> software{"golden", "emulator"}, all_but_rtl{"golden", "emulator", "tlm"};

// What learns while nothing nudges.
std::vector<Case> cases() {
  const std::string rates = "learning.eta=[0.5,0.2]", spread = "dynamics.rho_spread=0.2";
  return {
      {"neurons that don't match", {spread, rates}, all_but_rtl},
      {"rounding at random, of steps and weights",
       {spread, rates, "formats.step.rounding=STOCHASTIC", "formats.weight.rounding=STOCHASTIC"},
       all_but_rtl},
      {"rounding down",
       {spread, rates, "formats.step.rounding=TRN", "formats.weight.rounding=TRN"},
       all_but_rtl},
      {"wide weights", {spread, rates, "formats.weight.bits=24", "formats.weight.frac=20"}, all_but_rtl},
      {"random lateral weights, feedback that learns and decays",
       {"network.circuit=microcircuit", "network.lateral=random", "network.feedback=learned",
        "network.feedback_init=random", "network.lambda=0.3", "learning.eta_pi=0.1", "learning.eta_ip=0.2",
        "learning.weight_decay=7.62939453125e-06", "formats.weight.frac=14"},
       all_but_rtl},
      {"a recurrent graph with a skip",
       {spread, rates, "network.connections=[[0,1],[1,2],[0,2],[1,1]]"},
       all_but_rtl},
      {"gradient flow", {rates, "dynamics.flow=gradient"}, all_but_rtl},
      {"Lagrangian flow", {rates, "dynamics.flow=lagrangian"}, all_but_rtl},
      {"the exact scheme", {rates, "dynamics.flow=lagrangian", "dynamics.scheme=exact"}, {"golden"}},
      {"noise in the errors", {rates, "imperfections.error_noise=0.1"}, software},
      {"updates of devices",
       {rates, "imperfections.error_noise=0.1", "imperfections.update_step=0.001",
        "imperfections.update_asymmetry=0.1", "imperfections.weight_spread=0.3"},
       software},
  };
}

// `before` stay in a test, and would not with learning on.
void expect_frozen(const Case& c, const char* name) {
  SCOPED_TRACE(fmt::format("{}: {}", name, c.what));
  Config config = configured(c.keys);
  for (const char* assignment : {"run.epochs=0", "task.test_limit=12", "run.seed=7"})
    set_key(config, assignment);
  set_key(config, std::string("run.machine=") + name);
  const auto machine = make_machine(config, starting_weights(config));
  const Weights before = weights_of(*machine, config);
  EXPECT_EQ(result_of(config).weights, before);
  show(*machine, *configured_task(config)->test());
  EXPECT_NE(weights_of(*machine, config), before) << "nothing to see";
}

}  // namespace

TEST(Frozen, NoWeightMovesInATest) {
  for (const Case& c : cases())
    for (const char* name : c.machines) expect_frozen(c, name);
}

// The Verilated core, too, whose LEARN at rate 0 test_hw_random has beside the emulator's on any network.
TEST(Frozen, NoWeightOfTheCoreMovesInATest) {
  expect_frozen(cases().front(), "rtl");
}

// Weights that leak are no learning: they leak in tests as they do in training.
TEST(Frozen, WeightsLeakOn) {
  for (const char* name : software) {
    Config config = configured({"imperfections.weight_leak=100", "run.epochs=0", "task.test_limit=5"});
    set_key(config, std::string("run.machine=") + name);
    const Weights before = weights_of(*make_machine(config, starting_weights(config)), config);
    const Weights after = result_of(config).weights;
    for (std::size_t k = 0; k < before.size(); ++k)
      for (std::size_t i = 0; i < before[k].size(); ++i)
        EXPECT_LE(std::abs(after[k][i]), std::abs(before[k][i])) << name;
    EXPECT_NE(after, before) << name;
  }
}

// The rates of the epoch come back after its test; the weights that a run ends with are those of a loop that
// is written out here.
TEST(Frozen, TrainingGoesOnBetweenTests) {
  for (const char* name : all_but_rtl) {
    Config config = configured({"dynamics.rho_spread=0.05", "run.epochs=3", "learning.decay=0.5",
                                "task.train_limit=20", "task.test_limit=6"});
    set_key(config, std::string("run.machine=") + name);
    const auto machine = make_machine(config, starting_weights(config));
    const auto task = configured_task(config);
    double scale = 1.0;
    for (int epoch = 0; epoch < config.epochs; ++epoch, scale *= 0.5) {
      machine->set_learning_scale(scale);
      show(*machine, *task->training(epoch));
      machine->set_learning_scale(0.0);
      show(*machine, *task->test());
    }
    machine->set_learning_scale(0.25);
    const RunResult r = result_of(config);
    EXPECT_EQ(r.weights, weights_of(*machine, config)) << name;
    EXPECT_EQ(r.state_digest, machine->state_digest()) << name;
  }
}

// A machine whose tests learn stands beside the others: they end in the same state as without it, and its
// scores are those of a loop in which learning is never switched off.
TEST(Frozen, TestsThatLearnChangeNothingElse) {
  for (const char* name : all_but_rtl) {
    Config config = configured({"run.epochs=2", "task.train_limit=300", "task.test_limit=100"});
    const bool chip = std::string(name) != "tlm";
    set_key(config, chip ? "imperfections.error_noise=0.1" : "dynamics.rho_spread=0.2");
    set_key(config, std::string("run.machine=") + name);
    const RunResult plain = result_of(config);
    EXPECT_TRUE(std::isnan(plain.score_learning)) << name;
    set_key(config, "run.test_learning=true");
    const RunResult both = result_of(config);
    EXPECT_EQ(both.state_digest, plain.state_digest) << name;
    EXPECT_EQ(both.weights, plain.weights) << name;
    ASSERT_EQ(both.curve.size(), 2u);
    const auto machine = make_machine(config, starting_weights(config));
    const auto task = configured_task(config);
    for (int epoch = 0; epoch < config.epochs; ++epoch) {
      show(*machine, *task->training(epoch));
      model::Score score(model::Measure::accuracy);
      const auto stream = task->test();
      for (model::Sample s; stream->next(s);) {
        machine->tick(s.input.data(), s.target.data(), s.nudge, s.changed);
        if (s.scored) score.add(s, machine->read("u", 2));
      }
      const CurvePoint& point = both.curve[static_cast<std::size_t>(epoch)];
      EXPECT_EQ(point.score, plain.curve[static_cast<std::size_t>(epoch)].score) << name;
      EXPECT_EQ(point.score_learning, score.value()) << name;
    }
    EXPECT_EQ(both.score_learning, both.curve.back().score_learning) << name;
    EXPECT_NE(both.score_learning, both.score) << name << ": nothing to see";
  }
}

// What a network with slow noise in its errors has learned shows on frozen weights; a test that learns
// unlearns it. Measured after 5 epochs: golden 93.3 and 55.8 %, emulator 93.3 and 56.4 %.
TEST(Frozen, TestsThatLearnUnlearn) {
  for (const char* name : software) {
    Config config = read_config(APICAL_SOURCE_DIR "/tools/configs/digits8.toml");
    for (const char* assignment : {"imperfections.error_noise=0.03", "imperfections.noise_tau=100",
                                   "run.epochs=5", "run.seed=3", "run.test_learning=true"})
      set_key(config, assignment);
    set_key(config, std::string("run.machine=") + name);
    const RunResult r = result_of(config);
    EXPECT_GE(r.score, 0.9) << name;
    EXPECT_LE(r.score_learning, r.score - 0.2) << name;
  }
}

// Retention is the same loop without a nudge, from where the training ended, with its last rates; then one
// more test.
TEST(Frozen, RetentionIsTrainingWithoutATeacher) {
  for (const char* name : all_but_rtl) {
    Config config = configured({"run.epochs=2", "learning.decay=0.5", "task.train_limit=20",
                                "task.test_limit=100", "dynamics.rho_spread=0.2", "learning.eta=[0.5,0.2]"});
    set_key(config, std::string("run.machine=") + name);
    const RunResult trained = result_of(config);
    const std::uint64_t asked =
        trained.ticks + trained.ticks / 2 + 1;  // three epochs and a tick of the fourth
    config.retention = asked - trained.ticks;
    const RunResult kept = result_of(config);
    EXPECT_EQ(kept.ticks, asked) << name;
    ASSERT_EQ(kept.curve.size(), 3u) << name;
    EXPECT_EQ(kept.curve[1].score, trained.score) << name;
    EXPECT_EQ(kept.curve[2].ticks, asked) << name;
    EXPECT_NE(kept.weights, trained.weights) << name << ": nothing to see";

    const auto machine = make_machine(config, starting_weights(config));
    const auto task = configured_task(config);
    std::uint64_t ticks = 0;
    double score = 0.0;
    for (int epoch = 0; epoch < 4; ++epoch) {
      const double scale = epoch == 0 ? 1.0 : 0.5;
      machine->set_learning_scale(scale);
      const auto stream = task->training(epoch);
      for (model::Sample s; ticks < asked && stream->next(s); ++ticks)
        machine->tick(s.input.data(), s.target.data(), epoch < 2 ? s.nudge : 0.0, s.changed);
      if (epoch == 2) continue;  // an epoch without a teacher isn't tested
      machine->set_testing(true);
      machine->set_learning_scale(0.0);
      model::Score of(model::Measure::accuracy);
      const auto test = task->test();
      for (model::Sample s; test->next(s);) {
        machine->tick(s.input.data(), s.target.data(), s.nudge, s.changed);
        if (s.scored) of.add(s, machine->read("u", 2));
      }
      score = of.value();
      machine->set_learning_scale(scale);
      machine->set_testing(false);
    }
    EXPECT_EQ(kept.score, score) << name;
    EXPECT_EQ(kept.weights, weights_of(*machine, config)) << name;
    EXPECT_EQ(kept.state_digest, machine->state_digest()) << name;
  }
}

TEST(Frozen, TestsAfterTrainingHaveNoLearningOnes) {
  const Config config =
      configured({"imperfections.noise=0.1", "imperfections.when=after-training", "run.test_learning=true"});
  const std::string message = test::message_of([&] { result_of(config); });
  EXPECT_TRUE(test::contains(message, "run.test_learning")) << message;
  EXPECT_TRUE(test::contains(message, "accepted: always")) << message;
}

}  // namespace apical::tools
