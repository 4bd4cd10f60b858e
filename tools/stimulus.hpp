#pragma once
#include <memory>

#include "sim/lockstep.hpp"
#include "tools/config.hpp"

namespace apical::tools {

/// The training of a configuration as an integer machine's host plays it: raw inputs and targets, register
/// values, learning rates that fall from epoch to epoch. Goes on for ever. The task must outlive it.
sim::Stimulus make_stimulus(const Config&, const model::Task&, std::shared_ptr<const fixedpoint::Program>);

/// Raw inputs and targets at random over their formats, or at and next to the ends of them with the largest
/// nudge and the fastest learning (`corners`).
sim::Stimulus make_extreme_stimulus(const std::shared_ptr<const fixedpoint::Program>&, std::uint64_t seed,
                                    bool corners);

/// The program with rows of weights at the ends of their formats and rows of powers of two among its own: no
/// training gets there, and what weights multiply gets to its limits by them.
std::shared_ptr<const fixedpoint::Program> with_corner_weights(const fixedpoint::Program&);

/// What a machine of the ladder is given: a configuration's task and its compiled program. `weights`: a file
/// to start from, or "". Throws InputError for whatever the configuration gets wrong.
struct Assignment {
  std::unique_ptr<model::Task> task;
  std::shared_ptr<const fixedpoint::Program> program;
};
Assignment prepare(const Config&, const std::string& weights);

/// The task of a configuration; throws std::invalid_argument where it doesn't fit the network.
std::unique_ptr<model::Task> configured_task(const Config&);

}  // namespace apical::tools
