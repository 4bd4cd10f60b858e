// SPDX-License-Identifier: Apache-2.0
#include "sim/platform/bus.hpp"

#include <cstring>

namespace apical::sim {

using sc_core::sc_time;
using tlm::tlm_generic_payload;

Bus::Bus(const sc_core::sc_module_name& name) : sc_module(name) {
  from.register_b_transport(this, &Bus::transport);
  from.register_transport_dbg(this, &Bus::debug);
}

tlm_utils::simple_initiator_socket<Bus>& Bus::target(const char* name, std::uint64_t first,
                                                     std::uint64_t bytes) {
  targets_.push_back({std::make_unique<tlm_utils::simple_initiator_socket<Bus>>(name), first, bytes});
  return *targets_.back().socket;
}

Bus::Target* Bus::find(std::uint64_t address) {
  for (Target& target : targets_)
    if (address - target.first < target.bytes) return &target;
  return nullptr;
}

void Bus::transport(int, tlm_generic_payload& access, sc_time& delay) {
  const std::uint64_t address = access.get_address();
  Target* const target = find(address);
  if (target == nullptr) {
    access.set_dmi_allowed(false);
    access.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return;
  }
  access.set_address(address - target->first);
  (*target->socket)->b_transport(access, delay);
  access.set_address(address);
}

unsigned Bus::debug(int, tlm_generic_payload& access) {
  const std::uint64_t address = access.get_address();
  Target* const target = find(address);
  if (target == nullptr) return 0;
  access.set_address(address - target->first);
  const unsigned count = (*target->socket)->transport_dbg(access);
  access.set_address(address);
  return count;
}

Memory::Memory(const sc_core::sc_module_name& name, std::size_t bytes, const sc_time& clock_period)
    : sc_module(name), bytes_(bytes), period_(clock_period) {
  port.register_b_transport(this, &Memory::transport);
}

void Memory::transport(tlm_generic_payload& access, sc_time& delay) {
  const std::uint64_t at = access.get_address(), length = access.get_data_length();
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
  if (at > bytes_.size() || length > bytes_.size() - at)
    status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
  else if (access.get_byte_enable_ptr() != nullptr)
    status = tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  else if (access.get_streaming_width() < length)
    status = tlm::TLM_BURST_ERROR_RESPONSE;
  access.set_response_status(status);
  if (status != tlm::TLM_OK_RESPONSE) return;
  if (access.is_read()) std::memcpy(access.get_data_ptr(), bytes_.data() + at, length);
  if (access.is_write()) std::memcpy(bytes_.data() + at, access.get_data_ptr(), length);
  const std::uint64_t words = (length + 3) / 4;
  delay += period_ * static_cast<double>(words);
}

Dma::Dma(const sc_core::sc_module_name& name) : sc_module(name) {
  registers.register_b_transport(this, &Dma::transport);
  SC_HAS_PROCESS(Dma);
  SC_THREAD(move);
  SC_METHOD(drive);
  sensitive << changed_;
  dont_initialize();
}

void Dma::transport(tlm_generic_payload& access, sc_time& delay) {
  std::uint32_t value = 0;
  if (access.get_data_length() != sizeof value || access.get_byte_enable_ptr() != nullptr) {
    access.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    return;
  }
  access.set_response_status(tlm::TLM_OK_RESPONSE);
  if (access.is_write()) std::memcpy(&value, access.get_data_ptr(), sizeof value);
  std::uint32_t read = 0;
  switch (access.get_address()) {
    case source_register:
      if (access.is_write()) source_ = value;
      read = source_;
      break;
    case count_register:
      if (access.is_write()) count_ = value;
      read = count_;
      break;
    case start_register:
      if (access.is_write()) start_.notify(delay);
      break;
    case done_register:
      if (access.is_write()) {
        done_ = false;
        changed_.notify(delay);
      }
      read = done_ ? 1 : 0;
      break;
    default:
      access.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      return;
  }
  if (access.is_read()) std::memcpy(access.get_data_ptr(), &read, sizeof read);
}

// Reads a burst, writes it to the stream, and lets the time pass that both took.
void Dma::move() {
  for (;;) {
    wait(start_);
    words_.resize(std::size_t{count_} * 4);
    sc_time delay = sc_core::SC_ZERO_TIME;
    const auto go = [&](tlm::tlm_command command, std::uint64_t address, unsigned width, auto& socket) {
      payload_.set_command(command);
      payload_.set_address(address);
      payload_.set_data_ptr(words_.data());
      payload_.set_data_length(static_cast<unsigned>(words_.size()));
      payload_.set_streaming_width(width);
      payload_.set_byte_enable_ptr(nullptr);
      payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
      socket->b_transport(payload_, delay);
      if (payload_.is_response_error()) SC_REPORT_ERROR(name(), payload_.get_response_string().c_str());
    };
    if (count_ > 0) {
      go(tlm::TLM_READ_COMMAND, source_, static_cast<unsigned>(words_.size()), memory);
      go(tlm::TLM_WRITE_COMMAND, 0, 4, stream);
    }
    done_ = true;
    changed_.notify(delay);
  }
}

void Dma::drive() {
  done.write(done_);
}

}  // namespace apical::sim
