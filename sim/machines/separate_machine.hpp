// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/machines/machine.hpp"

namespace apical::sim {

/// A machine in a process of its own, for those of which a process can have one alone: SystemC has one
/// kernel, and one elaboration, in each. The other process ends with the machine, or with this process. It
/// has no activity, as cores don't.
class SeparateMachine : public Machine {
 public:
  struct Made {
    std::unique_ptr<Machine> machine;
    std::function<void()> finish = [] {};
  };
  using Make = std::function<Made()>;

  /// Calls `make` there, of a machine with so many inputs and targets. What goes wrong there is a
  /// std::runtime_error here, of the next call that returns something.
  SeparateMachine(std::string name, std::size_t inputs, std::size_t targets, const Make& make);

  /// Calls Made::finish there: what it writes beside its answers is complete then.
  void finish();

  std::string name() const override { return name_; }
  void tick(const double* input, const double* target, double nudge, bool changed) override;
  void set_learning_scale(double factor) override;
  std::vector<double> read(const std::string& signal, int layer) const override;
  std::vector<double> weights(int projection) const override;
  std::string state_digest() const override;
  CoreCounts core_counts() const override;
  std::uint64_t macs() const override;
  std::uint64_t events() const override;
  std::vector<SignalStatistics> statistics() const override;
  std::string trouble() const override;
  bool failed() const override { return false; }

 private:
  struct Process {
    Process() = default;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();
    pid_t id = -1, owner = getpid();
    int socket = -1;
  };
  void tell(const nlohmann::json& call) const;
  nlohmann::json ask(const nlohmann::json& call) const;

  std::string name_;
  Process process_;
  std::size_t inputs_, targets_;
  bool shown_ = false;
};

}  // namespace apical::sim
