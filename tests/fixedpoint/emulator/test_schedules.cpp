// SPDX-License-Identifier: Apache-2.0
// Whatever the schedule, the threads and the instruction set: the same state after every tick.
#include <gtest/gtest.h>

#include <iostream>
#include <tuple>

#include "fixedpoint/emulator/emulator.hpp"
#include "tests/fixedpoint/random_network.hpp"

using namespace apical::fixedpoint;
using apical::test::RandomNetwork;
using apical::test::RandomStimulus;

namespace {

struct Trial {
  std::shared_ptr<const Program> program;
  std::vector<Emulator> machines;

  void add(Schedule schedule, int threads = 1, bool correct_sums = true) {
    EmulatorOptions options;
    options.schedule = schedule;
    options.threads = threads;
    options.work_for_threads = 1;
    options.correct_sums = correct_sums;
    options.statistics = threads % 2 == 1;
    machines.emplace_back(program, options);
  }
  void tick(const RandomStimulus& stimulus) {
    for (Emulator& machine : machines) {
      machine.write_input(stimulus.input.data());
      machine.write_target(stimulus.target.data());
      machine.set_beta(stimulus.beta);
      machine.tick();
    }
  }
};

// The next network that compiles, or null.
std::shared_ptr<const Program> compiled(const NetworkDescription& net) {
  try {
    return std::make_shared<const Program>(compile(net));
  } catch (const std::invalid_argument&) {
    return nullptr;
  }
}

}  // namespace

TEST(Schedules, LeadToTheSameDigestInEveryTickOfRandomPrograms) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  RandomNetwork random(seed);
  int programs = 0, refused = 0;
  std::uint64_t dense_macs = 0, event_macs = 0;
  while (programs < 2000) {
    NetworkDescription net = random.below(3) == 0 ? random.graph() : random();
    if (random.below(4) == 0) {
      net.theta_rate = {random.below(40)};
      net.theta_error = {random.below(40)};
    }
    Trial trial{compiled(net), {}};
    if (trial.program == nullptr) {
      ASSERT_LT(++refused, 400) << "most networks should compile";
      continue;
    }
    trial.add(Schedule::dense);
    trial.add(Schedule::event, 1 + programs % 4);
    trial.add(Schedule::automatic, 1 + (programs + 1) % 4);
    RandomStimulus stimulus(net, seed + static_cast<std::uint64_t>(programs));
    for (int t = 0; t < 24; ++t) {
      stimulus.next();
      trial.tick(stimulus);
      const std::string reference = trial.machines[0].digest();
      for (std::size_t m = 1; m < 3; ++m)
        ASSERT_EQ(trial.machines[m].digest(), reference)
            << "program " << programs << ", tick " << t << ", " << (m == 1 ? "event" : "auto");
      EXPECT_EQ(trial.machines[1].observers().events(), trial.machines[0].observers().events());
    }
    dense_macs += trial.machines[0].observers().macs();
    event_macs += trial.machines[1].observers().macs();
    ++programs;
  }
  std::cout << programs << " programs, " << refused << " refused by the compiler; event did "
            << 100.0 * static_cast<double>(event_macs) / static_cast<double>(dense_macs)
            << "% of the dense multiply-accumulates\n";
}

// What was counted doesn't say which schedule counted it, though they leave out what holds its value.
TEST(Schedules, CountTheSameResults) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  RandomNetwork random(seed);
  std::uint64_t saturated = 0, left_out = 0;
  for (int programs = 0; programs < 300;) {
    const NetworkDescription net = programs % 3 == 0 ? random.graph() : random();
    Trial trial{compiled(net), {}};
    if (trial.program == nullptr) continue;
    ++programs;
    for (const Schedule schedule : {Schedule::dense, Schedule::event, Schedule::automatic})
      trial.add(schedule);
    RandomStimulus stimulus(net, seed + static_cast<std::uint64_t>(programs));
    for (int t = 0; t < 40; ++t) {
      if (t % 10 < 5) stimulus.next();
      trial.tick(stimulus);
    }
    const auto expect_equal = [&](const SignalCounter& a, const SignalCounter& b, const std::string& what) {
      ASSERT_EQ(std::tie(a.minimum, a.maximum, a.count, a.saturated, a.rounded_to_zero, a.bits),
                std::tie(b.minimum, b.maximum, b.count, b.saturated, b.rounded_to_zero, b.bits))
          << what << " of program " << programs;
      saturated += a.saturated;
    };
    Emulator& dense = trial.machines[0];
    for (std::size_t m = 1; m < 3; ++m) {
      const Emulator& other = trial.machines[m];
      for (int p = 0; p < static_cast<int>(trial.program->populations.size()); ++p) {
        for (std::size_t s = 0; s <= neuron_signals; ++s)  // step, too
          expect_equal(dense.observers().counter(static_cast<Signal>(s), p),
                       other.observers().counter(static_cast<Signal>(s), p),
                       trial.program->populations[static_cast<std::size_t>(p)].name + " " +
                           name_of(static_cast<Signal>(s)));
        left_out += dense.activity(p).units_updated - other.activity(p).units_updated;
      }
      for (int k = 0; k < static_cast<int>(trial.program->projections.size()); ++k)
        if (holder_of(*trial.program, k) == k)
          expect_equal(dense.weight_counter(k), other.weight_counter(k),
                       trial.program->projections[static_cast<std::size_t>(k)].name);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(saturated, 1000u);
  EXPECT_GT(left_out, 100000u);
}

// The property above can fail: without the correction of the sums it does.
TEST(Schedules, AForgottenCorrectionIsSeen) {
  RandomNetwork random(7);
  int seen = 0, tried = 0;
  while (tried < 50) {
    NetworkDescription net = tried % 2 == 0 ? random.graph() : random();
    net.learning = true;
    Trial trial{compiled(net), {}};
    if (trial.program == nullptr) continue;
    ++tried;
    trial.add(Schedule::dense);
    trial.add(Schedule::event, 1, false);
    RandomStimulus stimulus(net, static_cast<std::uint64_t>(tried));
    for (int t = 0; t < 24; ++t) {
      stimulus.next();
      trial.tick(stimulus);
    }
    seen += trial.machines[0].digest() != trial.machines[1].digest();
  }
  EXPECT_GT(seen, 25) << "of " << tried;
}

// A network at rest: nothing is sent, nothing is visited.
TEST(Schedules, SilenceCostsNothing) {
  NetworkDescription net = RandomNetwork(3)();
  net = {};
  net.layers = {20, 15, 5};
  net.formats.by_signal = default_formats();
  for (std::size_t k = 1; k < net.layers.size(); ++k)
    net.weights.emplace_back(static_cast<std::size_t>(net.layers[k] * (net.layers[k - 1] + 1)), 0.1);
  for (const Schedule schedule : {Schedule::event, Schedule::automatic}) {
    EmulatorOptions options;
    options.schedule = schedule;
    Emulator emulator(std::make_shared<const Program>(compile(net)), options);
    const std::vector<double> input(20, 0.6), target(5, 1.0);
    emulator.write_input(input.data());
    emulator.write_target(target.data());
    for (int t = 0; t < 400; ++t) emulator.tick();
    const std::uint64_t macs = emulator.observers().macs(), events = emulator.observers().events();
    const std::uint64_t updated = emulator.activity(1).units_updated;
    for (int t = 0; t < 100; ++t) emulator.tick();
    EXPECT_EQ(emulator.observers().macs(), macs);
    EXPECT_EQ(emulator.observers().events(), events);
    EXPECT_EQ(emulator.activity(1).units_updated, updated);
    emulator.set_beta(0.5);
    emulator.tick();
    emulator.tick();
    EXPECT_GT(emulator.observers().macs(), macs) << "it wakes up when nudged";
  }
}

TEST(Schedules, ThresholdsBoundWhatIsNotSent) {
  NetworkDescription net;
  net.layers = {12, 9, 4};
  net.formats.by_signal = default_formats();
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0.0, 0.5);
  for (std::size_t k = 1; k < net.layers.size(); ++k) {
    net.weights.emplace_back(static_cast<std::size_t>(net.layers[k] * (net.layers[k - 1] + 1)));
    for (double& w : net.weights.back()) w = normal(random);
  }
  std::uint64_t last = ~std::uint64_t{0};
  for (const int theta : {0, 64, 512}) {
    net.theta_rate = {theta};
    net.theta_error = {theta / 4};
    Emulator emulator(std::make_shared<const Program>(compile(net)));
    emulator.set_beta(0.5);
    std::vector<double> input(12), target(4, 0.5);
    for (int t = 0; t < 300; ++t) {
      for (std::size_t i = 0; i < input.size(); ++i)
        input[i] = 0.5 + 0.5 * std::sin(0.02 * t + static_cast<double>(i));
      emulator.write_input(input.data());
      emulator.write_target(target.data());
      emulator.tick();
      for (int k = 0; k <= 2; ++k) {
        const auto& rates = emulator.signal(Signal::rate, k);
        for (std::size_t i = 0; i < rates.size(); ++i)
          ASSERT_LE(std::abs(rates[i] - emulator.sent_rate(k)[i]), theta);
        ASSERT_LE(emulator.activity(k).largest_unsent, theta);
      }
    }
    EXPECT_EQ(emulator.activity(1).largest_unsent > 0, theta > 0);
    EXPECT_LT(emulator.observers().events(), last) << "a higher threshold sends less";
    last = emulator.observers().events();
  }
}

// What sweeps ask for: the statistics without ranges, zeros and bits, and all else as it was.
TEST(Schedules, CountWhatIsClippedAloneAsWithTheRest) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  RandomNetwork random(seed);
  std::uint64_t saturated = 0;
  for (int programs = 0; programs < 200;) {
    const NetworkDescription net = random.below(3) == 0 ? random.graph() : random();
    Trial trial{compiled(net), {}};
    if (trial.program == nullptr) continue;
    for (const bool only_clipped : {false, true}) {
      EmulatorOptions options;
      options.schedule = static_cast<Schedule>(programs % 3);
      options.only_clipped = only_clipped;
      trial.machines.emplace_back(trial.program, options);
    }
    RandomStimulus stimulus(net, seed + static_cast<std::uint64_t>(programs));
    for (int t = 0; t < 24; ++t) {
      stimulus.next();
      trial.tick(stimulus);
    }
    const Emulator &all = trial.machines[0], &clipped = trial.machines[1];
    ASSERT_EQ(all.digest(), clipped.digest()) << "program " << programs;
    EXPECT_EQ(all.observers().macs(), clipped.observers().macs());
    for (int k = 1; k < static_cast<int>(trial.program->populations.size()); ++k)
      for (std::size_t s = 0; s < neuron_signals; ++s) {
        const SignalCounter& of_all = all.observers().counter(static_cast<Signal>(s), k);
        const SignalCounter& of_clipped = clipped.observers().counter(static_cast<Signal>(s), k);
        ASSERT_EQ(of_all.count, of_clipped.count);
        ASSERT_EQ(of_all.saturated, of_clipped.saturated);
        saturated += of_all.saturated;
      }
    for (int p = 0; p < static_cast<int>(trial.program->projections.size()); ++p)
      if (holder_of(*trial.program, p) == p) {
        ASSERT_EQ(all.weight_counter(p).saturated, clipped.weight_counter(p).saturated);
      }
    ++programs;
  }
  EXPECT_GT(saturated, 0u);
}
