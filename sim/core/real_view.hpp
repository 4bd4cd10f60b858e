// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "fixedpoint/emulator/signal_statistics.hpp"
#include "sim/machines/integer_machine.hpp"
#include "sim/machines/machine.hpp"

namespace apical::sim {

/// A machine with registers behind the interface of the training loop: real numbers in and out, integers in
/// between.
class RealView : public Machine {
 public:
  explicit RealView(std::unique_ptr<RegisterMachine>);

  std::string name() const override { return core_->name(); }
  void tick(const double* input, const double* target, double nudge, bool changed) override;
  void set_learning_scale(double factor) override { core_->set_learning_scale(factor); }
  std::vector<double> read(const std::string& signal, int layer) const override;
  std::vector<double> weights(int projection) const override;
  std::string state_digest() const override { return sim::state_digest(*core_); }
  CoreCounts core_counts() const override { return counts_; }
  std::uint64_t macs() const override { return macs_; }
  std::uint64_t events() const override { return events_; }
  /// Of what the host quantises: input and target.
  std::vector<SignalStatistics> statistics() const override;
  std::string trouble() const override;
  bool failed() const override { return false; }

 private:
  void count();

  std::unique_ptr<RegisterMachine> core_;
  bool fresh_ = true;  ///< nothing was shown yet
  fixedpoint::SignalCounter input_, target_;
  std::uint64_t macs_ = 0, events_ = 0;
  CoreCounts counts_;
  std::uint32_t last_macs_ = 0, last_events_ = 0, last_clocks_ = 0, last_lane_clocks_ = 0;  ///< they wrap
};

}  // namespace apical::sim
