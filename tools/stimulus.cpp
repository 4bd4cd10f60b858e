#include "tools/stimulus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fixedpoint/load.hpp"
#include "model/schedule.hpp"

namespace apical::tools {
namespace {

std::vector<std::int64_t> raw(const std::vector<double>& real, const fixedpoint::Format& format) {
  std::vector<std::int64_t> values;
  values.reserve(real.size());
  for (const double x : real) values.push_back(fixedpoint::load(x, format).raw);
  return values;
}

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
    const double beta = std::ldexp(program->beta * nudge, fixedpoint::beta_frac);
    s.beta = std::clamp<std::int64_t>(std::llround(beta), 0, (1 << 16) - 1);
    if (sample.changed || ticks == 0) {
      s.input = raw(sample.input, program->populations.front()[fixedpoint::Signal::rate]);
      s.target = raw(sample.target, program->populations.back()[fixedpoint::Signal::target]);
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

std::unique_ptr<model::Task> configured_task(const Config& config) {
  model::TaskSettings settings = config.task;
  settings.seed = config.seed;
  settings.dt = config.network.dt;
  auto task = model::make_task(settings);
  const auto& layers = config.network.layers;
  if (layers.front() != task->inputs() || layers.back() != task->outputs())
    throw std::invalid_argument(
        fmt::format("network.layers: {} inputs and {} outputs; accepted: {} and {}, which task {} has",
                    layers.front(), layers.back(), task->inputs(), task->outputs(), config.task.kind));
  return task;
}

}  // namespace apical::tools
