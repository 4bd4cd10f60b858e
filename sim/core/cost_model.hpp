// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace apical::sim {

/// Clocks of the parts of a tick, as hw/rtl/apical_sequencer.sv spends them.
namespace clocks {
inline constexpr std::uint64_t start = 8;  ///< of a tick: a clock of waiting, seven for its key
inline constexpr std::uint64_t operation =
    1;                                      ///< to look at an operation: all that a skipped one or END takes
inline constexpr std::uint64_t header = 4;  ///< of a population, unless it is the last one's
inline constexpr std::uint64_t update = 1;  ///< to find no slot left
inline constexpr std::uint64_t pass = 15;   ///< beyond its units: to choose, load and start it, the pipeline
inline constexpr std::uint64_t matrix = 9;  ///< of FORWARD and BACKWARD: to load it and to start the scan
inline constexpr std::uint64_t steps = 13;  ///< of LEARN: to load matrix and pass, and to start the pass
inline constexpr std::uint64_t lead = 11;   ///< from there to the start of the scan
inline constexpr std::uint64_t pass_drains =
    8;                                          ///< from its start on, beyond its units, until a pass is over
inline constexpr std::uint64_t scan_fills = 4;  ///< from the start of a scan until its first entry is offered
inline constexpr std::uint64_t lanes_drain = 6;  ///< from the last group of weights until the lanes are idle
inline constexpr std::uint64_t window_read = 4;  ///< a read of WINDOW_DATA waits so long
inline constexpr std::uint64_t input_header =
    5;  ///< so does an INPUT where population 0's header isn't at hand,
inline constexpr std::uint64_t input_pass = 6;  ///< and so where its format isn't
inline constexpr std::uint64_t input_drains =
    8;  ///< from an INPUT until the neuron unit is idle; +1 if it sent
inline constexpr std::uint64_t bus_request = 1;  ///< from a request on AXI4-Lite or the stream to the core
inline constexpr std::uint64_t bus_answer = 1;   ///< to answer on AXI4-Lite
}  // namespace clocks

/// What the lanes did in one FORWARD, BACKWARD or LEARN.
struct LaneWork {
  std::uint64_t clocks = 0;       ///< from the start of the scan until the lanes are idle
  std::uint64_t walks = 0;        ///< rows or columns
  std::uint64_t lane_clocks = 0;  ///< in which the lanes worked
};

/// Follows the walks of one scan through its queue and the lanes, without going through their clocks: the
/// scan looks at an entry per clock, drops zeros, and waits for room in the queue (hw/rtl/apical_scan.sv,
/// apical_queue.sv, apical_lanes.sv). Times count from the start of the scan.
class WalkTimer {
 public:
  /// `groups`: clocks of a walk, ⌈extent / LANES⌉; `queue`: walks that wait, 0 or a power of two up to 8.
  WalkTimer(std::uint64_t groups, std::uint64_t queue) : groups_(groups), queue_(queue) {}

  /// Entries first .. first + count - 1 of the scan are walks; first is beyond all earlier ones.
  void walk(std::uint64_t first, std::uint64_t count = 1) {
    one(first);
    const std::uint64_t rest = count - 1;
    if (rest < std::max<std::uint64_t>(queue_, 1)) {
      for (std::uint64_t i = 1; i < count; ++i) one(first + i);
      return;
    }
    // Neighbours keep the lanes busy: each starts when the one before it ends.
    started_ += rest * groups_;
    offered_ = queue_ == 0 ? started_ : std::max(offered_ + rest, started_ - queue_ * groups_ + 1);
    last_ = first + rest;
    walks_ += rest;
    for (std::uint64_t back = 0; back < queue_; ++back)
      popped_[(walks_ - 1 - back) % queue_] = started_ - back * groups_;
  }

  /// All entries of `values` that are not 0, the first of them being entry `first` of the scan.
  void walk_nonzero(const std::int64_t* values, std::size_t count, std::uint64_t first) {
    for (std::size_t i = 0; i < count;) {
      while (i < count && values[i] == 0) ++i;
      const std::size_t begin = i;
      while (i < count && values[i] != 0) ++i;
      if (i > begin) walk(first + begin, i - begin);
    }
  }

  /// `entries` looked at in all.
  LaneWork finish(std::uint64_t entries) const {
    LaneWork work;
    work.walks = walks_;
    work.lane_clocks = walks_ * groups_;
    if (entries == 0)
      work.clocks = 1;
    else if (walks_ == 0)
      work.clocks = entries + 2;
    else
      work.clocks = std::max(started_ + groups_ + clocks::lanes_drain, offered_ + entries - last_ - 2);
    return work;
  }

 private:
  void one(std::uint64_t entry) {
    std::uint64_t offered = walks_ == 0 ? clocks::scan_fills + entry : offered_ + entry - last_;
    const std::uint64_t free = walks_ == 0 ? 0 : started_ + groups_;
    if (queue_ == 0) {
      offered = std::max(offered, free);
      started_ = offered;
    } else {
      std::uint64_t& oldest = popped_[walks_ % queue_];
      if (walks_ >= queue_) offered = std::max(offered, oldest + 1);
      started_ = std::max(offered + 1, free);
      oldest = started_;
    }
    offered_ = offered;
    last_ = entry;
    ++walks_;
  }

  std::uint64_t groups_, queue_;
  std::uint64_t walks_ = 0, last_ = 0;       ///< last_: entry of the last walk
  std::uint64_t offered_ = 0, started_ = 0;  ///< clock in which it entered the queue, and left it
  std::array<std::uint64_t, 8> popped_{};  ///< when the last walks left the queue, by number modulo its depth
};

}  // namespace apical::sim
