// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/golden.hpp"
#include "sim/machines/machine.hpp"
#include "sim/machines/signal_ranges.hpp"

namespace apical::sim {

/// The golden model behind the machine interface, in double precision throughout.
class GoldenMachine : public Machine {
 public:
  GoldenMachine(model::GoldenSettings settings, const std::vector<model::WeightMatrix>& weights,
                std::shared_ptr<model::Imperfections> chip = {});

  std::string name() const override { return "golden"; }
  void tick(const double* input, const double* target, double nudge, bool changed) override;
  void set_learning_scale(double factor) override { golden_.set_learning_scale(factor); }
  void set_testing(bool testing) override { golden_.set_testing(testing); }
  std::vector<double> read(const std::string& signal, int layer) const override;
  std::vector<double> weights(int connection) const override;
  void set_weights(int connection, const std::vector<double>& values) override;
  std::string state_digest() const override;
  std::uint64_t macs() const override { return golden_.macs(); }
  std::uint64_t events() const override { return events_; }
  std::vector<SignalStatistics> statistics() const override;
  std::string trouble() const override;
  bool failed() const override { return !golden_.finite(); }
  const model::Golden& golden() const { return golden_; }

 private:
  const Eigen::VectorXd& signal(const std::string& name, int layer) const;

  model::Golden golden_;
  SignalRanges ranges_;
  std::uint64_t events_ = 0, sent_ = 0;  ///< sent_: values sent in a tick
};

}  // namespace apical::sim
