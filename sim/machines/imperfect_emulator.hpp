// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "model/imperfections.hpp"
#include "sim/machines/emulator_machine.hpp"

namespace apical::sim {

/// The emulator on an imperfect chip (model/README.md, "Analog imperfections"): the program's operations one
/// by one, and between them what the chip does to their results. Every perturbed value goes back into the
/// format of its signal, to nearest where that rounds stochastically; weights keep their random bits. Sums
/// are exact over effective weights and rounded once, to nearest, ties to even, at their own binary point.
/// Visits everything, whatever the schedule.
class ImperfectEmulator : public EmulatorMachine {
 public:
  /// `chip` of the program's shape; the program is no microcircuit.
  ImperfectEmulator(std::shared_ptr<const fixedpoint::Program>, std::shared_ptr<model::Imperfections> chip,
                    fixedpoint::EmulatorOptions = {});

  void set_testing(bool testing) override { chip_->set_testing(testing); }
  void set_weights(int projection, const std::vector<double>& values) override {
    EmulatorMachine::set_weights(projection, values);
    take_weights(projection - 1);
  }
  /// Nobody counts per layer.
  std::vector<fixedpoint::Activity> activity() const override { return {}; }
  std::uint64_t macs() const override { return emulator_.observers().macs() + macs_; }
  std::uint64_t events() const override;

 protected:
  void advance() override;

 private:
  /// What one projection has on the chip, source-major [columns × rows].
  struct Synapses {
    std::vector<std::int64_t> weights;             ///< raw
    std::vector<std::int64_t> factors, effective;  ///< at Imperfections::constant_frac more fraction bits
    std::vector<std::int64_t> sums;
  };
  /// What the units of one population have sent, raw, before delays.
  struct Sent {
    std::vector<std::int64_t> rate, error;
  };
  const fixedpoint::Population& population(int layer) const;
  const fixedpoint::Projection& projection(int index) const;
  Synapses& synapses(int index) { return synapses_[static_cast<std::size_t>(index)]; }
  std::int64_t source_rate(int projection, int column) const;

  void execute(const fixedpoint::Operation&);
  void forward(int projection);
  void backward(int projection);
  void fire(int layer);
  void send_errors(int layer);
  void learn(int projection);
  void change_weights(int projection);
  void take_weights(int projection);
  void leak();
  void set(int projection, int row, int column, std::int64_t raw);

  std::shared_ptr<model::Imperfections> chip_;
  std::vector<Synapses> synapses_;
  std::vector<Sent> sent_;
  fixedpoint::LayerState scratch_;
  std::uint64_t macs_ = 0, events_ = 0;
};

}  // namespace apical::sim
