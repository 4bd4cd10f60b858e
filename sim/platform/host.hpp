// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/tlm_quantumkeeper.h>

#include <exception>
#include <functional>
#include <systemc>
#include <tlm>

namespace apical::sim {

/// A processor that runs native code: jobs, whose accesses to the bus are transactions. Loosely timed: it
/// runs ahead of the kernel by up to the global quantum (IEEE 1666-2011, 12.1) and lets time pass where it
/// waits.
class Host : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Host> bus{"bus"};
  sc_core::sc_in<bool> interrupt{"interrupt"};
  sc_core::sc_in<bool> dma_done{"dma_done"};

  explicit Host(const sc_core::sc_module_name&);

  /// From outside of the kernel: runs `job` in the host's thread and returns when it has ended; throws what
  /// it throws. Elaboration must be over, except of what sc_start() does itself.
  void run(const std::function<void()>& job);

  // For jobs.
  std::uint32_t read32(std::uint64_t address);
  void write32(std::uint64_t address, std::uint32_t value);
  void wait_for(const sc_core::sc_in<bool>& line);  ///< until it is high
  sc_core::sc_time now() { return keeper_.get_current_time(); }
  /// Any other access; `payload` says how it went. Errors of read32() and write32() are std::runtime_error.
  void transport(tlm::tlm_generic_payload& payload);

 private:
  void work();
  void access(tlm::tlm_command, std::uint64_t address, std::uint32_t& value);

  tlm_utils::tlm_quantumkeeper keeper_;
  tlm::tlm_generic_payload payload_;
  const std::function<void()>* job_ = nullptr;
  std::exception_ptr error_;
  sc_core::sc_event start_;
};

}  // namespace apical::sim
