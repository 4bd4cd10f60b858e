// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <fstream>
#include <memory>

#include "sim/core/core_model.hpp"

namespace apical::sim {

/// Writes what a core model does over time as Chrome trace-event JSON, which Perfetto and chrome://tracing
/// show: a track of ticks, one of operations (arguments: walks, events, clocks with busy lanes), and one of
/// stalls, the clocks of an operation in which the lanes had nothing to do, drawn at its beginning. One
/// microsecond of the trace is `period_ns` / 1000 clocks' time: times are those of the simulation.
class Timeline {
 public:
  /// Throws std::runtime_error where the file can't be written. It appears under its name with finish().
  Timeline(std::filesystem::path file, std::shared_ptr<const fixedpoint::Program>, double period_ns);
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  void add(const OperationRecord&);
  void finish();

 private:
  void event(const char* track, const std::string& name, std::uint64_t begin, std::uint64_t clocks,
             const std::string& arguments);

  std::filesystem::path file_, staged_;
  std::ofstream out_;
  std::shared_ptr<const fixedpoint::Program> program_;
  double microseconds_;  ///< of a clock
  bool first_ = true;
  std::uint64_t tick_begin_ = 0;
  bool in_tick_ = false;
};

}  // namespace apical::sim
