// SPDX-License-Identifier: Apache-2.0
// Prints the state of an emulator of a configuration of 64 inputs and 10 outputs after 100 ticks of learning.
#include <cstdio>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"
#include "tools/config/config.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"

int main(int count, char** arguments) {
  if (count != 2) return 2;
  try {
    const apical::tools::Config config = apical::tools::read_config(arguments[1]);
    apical::tools::check(config);
    const auto program = apical::tools::compiled(config, apical::tools::starting_weights(config));
    apical::fixedpoint::Emulator emulator(program);
    std::vector<double> input(64), target(10);
    for (int t = 0; t < 100; ++t) {
      for (int i = 0; i < 64; ++i) input[static_cast<std::size_t>(i)] = (7 * i + t) % 16 / 16.0;
      for (int i = 0; i < 10; ++i) target[static_cast<std::size_t>(i)] = t % 10 == i ? 1.0 : 0.0;
      emulator.write_input(input.data());
      emulator.write_target(target.data());
      emulator.set_beta(program->beta);
      emulator.tick();
    }
    std::puts(emulator.digest().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
