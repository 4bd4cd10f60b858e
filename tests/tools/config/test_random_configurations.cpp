// SPDX-License-Identifier: Apache-2.0
// Whole configurations, drawn from everything that is accepted: what the compiler takes runs equally under
// all schedules of the emulator, on the virtual platform and on a Verilated core, or is refused by name for
// cores.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>

#include "fixedpoint/program/compiler.hpp"
#include "model/settings/settings_error.hpp"
#include "sim/core/core_integers.hpp"
#include "sim/machines/emulator_integers.hpp"
#include "sim/platform/platform_integers.hpp"
#include "sim/verify/lockstep.hpp"
#include "tests/tools/command_line.hpp"
#include "tests/tools/random_configuration.hpp"
#include "tools/config/config.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

using Program = std::shared_ptr<const fixedpoint::Program>;

constexpr int ticks = 20;

// 200 configurations and 10 cores, unless the environment asks for more.
int asked(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

// The program of a drawn configuration, with weights all over their range. Throws std::invalid_argument or
// InputError where it is refused.
struct Drawn {
  std::uint64_t seed;
  std::vector<std::string> assignments;
  Config config;
  Program program;

  explicit Drawn(std::uint64_t number) : Drawn(number, test::RandomConfiguration(number).assignments) {}
  Drawn(std::uint64_t number, std::vector<std::string> keys) : seed(number), assignments(std::move(keys)) {
    config = parse_config("", "drawn");
    for (const std::string& assignment : assignments) set_key(config, assignment);
    check(config);
    fixedpoint::NetworkDescription net = describe(config, {});
    fixedpoint::check(net);
    std::mt19937_64 random(seed);
    for (const fixedpoint::MatrixShape& m : fixedpoint::matrices(net)) {
      const double range = random() % 3 == 0 ? 1.0 : std::ldexp(1.0, -static_cast<int>(random() % 8));
      net.weights.emplace_back(static_cast<std::size_t>(m.rows) * static_cast<std::size_t>(m.columns));
      const fixedpoint::Format& f = net.formats.at("weight", 1);
      for (double& w : net.weights.back())
        w = range * f.value(f.maximum_raw()) * (static_cast<double>(random() >> 11) * 0x1p-52 - 1.0);
    }
    program = std::make_shared<const fixedpoint::Program>(fixedpoint::compile(net));
  }
  std::string text() const {
    std::string all = fmt::format("configuration {}:\n", seed);
    for (const std::string& a : assignments) all += "  --set '" + a + "'\n";
    return all;
  }
};

// Inputs and targets that hold, move in one unit or in all of them; nudges and learning rates that change.
std::vector<sim::TickStimulus> stimulus_of(const Drawn& d) {
  std::mt19937_64 random(~d.seed);
  const auto any = [&](const fixedpoint::Format& f) {
    const auto span = static_cast<std::uint64_t>(f.maximum_raw() - f.minimum_raw()) + 1;
    return random() % 8 == 0 ? (random() % 2 == 0 ? f.minimum_raw() : f.maximum_raw())
                             : f.minimum_raw() + static_cast<std::int64_t>(random() % span);
  };
  const auto move = [&](std::vector<std::int64_t>& values, const fixedpoint::Format& f, bool all) {
    for (std::int64_t& x : values)
      if (all || random() % values.size() == 0) x = any(f);
    return values;
  };
  const auto& first = d.program->populations.front();
  const auto& last = d.program->output_population();
  std::vector<std::int64_t> input(static_cast<std::size_t>(first.units)),
      target(static_cast<std::size_t>(last.units));
  std::vector<sim::TickStimulus> all(ticks);
  for (int t = 0; t < ticks; ++t) {
    sim::TickStimulus& s = all[static_cast<std::size_t>(t)];
    if (t == 0 || random() % 2 == 0)
      s.input = move(input, first[fixedpoint::Signal::rate], t == 0 || random() % 3 == 0);
    if (t == 0 || random() % 3 == 0)
      s.target = move(target, last[fixedpoint::Signal::target], t == 0 || random() % 3 == 0);
    const std::uint64_t how = random() % 8;
    s.beta = how == 0   ? 0
             : how == 1 ? 65535
             : t > 0    ? all[static_cast<std::size_t>(t) - 1].beta
                        : sim::beta_register(*d.program, d.program->beta);
    if (random() % 8 == 0) s.learning_scale = 0.25 * static_cast<double>(random() % 9);
  }
  return all;
}

std::unique_ptr<sim::EmulatorIntegers> emulator(const Program& program, fixedpoint::Schedule schedule) {
  fixedpoint::EmulatorOptions how;
  how.schedule = schedule;
  return std::make_unique<sim::EmulatorIntegers>("emulator", program, how);
}

// Empty where all machines hold the same state.
std::string play(const Drawn& d, const std::vector<sim::IntegerMachine*>& machines, int every,
                 int last = ticks) {
  const std::vector<sim::TickStimulus> stimulus = stimulus_of(d);
  try {
    for (int t = 0; t < last; ++t) {
      for (sim::IntegerMachine* machine : machines)
        sim::advance(*machine, stimulus[static_cast<std::size_t>(t)]);
      if (t % every != 0 && t + 1 != last) continue;
      const std::string digest = sim::state_digest(*machines.front());
      for (sim::IntegerMachine* machine : machines)
        if (sim::state_digest(*machine) != digest) {
          const auto difference = sim::compare(*machines.front(), *machine);
          return fmt::format("{}{}: tick {}: {}", d.text(), machine->name(), t,
                             difference ? sim::describe(*difference) : "registers");
        }
    }
  } catch (const std::exception& error) {
    return fmt::format("{}{}", d.text(), error.what());
  }
  return "";
}

// The rung of a Verilated core, as narrow as the program allows.
std::string play_rtl(const Drawn& d, int every, int last = ticks) {
  const sim::CoreParameters parameters = sim::required_parameters(*d.program, d.config.lanes);
  const auto library = std::make_shared<const sim::CoreLibrary>(sim::find_core_sources(), parameters,
                                                                sim::CoreBuild{}, [](const std::string&) {});
  const auto reference = emulator(d.program, fixedpoint::Schedule::automatic);
  sim::CoreIntegers core("rtl", d.program, parameters, library);
  const std::string differs = play(d, {reference.get(), &core}, every, last);
  for (int k = 0; differs.empty() && k < static_cast<int>(d.program->projections.size()); ++k)
    if (core.stored_weights(k) != core.weights(k))
      return fmt::format("{}weights {} in memory aren't what the retire port told", d.text(), k);
  return differs;
}

// "formats.weight" of "formats.weight (layer 2).bits: ...", for the count of reasons.
std::string reason_of(const std::string& message) {
  std::string key = message.substr(0, message.find(':'));
  key = key.substr(0, key.find(" of "));
  for (std::size_t i = 0; i < key.size(); ++i)
    if (std::isdigit(static_cast<unsigned char>(key[i])) != 0) key[i] = '#';
  return key;
}

struct Counts {
  std::map<std::string, int> by_compiler, by_cores;

  static void print(const char* what, const std::map<std::string, int>& reasons) {
    int all = 0;
    for (const auto& [reason, count] : reasons) all += count;
    std::cout << all << " refused by " << what << "\n";
    for (const auto& [reason, count] : reasons) std::cout << fmt::format("  {:>5}  {}\n", count, reason);
  }
};

}  // namespace

TEST(RandomConfigurations, RunEquallyOnAllMachinesOrAreRefusedForCores) {
  const int wanted = asked("APICAL_RANDOM_CONFIGURATIONS", 200);
  const int wanted_cores = asked("APICAL_RANDOM_CORES", 10);
  const auto seed = static_cast<std::uint64_t>(asked("APICAL_RANDOM_SEED", 1));
  std::cout << "seed " << seed << ", " << wanted << " configurations, " << wanted_cores << " cores\n";
  Counts counts;
  // A process has one SystemC kernel and one elaboration: all platforms are there before the first one ticks.
  std::vector<Drawn> all;
  std::vector<std::unique_ptr<sim::TlmIntegers>> platforms;
  // The finest alpha and beta there are, in a core that doesn't read alpha's binary point in descriptors.
  all.emplace_back(
      seed, std::vector<std::string>{"core.lanes=1", "network.layers=[3, 4, 2]", "dynamics.beta=2.802e-7",
                                     "dynamics.tau=1e6", "dynamics.dt=0.2802", "dynamics.flow=gradient",
                                     "formats.membrane.bits=24", "formats.membrane.frac=22",
                                     "formats.nudge.frac=29"});
  EXPECT_EQ(all.back().program->beta_frac, fixedpoint::finest_constant_frac);
  EXPECT_EQ(all.back().program->alpha_frac, fixedpoint::finest_constant_frac);
  platforms.push_back(std::make_unique<sim::TlmIntegers>("finest", all.back().program,
                                                         sim::required_parameters(*all.back().program, 1)));
  for (std::uint64_t number = seed * 1'000'000; static_cast<int>(all.size()) < wanted; ++number) {
    try {
      all.emplace_back(number);
    } catch (const std::runtime_error& error) {  // of a key
      ++counts.by_compiler[reason_of(std::string(error.what()).substr(std::string("--set: ").size()))];
      continue;
    } catch (const std::invalid_argument& error) {
      ++counts.by_compiler[reason_of(error.what())];
      continue;
    }
    platforms.emplace_back();
    try {
      const Drawn& d = all.back();
      platforms.back() = std::make_unique<sim::TlmIntegers>(
          fmt::format("tlm{}", all.size()), d.program, sim::required_parameters(*d.program, d.config.lanes));
    } catch (const apical::CoreLimitError& error) {
      ++counts.by_cores[error.field()];
    }
  }
  int wrong = 0, cores = 0, on_platform = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto dense = emulator(all[i].program, fixedpoint::Schedule::dense),
               event = emulator(all[i].program, fixedpoint::Schedule::event),
               automatic = emulator(all[i].program, fixedpoint::Schedule::automatic);
    const std::string parted = play(all[i], {dense.get(), event.get(), automatic.get()}, 1);
    const auto judge = [&](const std::string& message) {
      if (!message.empty()) ADD_FAILURE() << message;
      wrong += !message.empty();
    };
    judge(parted);
    if (platforms[i] == nullptr || !parted.empty()) continue;
    ++on_platform;
    const auto fresh = emulator(all[i].program, fixedpoint::Schedule::automatic);
    const std::string differs = play(all[i], {fresh.get(), platforms[i].get()}, 5);
    judge(differs);
    // Many lanes take long to build and are other tests' matter.
    if (cores == wanted_cores || all[i].config.lanes > 2 || !differs.empty()) continue;
    ++cores;
    judge(play_rtl(all[i], 5));
  }
  Counts::print("the compiler", counts.by_compiler);
  Counts::print("cores", counts.by_cores);
  std::cout << all.size() << " accepted, " << on_platform << " of them by cores; " << cores
            << " on a Verilated core of their own; " << wrong << " wrong\n";
  EXPECT_EQ(cores, wanted_cores);
}

// The narrowest core there is: signals and weights of one bit.
TEST(CoresAtTheirLimits, HoldSignalsOfOneBit) {
  std::vector<std::string> keys{"network.layers=[3, 2, 2]", "core.lanes=1"};
  for (const auto& [name, format] : fixedpoint::default_formats()) {
    keys.push_back(fmt::format("formats.{}.bits=1", name));
    if (name != "step") keys.push_back(fmt::format("formats.{}.frac=1", name));
    keys.push_back(fmt::format("formats.{}.rounding=RND", name));
  }
  const Drawn one_bit(1, keys);
  EXPECT_EQ(sim::required_parameters(*one_bit.program, 1).sw, 1);
  EXPECT_EQ(play_rtl(one_bit, 1), "");
}

// As many units and table entries as descriptors can name, and 32 bits wherever proofs allow it.
TEST(CoresAtTheirLimits, HoldAsManyUnitsAsTheyCanName) {
  std::vector<std::string> keys{"network.layers=[65535, 1]", "core.lanes=1", "tables.index_bits=15",
                                "formats.weight.bits=12", "formats.weight.frac=20"};
  for (const auto& [name, format] : fixedpoint::default_formats()) {
    if (name == "weight") continue;
    keys.push_back(fmt::format("formats.{}.bits={}", name, name == "step" ? 28 : 32));
    if (name != "step")
      keys.push_back(fmt::format("formats.{}.frac={}", name, name == "rate" || name == "slope" ? 30 : 24));
  }
  const Drawn large(2, keys);
  const sim::CoreParameters core = sim::required_parameters(*large.program, 1);
  EXPECT_EQ(core.sw, 32);
  EXPECT_EQ(core.table, 65536);
  EXPECT_EQ(core.units, 65536);
  EXPECT_EQ(play_rtl(large, 3, 4), "");
}

// By every command that leads to a core, with the line that said so, and nothing is left behind.
class BeyondCores : public test::CommandLine {};

TEST_F(BeyondCores, IsRefusedByNameBeforeAnythingRuns) {
  file("wide.toml", test::small_net + "[formats.u]\nbits = 32\nfrac = 20\nsigned = false\n");
  for (const char* command :
       {"run wide.toml --machine tlm --out out", "run wide.toml --machine rtl --out out",
        "verify wide.toml --ticks 2 --out out", "verify wide.toml --upto tlm --ticks 2",
        "verify wide.toml --timing --ticks 2", "vectors export wide.toml --ticks 2 --out out",
        "mesh wide.toml --ticks 2 --out out", "deploy wide.toml --target generic --out out",
        "deploy wide.toml --target ice40-up5k --out out"}) {
    const test::Outcome o = apical(command);
    EXPECT_EQ(o.status, 2) << command << "\n" << o.out << o.error;
    EXPECT_EQ(o.error,
              "apical: wide.toml:12: formats.u (layer 1).bits: unsigned 32 bits is 33 as two's complement; "
              "accepted by cores: at most 32, signed, or 31 unsigned\n")
        << command;
    EXPECT_FALSE(std::filesystem::exists(folder / "out")) << command;
  }
  EXPECT_EQ(apical("verify wide.toml --upto emulator --ticks 2").status, 0);
}

}  // namespace apical::tools
