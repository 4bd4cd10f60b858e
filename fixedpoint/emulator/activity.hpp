// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

namespace apical::fixedpoint {

/// What one projection has done.
struct Traffic {
  std::uint64_t forward_macs = 0, backward_macs = 0, learn_macs = 0;
  std::uint64_t weight_reads = 0, weight_writes = 0;  ///< words

  void add(const Traffic& before, const Traffic& after) {
    constexpr std::uint64_t Traffic::*counts[] = {&Traffic::forward_macs, &Traffic::backward_macs,
                                                  &Traffic::learn_macs, &Traffic::weight_reads,
                                                  &Traffic::weight_writes};
    for (const auto count : counts) this->*count += after.*count - before.*count;
  }
  std::uint64_t macs() const { return forward_macs + backward_macs + learn_macs; }
};

/// What a population and the projections into it have done since the machine was made. Events don't depend on
/// the schedule; work does.
struct Activity {
  std::uint64_t rate_events = 0;                        ///< changes of rates sent upwards
  std::uint64_t error_events = 0;                       ///< changes of errors sent downwards
  std::uint64_t rate_received = 0, error_received = 0;  ///< events times their fan-out
  std::uint64_t dense_macs = 0;     ///< what all ticks cost when every weight is visited three times
  std::uint64_t units_updated = 0;  ///< units times parts of UPDATE
  std::uint64_t state_reads = 0, state_writes = 0;  ///< words of neuron signals and of accumulators
  std::int64_t largest_unsent = 0;  ///< LSB that a rate stood away from what was sent, at most theta
  std::vector<Traffic> into;        ///< of the projections into it, in the order of the program

  /// Adds what happened between two counts; largest_unsent is the later one's.
  void add(const Activity& before, const Activity& after) {
    constexpr std::uint64_t Activity::*counts[] = {
        &Activity::rate_events, &Activity::error_events,  &Activity::rate_received, &Activity::error_received,
        &Activity::dense_macs,  &Activity::units_updated, &Activity::state_reads,   &Activity::state_writes};
    for (const auto count : counts) this->*count += after.*count - before.*count;
    largest_unsent = after.largest_unsent;
    if (into.size() < after.into.size()) into.resize(after.into.size());
    for (std::size_t p = 0; p < after.into.size(); ++p)
      into[p].add(p < before.into.size() ? before.into[p] : Traffic{}, after.into[p]);
  }
  /// Of all projections into it.
  Traffic traffic() const {
    Traffic all;
    for (const Traffic& one : into) all.add({}, one);
    return all;
  }
  std::uint64_t macs() const { return traffic().macs(); }
};

}  // namespace apical::fixedpoint
