// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fixedpoint/program/corner_proof.hpp"
#include "sim/verify/lockstep.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {

/// What a host plays to a machine that is compared: the program, which profile corners gives other weights,
/// and ticks that are the same each time they are made.
struct HostProfile {
  std::shared_ptr<const fixedpoint::Program> program;
  fixedpoint::CornerProof unreachable;  ///< of corners: what no stimulus brings about
  std::function<sim::Stimulus()> stimulus;
};

/// smoke: the task's training, nudged in every tick, so that few of them learn; learning: the task's
/// training; random: any inputs and targets; corners: searched for limits and ties of the quantisers.
const std::vector<std::string>& profile_names();

/// The profile of that name; the configuration and the assignment must outlive it.
HostProfile make_host_profile(const std::string& name, const Config&, const Assignment&);

}  // namespace apical::tools
