// SPDX-License-Identifier: Apache-2.0
#include "sim/platform/host.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

// SystemC's library has a main of its own, which looks for this; programs that bring their main don't need
// it.
extern "C" __attribute__((weak)) int sc_main(int, char**) {
  return 2;
}

namespace apical::sim {

Host::Host(const sc_core::sc_module_name& name) : sc_module(name) {
  SC_HAS_PROCESS(Host);
  SC_THREAD(work);
}

void Host::run(const std::function<void()>& job) {
  job_ = &job;
  if (sc_core::sc_start_of_simulation_invoked()) start_.notify(sc_core::SC_ZERO_TIME);
  sc_core::sc_start();
  if (job_ != nullptr) {
    job_ = nullptr;
    throw std::runtime_error(fmt::format("{}: nothing happens any more, and the job waits", name()));
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Host::work() {
  keeper_.reset();
  for (;;) {
    while (job_ == nullptr) wait(start_);
    try {
      (*job_)();
    } catch (const sc_core::sc_unwind_exception&) {
      throw;  // the kernel's own
    } catch (...) {
      error_ = std::current_exception();
    }
    job_ = nullptr;
    sc_core::sc_pause();
  }
}

void Host::transport(tlm::tlm_generic_payload& payload) {
  sc_core::sc_time delay = keeper_.get_local_time();
  bus->b_transport(payload, delay);
  keeper_.set(delay);
  if (keeper_.need_sync()) keeper_.sync();
}

void Host::access(tlm::tlm_command command, std::uint64_t address, std::uint32_t& value) {
  payload_.set_command(command);
  payload_.set_address(address);
  payload_.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
  payload_.set_data_length(sizeof value);
  payload_.set_streaming_width(sizeof value);
  payload_.set_byte_enable_ptr(nullptr);
  payload_.set_dmi_allowed(false);
  payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  transport(payload_);
  if (payload_.is_response_error())
    throw std::runtime_error(fmt::format("{}: {} of {:#x}: {}", name(),
                                         command == tlm::TLM_READ_COMMAND ? "read" : "write", address,
                                         payload_.get_response_string()));
}

std::uint32_t Host::read32(std::uint64_t address) {
  std::uint32_t value = 0;
  access(tlm::TLM_READ_COMMAND, address, value);
  return value;
}

void Host::write32(std::uint64_t address, std::uint32_t value) {
  access(tlm::TLM_WRITE_COMMAND, address, value);
}

void Host::wait_for(const sc_core::sc_in<bool>& line) {
  if (keeper_.get_local_time() != sc_core::SC_ZERO_TIME) keeper_.sync();
  if (!line.read()) wait(line.posedge_event());
  keeper_.reset();
}

}  // namespace apical::sim
