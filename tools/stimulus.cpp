#include "tools/stimulus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "fixedpoint/compiler.hpp"
#include "model/schedule.hpp"
#include "tools/imperfections.hpp"
#include "tools/run.hpp"

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
    s.beta = sim::beta_register(program->beta * nudge);
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

std::shared_ptr<const fixedpoint::Program> with_corner_weights(const fixedpoint::Program& program) {
  auto changed = std::make_shared<fixedpoint::Program>(program);
  for (fixedpoint::Projection& p : changed->projections)
    for (std::size_t i = 0; i < p.image.size(); ++i) {
      const int row = static_cast<int>(i) / p.columns, column = static_cast<int>(i) % p.columns;
      const int bit = (row + column) % (p.weight.bits - 1);
      switch (row % 5) {
        case 0:
          p.image[i] = p.weight.maximum_raw();
          break;
        case 1:
          p.image[i] = p.weight.minimum_raw();
          break;
        case 2:
          p.image[i] = std::max(column % 2 == 0 ? std::int64_t{1} << bit : -(std::int64_t{1} << bit),
                                p.weight.minimum_raw());
          break;
        default:
          break;
      }
    }
  return changed;
}

namespace {

// Inputs and targets that bring quantisers to their limits and to ties. A phase holds for longer than
// membranes and weights need to get to their ends; between two phases everything is drawn anew in every tick.
class Corners {
 public:
  Corners(std::shared_ptr<const fixedpoint::Program> program, std::uint64_t seed)
      : program_(std::move(program)), random_(seed) {}

  sim::TickStimulus next() {
    const auto& first = program_->populations.front();
    const auto& last = program_->output_population();
    const std::uint64_t phase = ticks_ / phase_ticks;
    sim::TickStimulus s;
    if (phase % 2 == 0) {
      // Held: every input at one end; every target at one end, later each at its own.
      if (ticks_ % phase_ticks == 0) {
        const std::uint64_t kind = phase / 2;
        s.input = held(first[fixedpoint::Signal::rate], first.units, kind % 2 == 0, kind >= 8);
        s.target = held(last[fixedpoint::Signal::target], last.units, kind / 2 % 2 == 0, kind >= 4);
        s.learning_scale = fastest;
      }
      s.beta = largest_beta;
    } else {
      s.input = drawn(first[fixedpoint::Signal::rate], first.units);
      s.target = drawn(last[fixedpoint::Signal::target], last.units);
      s.beta = below(3) == 0 ? largest_beta : std::int64_t{1} << below(16);
      s.learning_scale = below(3) == 0 ? fastest : std::ldexp(1.0, -below(8));
    }
    ++ticks_;
    return s;
  }

 private:
  static constexpr std::uint64_t phase_ticks = 40;
  static constexpr std::int64_t largest_beta = (1 << 16) - 1;
  static constexpr double fastest = 1e9;

  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
  std::vector<std::int64_t> held(const fixedpoint::Format& f, int units, bool high, bool mixed) {
    std::vector<std::int64_t> values;
    values.reserve(static_cast<std::size_t>(units));
    for (int i = 0; i < units; ++i)
      values.push_back((mixed ? below(2) != 0 : high) ? f.maximum_raw() : f.minimum_raw());
    return values;
  }
  // Few bits set, so that products have ties.
  std::vector<std::int64_t> drawn(const fixedpoint::Format& f, int units) {
    const bool dense = below(3) == 0, sparse = below(2) != 0;
    std::vector<std::int64_t> values;
    values.reserve(static_cast<std::size_t>(units));
    for (int i = 0; i < units; ++i) {
      const int kind = below(dense ? 2 : sparse ? 16 : 5);
      const std::int64_t power = std::int64_t{1} << below(f.bits - (f.is_signed ? 1 : 0));
      values.push_back(kind == 0   ? f.minimum_raw()
                       : kind == 1 ? f.maximum_raw()
                       : kind == 2 ? power
                       : kind == 3 ? std::max(-power, f.minimum_raw())
                                   : 0);
    }
    return values;
  }

  std::shared_ptr<const fixedpoint::Program> program_;
  std::mt19937_64 random_;
  std::uint64_t ticks_ = 0;
};

}  // namespace

sim::Stimulus make_extreme_stimulus(const std::shared_ptr<const fixedpoint::Program>& program,
                                    std::uint64_t seed, bool corners) {
  if (corners) {
    const auto all = std::make_shared<Corners>(program, seed);
    return [all] { return all->next(); };
  }
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
    s.beta = sim::beta_register(program->beta);
    return s;
  };
}

Assignment prepare(const Config& config, const std::string& weights) {
  try {
    check(config);
    refuse_imperfections(config, "a core");
    Assignment a;
    a.task = configured_task(config);
    a.program = std::make_shared<const fixedpoint::Program>(
        fixedpoint::compile(describe(config, starting_weights(config, weights))));
    return a;
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error.what()));
  }
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
