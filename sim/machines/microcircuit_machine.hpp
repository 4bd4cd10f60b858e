// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/microcircuit.hpp"
#include "sim/machines/machine.hpp"
#include "sim/machines/signal_ranges.hpp"

namespace apical::sim {

/// The dendritic microcircuit behind the machine interface, in double precision throughout. Projections
/// 1..4N−3 are those of model::in_order().
class MicrocircuitMachine : public Machine {
 public:
  /// `weights` as model::in_order(). Throws std::invalid_argument for what doesn't fit.
  MicrocircuitMachine(model::MicrocircuitSettings settings, const std::vector<model::WeightMatrix>& weights);

  std::string name() const override { return "golden"; }
  void tick(const double* input, const double* target, double nudge, bool changed) override;
  void set_learning_scale(double factor) override { circuit_.set_learning_scale(factor); }
  std::vector<double> read(const std::string& signal, int layer) const override;
  std::vector<double> weights(int projection) const override;
  void set_weights(int projection, const std::vector<double>& values) override;
  std::string state_digest() const override;
  std::uint64_t macs() const override { return circuit_.macs(); }
  std::uint64_t events() const override { return events_; }
  std::vector<SignalStatistics> statistics() const override;
  std::string trouble() const override;
  bool failed() const override { return !circuit_.finite(); }

 private:
  const Eigen::VectorXd& signal(const std::string& name, int layer) const;

  model::Microcircuit circuit_;
  SignalRanges ranges_;
  std::uint64_t events_ = 0, events_per_tick_ = 0;
};

}  // namespace apical::sim
