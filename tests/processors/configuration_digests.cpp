// SPDX-License-Identifier: Apache-2.0
// The digest of the emulator's state after a short training of each configuration, a line each.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <filesystem>

#include "fixedpoint/emulator/emulator.hpp"
#include "tools/config/config.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"

namespace {

using namespace apical;

constexpr int ticks = 800;  // 100 digits

std::string digest_after_training(const std::filesystem::path& path) {
  const tools::Config config = tools::read_config(path);
  tools::check(config);
  const auto program = tools::compiled(config, tools::starting_weights(config));
  const auto task = model::make_task(config.task);
  const auto stream = task->training(0);
  fixedpoint::Emulator emulator(program);
  model::Sample sample;
  for (int t = 0; t < ticks; ++t) {
    if (!stream->next(sample)) throw std::runtime_error(fmt::format("its task ends after {} ticks", t));
    emulator.write_input(sample.input.data());
    emulator.write_target(sample.target.data());
    emulator.set_beta(program->beta * sample.nudge);
    emulator.tick();
  }
  return emulator.digest();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    fmt::print(stderr, "Usage: configuration_digests CONFIGURATION...\n");
    return 2;
  }
  for (int i = 1; i < count; ++i) {
    const std::filesystem::path path = arguments[i];
    try {
      fmt::print("{}  {}\n", digest_after_training(path), path.stem().string());
    } catch (const std::exception& error) {
      fmt::print(stderr, "configuration_digests: {}: {}\n", path.string(), error.what());
      return 2;
    }
  }
}
