// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tools/run/run.hpp"

namespace apical::tools {

/// A machine that is to be trained and tested.
struct MachineRun {
  std::unique_ptr<sim::Machine> machine;
  Machine kind;
  std::string name;
  std::string trace{};       ///< HDF5 file to write a trace of the training to, or ""
  bool tests_learn = false;  ///< by default tests run on frozen weights
};

/// Trains and tests each machine on a thread of its own, as many at a time as there are processors (golden
/// and emulator always together), showing progress. What one of them throws ends all and is thrown.
std::vector<RunResult> side_by_side(const Config&, const model::Task&, const std::vector<MachineRun>&,
                                    const RunOptions&);

}  // namespace apical::tools
