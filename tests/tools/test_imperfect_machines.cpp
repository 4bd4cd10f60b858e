// Imperfect chips on the machines: nothing changes where nothing is imperfect, converters are formats, and
// learning works around what it is trained with.
#include "tools/imperfections.hpp"

#include <random>

#include "fixedpoint/compiler.hpp"
#include "fixedpoint/load.hpp"
#include "fixedpoint/random_network.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/imperfect_emulator.hpp"
#include "tools/run.hpp"

namespace apical::tools {
namespace {

using fixedpoint::RandomNetwork;
using test::CommandLine;
using test::contains;

// Digests after every tick of a random stimulus.
std::vector<std::string> digests(const fixedpoint::NetworkDescription& net,
                                 const model::ImperfectionSettings* s, std::uint64_t seed) {
  const auto program = std::make_shared<const fixedpoint::Program>(compile(net));
  std::unique_ptr<sim::EmulatorMachine> machine;
  if (s == nullptr)
    machine = std::make_unique<sim::EmulatorMachine>(program);
  else
    machine = std::make_unique<ImperfectEmulator>(
        program,
        std::make_shared<model::Imperfections>(*s, net.layers, net.bias, net.connections, net.dt, true));
  fixedpoint::RandomStimulus stimulus(net, seed);
  std::vector<std::string> all;
  for (int t = 0; t < 25; ++t) {
    stimulus.next();
    machine->tick(stimulus.input.data(), stimulus.target.data(), stimulus.beta, true);
    all.push_back(machine->state_digest());
  }
  return all;
}

// Golden's accuracy, or the emulator's, after a short training.
double accuracy(const std::string& machine, const std::string& imperfections) {
  Config config = parse_config(test::small_net + "[imperfections]\n" + imperfections, "test");
  for (const char* assignment : {"run.epochs=3", "task.test_presentation=3"}) set_key(config, assignment);
  set_key(config, "run.machine=" + machine);
  RunOptions options;
  options.quiet = true;
  return run(config, options).results.front().score;
}

}  // namespace

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
          EXPECT_EQ(model::converted(x, bits, std::ldexp(1.0, range), is_signed),
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

TEST_F(CommandLine, ImperfectRunsRepeat) {
  file("net.toml", test::small_net);
  const std::string run =
      "run net.toml --ticks 200 --set task.test_limit=3 --set imperfections.noise=0.2 --set "
      "imperfections.dead_neurons=0.25 --set imperfections.delay_jitter=2 --set "
      "imperfections.update_step=0.01 "
      "--set imperfections.weight_leak=1e5 --json ";
  const auto machines = [&](const std::string& more) {
    const test::Outcome o = apical(run + more);
    EXPECT_EQ(o.status, 0) << o.error;
    const auto json = nlohmann::json::parse(o.out);
    EXPECT_TRUE(contains(json["notes"][0], "of 12 hidden neurons")) << json["notes"];
    return std::vector<std::string>{json["machines"][0]["state_digest"], json["machines"][1]["state_digest"]};
  };
  const auto once = machines(""), again = machines("--schedule dense --threads 2"),
             other = machines("--set imperfections.seed=9");
  EXPECT_EQ(once, again);
  EXPECT_NE(once[0], other[0]);
  EXPECT_NE(once[1], other[1]);
}

TEST_F(CommandLine, ImperfectionsAreRefusedWhereThereAreNone) {
  file("net.toml", test::small_net + "[imperfections]\nnoise = 0.1\n");
  const auto line = std::count(test::small_net.begin(), test::small_net.end(), '\n') + 2;
  const std::string refusal = fmt::format("net.toml:{}: imperfections.noise: 0.1 ", line);
  for (const char* command :
       {"run net.toml --machine rtl", "run net.toml --machine tlm", "verify net.toml --ticks 2",
        "vectors export net.toml --out v", "deploy net.toml --target ice40-up5k", "mesh net.toml --cores 2",
        "profile net.toml", "run net.toml --set network.circuit=microcircuit",
        "run net.toml --set dynamics.flow=lagrangian", "run net.toml --set dynamics.response=advanced",
        "run net.toml --set events.compare=[3]"}) {
    const test::Outcome o = apical(command);
    EXPECT_EQ(o.status, 2) << command;
    EXPECT_TRUE(contains(o.error, refusal)) << command << ": " << o.error;
    EXPECT_TRUE(contains(o.error, "accepted: 0")) << command << ": " << o.error;
  }
  const test::Outcome o =
      apical("run net.toml --set imperfections.when=after-training --set imperfections.weight_leak=100");
  EXPECT_EQ(o.status, 2);
  EXPECT_TRUE(contains(o.error, "imperfections.when: ")) << o.error;
}

}  // namespace apical::tools
