// SPDX-License-Identifier: Apache-2.0
// The state of the emulators of configurations after the first ticks of their training, a line each: what
// aarch64.py compares between processors, and with `apical run`.
// Usage: configuration_digests TICKS CONFIG...
#include <fmt/format.h>

#include <cstdlib>

#include "model/task.hpp"
#include "sim/machines/emulator_machine.hpp"
#include "tools/config/config.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"

using namespace apical;

static std::string digest_of(const std::string& file, int ticks) {
  const tools::Config config = tools::read_config(file);
  tools::check(config);
  sim::EmulatorMachine machine(tools::compiled(config, tools::starting_weights(config)));
  const auto task = model::make_task(config.task);
  const auto stream = task->training(0);
  model::Sample sample;
  for (int t = 0; t < ticks && stream->next(sample); ++t)
    machine.tick(sample.input.data(), sample.target.data(), sample.nudge, sample.changed);
  return machine.state_digest();
}

int main(int count, char** arguments) {
  const int ticks = count > 2 ? std::atoi(arguments[1]) : 0;
  if (ticks <= 0) {
    fmt::print(stderr, "Usage: configuration_digests TICKS CONFIG...\n");
    return 2;
  }
  for (int i = 2; i < count; ++i) {
    try {
      fmt::print("{}  {}\n", digest_of(arguments[i], ticks), arguments[i]);
    } catch (const std::exception& error) {
      fmt::print(stderr, "configuration_digests: {}\n", error.what());
      return 2;
    }
  }
}
