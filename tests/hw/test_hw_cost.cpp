// SPDX-License-Identifier: Apache-2.0
// What a tick costs, from the core's own counters: lanes busy on a large network, an idle tick, the smallest
// core.
#include <chrono>
#include <iostream>

#include "VCoreLarge.h"
#include "VCoreUp5k.h"
#include "fixedpoint/program/compiler.hpp"
#include "lockstep.hpp"

using namespace apical;
using namespace apical::fixedpoint;

namespace {

NetworkDescription network(std::vector<int> layers) {
  NetworkDescription net;
  net.layers = std::move(layers);
  net.beta = 0.5;
  net.eta = {0.05};
  net.formats.by_signal = default_formats();
  std::mt19937_64 random(7);
  for (std::size_t k = 1; k < net.layers.size(); ++k) {
    std::normal_distribution<double> normal(0.0, 1.0 / std::sqrt(net.layers[k - 1]));
    net.weights.emplace_back(static_cast<std::size_t>(net.layers[k] * (net.layers[k - 1] + 1)));
    for (double& w : net.weights.back()) w = normal(random);
  }
  return net;
}

sim::CoreParameters large() {
  return sim::named_core(APICAL_CORES, "large");
}

// The network of hw/synthesis: 10-bit signals, 8-bit weights that round stochastically.
Program up5k_program() {
  NetworkDescription net = network({64, 24, 10});
  const std::pair<const char*, int> fracs[] = {{"input", 8},    {"target", 8}, {"basal", 6}, {"apical", 8},
                                               {"u", 6},        {"rate", 8},   {"slope", 9}, {"nudge", 9},
                                               {"membrane", 6}, {"error", 9}};
  for (const auto& [name, frac] : fracs) {
    net.formats.by_signal[name].bits = 10;
    net.formats.by_signal[name].frac = frac;
  }
  net.formats.by_signal["step"].bits = 10;
  net.formats.by_signal["mismatch"].bits = 10;
  net.formats.by_signal["mismatch"].frac = 6;
  net.formats.by_signal["weight"].bits = 8;
  net.formats.by_signal["weight"].frac = 5;
  net.table_index_bits = 6;
  net.table_full_bits = 8;
  return compile(net);
}

sim::CoreParameters up5k() {
  return sim::named_core(APICAL_CORES, "up5k");
}

std::vector<std::int64_t> random_input(std::mt19937_64& random, int units, const Format& format) {
  std::uniform_real_distribution<double> uniform(0.1, 0.9);
  std::vector<std::int64_t> raw;
  for (int i = 0; i < units; ++i) raw.push_back(load(uniform(random), format).raw);
  return raw;
}

}  // namespace

TEST(HwCost, LanesAreBusyOnADenseNetworkAndAnIdleTickIsShort) {
  NetworkDescription net = network({784, 300, 100, 10});
  const auto program = std::make_shared<const Program>(compile(net));
  sim::CoreDriver<VCoreLarge> core(program, large());
  std::mt19937_64 random(1);
  const auto& input = program->populations.front();
  const auto& output = program->output_population();
  core.set_beta(1 << 13);
  const auto target = random_input(random, output.units, output[Signal::target]);
  core.write_target(target.data(), target.size());
  const auto drive = [&] {
    const auto raw = random_input(random, input.units, input[Signal::rate]);
    core.write_input(raw.data(), raw.size());
  };
  for (int t = 0; t < 3; ++t) {
    drive();
    core.tick();
  }
  // Every input changes, every weight learns.
  drive();
  core.write(sim::reg::control, sim::reg::Control::clear_counters_mask);
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t clocks = core.clocks();
  const std::uint32_t cycles = core.tick();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double simulated = static_cast<double>(core.clocks() - clocks);
  const double lanes = core.read(sim::reg::lane_cycles);
  const double macs = core.read(sim::reg::macs);
  std::cout << "784-300-100-10, 16 lanes, learning: " << cycles << " clocks a tick, lanes busy "
            << 100.0 * lanes / cycles << "%, " << macs
            << " multiply-accumulates = " << 100.0 * macs / (16.0 * cycles)
            << "% of 16 per clock, simulated at " << simulated / seconds * 1e-6 << " Mcycles/s\n";
  EXPECT_GE(lanes / cycles, 0.90);

  // The same input, no nudge: after some ticks nothing changes any more.
  core.set_beta(0);
  std::uint32_t idle = 0;
  for (int t = 0; t < 60; ++t) idle = core.tick();
  std::cout << "idle tick: " << idle << " clocks\n";
  EXPECT_LT(idle, 40u);
  drive();
  core.write(sim::reg::control, sim::reg::Control::clear_counters_mask);
  const std::uint32_t inference = core.tick();
  std::cout << "new input, no nudge: " << inference << " clocks, lanes busy "
            << 100.0 * core.read(sim::reg::lane_cycles) / inference << "%\n";
}

TEST(HwCost, TheSmallestCoreRunsDigitsInLockstep) {
  const auto program = std::make_shared<const Program>(up5k_program());
  const sim::CoreParameters need = sim::required_parameters(*program, 1);
  for (const std::string& argument : need.arguments()) std::cout << argument << " ";
  std::cout << "\n";
  sim::run_lockstep<VCoreUp5k>(program, up5k(), 60, 3, {true, false, 0});
  sim::CoreDriver<VCoreUp5k> core(program, up5k());
  std::mt19937_64 random(1);
  core.set_beta(1 << 13);
  const auto& input = program->populations.front();
  const auto& output = program->output_population();
  std::uint64_t cycles = 0;
  constexpr int presentation = 8;  // ticks per digit, as in tools/configs/digits8.toml
  constexpr int digits = 20;
  for (int d = 0; d < digits; ++d) {
    const auto raw = random_input(random, input.units, input[Signal::rate]);
    const auto target = random_input(random, output.units, output[Signal::target]);
    core.write_input(raw.data(), raw.size());
    core.write_target(target.data(), target.size());
    for (int t = 0; t < presentation; ++t) {
      const std::uint64_t before = core.clocks();
      core.tick();
      cycles += core.clocks() - before;
    }
  }
  const double per_digit = static_cast<double>(cycles) / digits;
  std::cout << "64-24-10 on one lane: " << per_digit / presentation << " clocks a learning tick, "
            << per_digit << " a digit of " << presentation << " ticks, " << 20e6 / per_digit
            << " digits learned a second at 20 MHz\n";
}
