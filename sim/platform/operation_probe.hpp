// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <deque>
#include <filesystem>
#include <systemc>

#include "sim/platform/tlm_core.hpp"

namespace apical::sim {

/// What a TLM core does, as signals over time: the core executes a tick when it is asked to, ahead of time,
/// and the probe plays its operations when they are due.
class OperationProbe : public sc_core::sc_module {
 public:
  sc_core::sc_signal<bool> busy{"busy"};
  sc_core::sc_signal<std::uint32_t> tick{"tick"}, operation{"operation"};  ///< numbers
  sc_core::sc_signal<std::uint32_t> code{"code"}, index{"index"};  ///< of the operation (hw/ARCHITECTURE.md)

  OperationProbe(const sc_core::sc_module_name&, TlmCore&);
  void trace(sc_core::sc_trace_file*) const override;
  sc_core::sc_time last_change() const { return last_change_; }

 private:
  void play();

  sc_core::sc_time period_, last_change_;
  std::deque<OperationRecord> due_;
  sc_core::sc_event next_;
};

/// A VCD file of the kernel's time. It appears under its name with finish(), which throws std::runtime_error
/// unless it reaches the last change.
class Waveform {
 public:
  explicit Waveform(std::filesystem::path file);
  ~Waveform();
  Waveform(const Waveform&) = delete;
  Waveform& operator=(const Waveform&) = delete;
  sc_core::sc_trace_file* file() { return trace_; }
  void finish(const sc_core::sc_time& last_change);

 private:
  std::filesystem::path file_;
  std::string staged_;
  sc_core::sc_trace_file* trace_;
};

}  // namespace apical::sim
