#include "tools/experiments/baseline.hpp"

#include "model/schedule.hpp"
#include "tools/experiments/trace.hpp"
#include "tools/stimulus.hpp"

namespace apical::tools {

Line train_baseline(const Config& config, const char* name, const Learn& learn, const Predict& predict) {
  Line line{name, {}, true};
  const auto task = configured_task(config);
  for (int epoch = 0; epoch < config.epochs; ++epoch) {
    const double scale = model::learning_scale(config.decay, epoch);
    const auto training = task->training(epoch);
    for (model::Sample s; training->next(s);) {
      if (!s.changed) continue;
      const auto drive = world(s, 0.0);
      learn(drive.input, drive.target, scale);
    }
    model::Score score(task->classification());
    const auto test = task->test();
    for (model::Sample s; test->next(s);) {
      if (!s.scored) continue;
      const Eigen::VectorXd output = predict(world(s, 0.0).input);
      score.add(s, {output.begin(), output.end()});
    }
    line.points.emplace_back(epoch + 1, 100.0 * (1.0 - score.value()));
  }
  return line;
}

Line train_machine(const Config& config) {
  const RunOutcome outcome = run(config, {});
  Line line{"continuous time, " + config.machine, {}, true};
  for (const CurvePoint& p : outcome.results.back().curve)
    line.points.emplace_back(static_cast<double>(line.points.size() + 1), 100.0 * (1.0 - p.score));
  return line;
}

}  // namespace apical::tools
