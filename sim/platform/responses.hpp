// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tlm>

#include "sim/isa/core_map.hpp"

namespace apical::sim {

/// The answers to accesses that a core does not carry out (IEEE 1666-2011, 14.17 and 14.18). They set the
/// response status, TLM_OK_RESPONSE where all is well, and return whether it is an error.
inline bool refuse_register_access(tlm::tlm_generic_payload& access) {
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
  if (access.get_address() > static_cast<sc_dt::uint64>(reg::observed_memory) ||
      access.get_address() % 4 != 0)
    status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
  else if (access.get_byte_enable_ptr() != nullptr)
    status = tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  else if (access.get_data_length() != 4 || access.get_streaming_width() != 4)
    status = tlm::TLM_BURST_ERROR_RESPONSE;
  access.set_dmi_allowed(false);
  access.set_response_status(status);
  return status != tlm::TLM_OK_RESPONSE;
}

/// A stream takes writes of whole words, one word wide.
inline bool refuse_stream(tlm::tlm_generic_payload& access) {
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
  if (!access.is_write())
    status = tlm::TLM_COMMAND_ERROR_RESPONSE;
  else if (access.get_byte_enable_ptr() != nullptr)
    status = tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  else if (access.get_data_length() == 0 || access.get_data_length() % 4 != 0 ||
           access.get_streaming_width() != 4)
    status = tlm::TLM_BURST_ERROR_RESPONSE;
  access.set_dmi_allowed(false);
  access.set_response_status(status);
  return status != tlm::TLM_OK_RESPONSE;
}

}  // namespace apical::sim
