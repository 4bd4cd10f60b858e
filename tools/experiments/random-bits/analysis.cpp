// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tools/config/formats.hpp"
#include "tools/experiments/baseline.hpp"
#include "tools/experiments/experiment.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Rounding;

constexpr int seeds = 3;

// The weights of every layer round so.
Config with_rounding(Config config, Rounding rounding, int random_bits) {
  for (fixedpoint::Format* f : formats_of(config, "weight")) {
    f->rounding = rounding;
    f->random_bits = random_bits;
  }
  return config;
}

// Test error in % after the last epoch, mean over seeds, which the designs share.
double error_of(Config config, int count) {
  const std::uint64_t first = config.seed;
  double sum = 0.0;
  for (int s = 0; s < count; ++s) {
    config.seed = first + static_cast<std::uint64_t>(s);
    sum += train_machine(config).points.back().second;
  }
  return sum / count;
}

Findings analyse(const Setting& setting) {
  Findings f;
  Config config = setting.config;
  const int count = setting.quick ? 1 : seeds;
  if (setting.quick) config.epochs = std::min(config.epochs, 8);
  Config golden = config;
  golden.machine = Machine::golden;
  config.machine = Machine::emulator;
  const double exact = error_of(golden, count);
  const double nearest = error_of(with_rounding(config, Rounding::rnd_conv, 16), count);
  const std::vector<int> bits =
      setting.quick ? std::vector{1, 8, 16} : std::vector{1, 2, 3, 4, 5, 6, 8, 12, 16};
  Line emulator{"emulator", {}, true}, reference{"golden", {}, false}, control{"to nearest", {}, false};
  for (const int k : bits) {
    emulator.points.emplace_back(k, error_of(with_rounding(config, Rounding::stochastic, k), count));
    reference.points.emplace_back(k, exact);
    control.points.emplace_back(k, nearest);
    f.numbers.emplace_back(fmt::format("test error with {} random bits, %", k),
                           emulator.points.back().second);
  }
  const double all = emulator.points.back().second;
  for (const auto& [k, error] : emulator.points)
    if (k == 8)
      f.at_most("test error with 8 random bits minus that with 16, points", error - all, significant,
                "weights that round to nearest");
  f.at_most("test error with 16 random bits minus that of golden, points", all - exact, significant,
            "weights that round to nearest");
  f.at_least("control: test error with rounding to nearest minus that with 16 random bits, points",
             nearest - all, significant, "a task that any rounding learns");
  f.figures.push_back(
      {"error",
       fmt::format("Test error over the random bits of a weight's rounding, mean of {} seeds.", count),
       "random bits",
       "%",
       {emulator, reference, control},
       false,
       true});
  return f;
}

}  // namespace

Experiment random_bits() {
  return {
      "2", "What a random bit is worth",
      "Synapses learn continuously: every tick's change counts, however small it is.",
      "Weights of 8 bits round each change stochastically with 1 to 16 random bits, on the emulator whatever "
      "the machine, beside golden and beside rounding to nearest. With k random bits a change below 2^-(k+1) "
      "of a weight's LSB is never seen.",
      analyse};
}

}  // namespace apical::tools
