// SPDX-License-Identifier: Apache-2.0
// Imperfect chips on the machines: nothing changes where nothing is imperfect, converters are formats, and
// learning works around what it is trained with.
#include "tools/config/imperfections.hpp"

#include <algorithm>
#include <random>

#include "fixedpoint/numeric/load.hpp"
#include "fixedpoint/program/compiler.hpp"
#include "fixedpoint/program/random_network.hpp"
#include "sim/machines/imperfect_emulator.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/deploy/deploy.hpp"
#include "tools/explore/profile.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/run.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

using fixedpoint::RandomNetwork;
using test::contains;
using test::message_of;

// Digests after every tick of a random stimulus.
std::vector<std::string> digests(const fixedpoint::NetworkDescription& net,
                                 const model::ImperfectionSettings* s, std::uint64_t seed) {
  const auto program = std::make_shared<const fixedpoint::Program>(compile(net));
  std::unique_ptr<sim::EmulatorMachine> machine;
  if (s == nullptr)
    machine = std::make_unique<sim::EmulatorMachine>(program);
  else
    machine = std::make_unique<sim::ImperfectEmulator>(
        program, std::make_shared<model::Imperfections>(*s, net.layers, model::bias_if(net.bias),
                                                        net.connections, net.dt, model::Polarity::bipolar));
  fixedpoint::RandomStimulus stimulus(net, seed);
  std::vector<std::string> all;
  for (int t = 0; t < 25; ++t) {
    stimulus.next();
    if (t == 12) {  // the host writes others
      std::vector<double> weights = machine->weights(1);
      std::reverse(weights.begin(), weights.end());
      machine->set_weights(1, weights);
    }
    machine->tick(stimulus.input.data(), stimulus.target.data(), stimulus.beta, true);
    all.push_back(machine->state_digest());
  }
  return all;
}

Config configured(const std::string& imperfections) {
  return parse_config(test::small_net + "[imperfections]\n" + imperfections, "test");
}

RunOptions quiet() {
  RunOptions options;
  options.quiet = true;
  return options;
}

// Golden's accuracy, or the emulator's, after a short training.
double accuracy(const std::string& machine, const std::string& imperfections) {
  Config config = configured(imperfections);
  for (const char* assignment : {"run.epochs=3", "task.test_presentation=3"}) set_key(config, assignment);
  set_key(config, "run.machine=" + machine);
  return run(config, quiet()).results.front().score;
}

}  // namespace

// A converter of rates clips at 0 where the activation doesn't go below it, and only there.
TEST(ImperfectEmulator, ConvertersOfRatesFollowTheActivation) {
  for (const auto& [activation, goes_below] : {std::pair{"logistic", false},
                                               {"hard_sigmoid", false},
                                               {"softplus", false},
                                               {"relu", false},
                                               {"tanh", true},
                                               {"silu", true},
                                               {"linear", true}}) {
    Config config = configured("rate_bits = 8\nrate_range = 4.0\n");
    set_key(config, std::string("network.activation=") + activation);
    const auto sent = drawn_chip(config)->sends_rate(1, Eigen::VectorXd::Constant(12, -0.5));
    EXPECT_EQ(sent[0], goes_below ? -0.5 : 0.0) << activation;
    for (const char* machine : {"golden", "emulator"}) {
      set_key(config, std::string("run.machine=") + machine);
      const auto runs = make_machine(config, starting_weights(config));
      const std::vector<double> input(64, 1.0);
      runs->tick(input.data(), nullptr, 0.0, true);
      const std::vector<double> rates = runs->read("rate", 1);
      EXPECT_EQ(*std::min_element(rates.begin(), rates.end()) < 0.0, goes_below) << activation << machine;
    }
  }
}

TEST(ImperfectEmulator, ZeroStrengthsChangeNoBit) {
  int refused = 0, chains = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    RandomNetwork random(seed);
    fixedpoint::NetworkDescription net = seed % 3 == 0 ? random.graph() : random();
    if (net.microcircuit) continue;
    if (seed % 4 == 0) net.theta_rate = net.theta_error = {3};
    try {
      compile(net);
    } catch (const std::invalid_argument&) {
      ++refused;
      continue;
    }
    ++chains;
    const auto plain = digests(net, nullptr, seed);
    model::ImperfectionSettings s;
    s.seed = seed;
    EXPECT_EQ(digests(net, &s, seed), plain) << "seed " << seed;
    // Strengths below the grid of the constants go through all the code and do nothing.
    s.gain_spread = s.weight_spread = s.error_noise = 1e-9;
    if (!net.advanced_response) s.offset_spread = s.slope_spread = s.noise = 1e-9;
    s.update_limit = 1e9;
    EXPECT_EQ(digests(net, &s, seed), plain) << "seed " << seed;
    s.gain_spread = s.weight_spread = 0.5;
    EXPECT_NE(digests(net, &s, seed), plain) << "seed " << seed;
  }
  fmt::print("{} networks, {} without a proof\n", chains, refused);
  EXPECT_GT(chains, 20);
}

// A converter with a range of a power of two is a format, to nearest and saturating.
TEST(ImperfectEmulator, ConvertersAreFormats) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(0.0, 2.0);
  for (int bits = 1; bits <= 14; ++bits)
    for (const bool is_signed : {false, true})
      for (const int range : {-3, 0, 1}) {
        const fixedpoint::Format format{bits, bits - (is_signed ? 1 : 0) - range, is_signed,
                                        fixedpoint::Rounding::rnd_conv, fixedpoint::Overflow::sat};
        for (int i = 0; i < 300; ++i) {
          double x = normal(random);
          if (i % 3 == 0) x = std::ldexp(std::nearbyint(std::ldexp(x, bits)), -bits - 1);  // ties among them
          EXPECT_EQ(model::converted(x, bits, std::ldexp(1.0, range),
                                     is_signed ? model::Polarity::bipolar : model::Polarity::unipolar),
                    format.value(fixedpoint::load(x, format).raw))
              << x << " " << bits << " " << is_signed << " " << range;
        }
      }
}

// What is trained through the mismatch works around it; the same chip after training loses.
TEST(Imperfections, LearningWorksAroundMismatch) {
  const std::string mismatch =
      "seed = 5\ngain_spread = 0.4\noffset_spread = 0.5\nslope_spread = 0.3\nweight_spread = 0.4\n";
  for (const std::string machine : {"golden", "emulator"}) {
    const double perfect = accuracy(machine, "");
    const double through = accuracy(machine, mismatch);
    const double after = accuracy(machine, mismatch + "when = \"after-training\"\n");
    fmt::print("{}: perfect {:.4f}, trained through {:.4f}, after training {:.4f}\n", machine, perfect,
               through, after);
    EXPECT_GT(through, perfect - 0.05) << machine;
    EXPECT_LT(after, through - 0.1) << machine;
  }
}

TEST(Imperfections, RunsRepeat) {
  const auto digests_of = [](const std::vector<std::string>& more) {
    Config config = configured(
        "noise = 0.2\ndead_neurons = 0.25\ndelay_jitter = 2\nupdate_step = 0.01\nweight_leak = 1e5\n");
    for (const char* assignment : {"run.ticks=200", "task.test_limit=3"}) set_key(config, assignment);
    for (const std::string& assignment : more) set_key(config, assignment);
    const RunOutcome outcome = run(config, quiet());
    EXPECT_TRUE(contains(outcome.notes.at(0), "of 12 hidden neurons")) << outcome.notes[0];
    return std::pair{outcome.results.at(0).state_digest, outcome.results.at(1).state_digest};
  };
  const auto once = digests_of({}), other = digests_of({"imperfections.seed=9"});
  EXPECT_EQ(digests_of({"run.schedule=dense", "run.threads=2"}), once);
  EXPECT_NE(other.first, once.first);
  EXPECT_NE(other.second, once.second);
}

TEST(Imperfections, AreRefusedWhereThereAreNone) {
  const auto refused = [](const std::string& assignment, const auto& action) {
    Config config = configured("noise = 0.1\n");
    if (!assignment.empty()) set_key(config, assignment);
    const std::string message = message_of([&] { action(config); });
    EXPECT_EQ(message.rfind("test:12: imperfections.noise: 0.1 ", 0), 0u) << assignment << ": " << message;
    EXPECT_TRUE(contains(message, "accepted: 0")) << message;
  };
  for (const char* assignment :
       {"run.machine=rtl", "run.machine=tlm", "network.circuit=microcircuit", "dynamics.flow=lagrangian",
        "dynamics.response=advanced", "events.compare=[3]"})
    refused(assignment, [](const Config& c) { run(c, quiet()); });
  refused("", [](const Config& c) { prepare(c); });  // of verify, vectors and mesh
  refused("", [](const Config& c) { fit(c, {}, 1, {}); });
  refused("", [](const Config& c) { profile(c, {}); });
  Config config = configured("weight_leak = 100\nwhen = \"after-training\"\n");
  EXPECT_TRUE(contains(message_of([&] { run(config, quiet()); }), "imperfections.when: \"after-training\""));
}

}  // namespace apical::tools
