// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/profile_runs.hpp"

namespace apical::tools {

// In wide formats, on the data that tests show.
Tested ProfileRuns::tested(const std::vector<Matrix>& weights) const {
  auto loaded = std::make_shared<fixedpoint::Program>(*program(wide_, wide_index_bits(config_)));
  load(*loaded, weights);
  fixedpoint::EmulatorOptions how;
  how.statistics = false;
  sim::EmulatorMachine machine(loaded, how);
  machine.set_learning_scale(0.0);
  model::Score score(model::measure_of(task_->classification()));
  double loss = 0.0;
  const auto stream = task_->test();
  for (model::Sample s; stream->next(s);) {
    machine.tick(s.input.data(), s.target.data(), s.nudge, s.changed);
    if (!s.scored) continue;
    const std::vector<double> u = machine.read("u", depth_);
    score.add(s, u);
    for (std::size_t i = 0; i < u.size(); ++i) loss += 0.5 * (s.target[i] - u[i]) * (s.target[i] - u[i]);
  }
  return {score.value(), loss / static_cast<double>(std::max<std::uint64_t>(score.count(), 1))};
}

Prediction ProfileRuns::predicted(const Profile& p) const {
  LawMeasurements from{*laws_, configured_};
  from.test = [this](const std::vector<Matrix>& weights) { return tested(weights); };
  from.classification = p.classification;
  from.outputs = task_->outputs();
  if (config_.accumulator_bits > 0) from.accumulator_bits = config_.accumulator_bits;
  from.tolerance = options_.tolerance;
  from.seed = config_.seed;
  from.whole_bits = [this](const std::string& signal, int layer) {
    const auto [low, high] = ranges_.at({signal, layer});
    return whole_bits(low, high, options_.headroom, true);
  };
  return predict(from);
}

}  // namespace apical::tools
