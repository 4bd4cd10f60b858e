// SPDX-License-Identifier: Apache-2.0
#include "tools/run/stimulus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "model/schedule.hpp"
#include "model/settings/settings_error.hpp"
#include "sim/isa/core_limits.hpp"
#include "tools/config/imperfections.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {
namespace {

struct Player {
  Config config;
  const model::Task& task;
  std::shared_ptr<const fixedpoint::Program> program;
  std::unique_ptr<model::Stream> stream;
  model::Sample sample;
  int epoch = -1;
  std::uint64_t ticks = 0;

  sim::TickStimulus next() {
    sim::TickStimulus s;
    if (!stream || !stream->next(sample)) {
      stream = task.training(++epoch);
      stream->next(sample);
      s.learning_scale = model::learning_scale(config.decay, epoch);
    }
    const double time = static_cast<double>(ticks) * config.network.dt;
    const double nudge = sample.nudge * model::nudge_scale(time, config.beta_ramp);
    s.beta = sim::beta_register(*program, program->beta * nudge);
    if (sample.changed || ticks == 0) {
      const auto& first = program->populations.front();
      const auto& last = program->output_population();
      s.input = sim::to_raw(sample.input.data(), first.units, first[fixedpoint::Signal::rate]);
      s.target = sim::to_raw(sample.target.data(), last.units, last[fixedpoint::Signal::target]);
    }
    ++ticks;
    return s;
  }
};

}  // namespace

sim::Stimulus make_stimulus(const Config& config, const model::Task& task,
                            std::shared_ptr<const fixedpoint::Program> program) {
  const auto player = std::make_shared<Player>(Player{config, task, std::move(program), nullptr, {}});
  return [player] { return player->next(); };
}

sim::Stimulus make_random_stimulus(const std::shared_ptr<const fixedpoint::Program>& program,
                                   std::uint64_t seed) {
  const auto random = std::make_shared<std::mt19937_64>(seed);
  return [program, random] {
    const auto draw = [&](const fixedpoint::Format& f, int units) {
      const std::int64_t low = f.minimum_raw(), high = f.maximum_raw();
      std::vector<std::int64_t> values;
      values.reserve(static_cast<std::size_t>(units));
      for (int i = 0; i < units; ++i)
        values.push_back(low +
                         static_cast<std::int64_t>((*random)() % static_cast<std::uint64_t>(high - low + 1)));
      return values;
    };
    sim::TickStimulus s;
    const auto& first = program->populations.front();
    const auto& last = program->output_population();
    s.input = draw(first[fixedpoint::Signal::rate], first.units);
    s.target = draw(last[fixedpoint::Signal::target], last.units);
    s.beta = sim::beta_register(*program, program->beta);
    return s;
  };
}

Assignment prepare(const Config& config, Upto upto) {
  try {
    check(config);
    refuse_imperfections(config, "a core");
    Assignment a;
    a.task = configured_task(config);
    a.program = compiled(config, starting_weights(config));
    if (upto == Upto::mesh) sim::check_core_formats(*a.program);
    if (upto == Upto::core) sim::check_core_limits(*a.program, config.lanes);
    return a;
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
}

std::unique_ptr<model::Task> configured_task(const Config& config) {
  model::TaskSettings settings = config.task;
  settings.file = task_file(config).string();
  std::error_code ignored;
  if (!std::filesystem::exists(settings.file, ignored) && std::filesystem::exists(config.task.file, ignored))
    throw SettingsError("task.file",
                        fmt::format("\"{}\" isn't in {}, beside what names it, but in the current folder",
                                    config.task.file, config.task_folder),
                        "a path from there, or an absolute one");
  settings.seed = own_seed(config, config.seed_order);
  settings.dt = config.network.dt;
  auto task = model::make_task(settings);
  const auto& layers = config.network.layers;
  if (layers.front() != task->inputs() || layers.back() != task->outputs())
    throw SettingsError("network.layers",
                        fmt::format("{} inputs and {} outputs", layers.front(), layers.back()),
                        fmt::format("{} and {}, which task {} has", task->inputs(), task->outputs(),
                                    name_of(config.task.kind)));
  return task;
}

}  // namespace apical::tools
