// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tlm_utils/peq_with_cb_and_phase.h>
#include <tlm_utils/simple_target_socket.h>

#include <deque>
#include <systemc>
#include <tlm>

#include "sim/core/core_model.hpp"

namespace apical::sim {

/// The core of hw/rtl/apical.sv as a TLM-2.0 target (IEEE 1666-2011, clause 10 onwards): the same registers,
/// stream and interrupt line, the same bits after every tick, and the clocks of the cost model.
///
/// `registers` takes words of 32 bits at the offsets of hw/apical.rdl: by b_transport, whose delay grows by
/// what the access takes (loosely timed), or by the four phases of the base protocol, one access at a time
/// (approximately timed). Other accesses have no effect and answer, in this order of checks:
/// TLM_COMMAND_ERROR_RESPONSE never; TLM_ADDRESS_ERROR_RESPONSE where there is no register or the address
/// isn't that of a word; TLM_BYTE_ENABLE_ERROR_RESPONSE for any byte enables; TLM_BURST_ERROR_RESPONSE for
/// lengths or streaming widths other than 4. `inputs` is the AXI4-Stream: a write of n words with a streaming
/// width of 4, whatever the address, is n values for INPUT. While a tick runs they wait for its end.
class TlmCore : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<TlmCore> registers{"registers"};
  tlm_utils::simple_target_socket<TlmCore> inputs{"inputs"};
  sc_core::sc_out<bool> interrupt{"interrupt"};

  TlmCore(const sc_core::sc_module_name&, const CoreParameters&, const sc_core::sc_time& clock_period,
          fixedpoint::EmulatorOptions options = {});

  CoreModel& model() { return model_; }
  const sc_core::sc_time& period() const { return period_; }

 private:
  std::uint64_t clock_at(const sc_core::sc_time& delay);
  sc_core::sc_time until(std::uint64_t clock) const;
  std::uint64_t serve(tlm::tlm_generic_payload&, std::uint64_t clock);
  void transport(tlm::tlm_generic_payload&, sc_core::sc_time& delay);
  void stream(tlm::tlm_generic_payload&, sc_core::sc_time& delay);
  unsigned debug(tlm::tlm_generic_payload&);
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time& delay);
  void phase(tlm::tlm_generic_payload&, const tlm::tlm_phase&);
  void begin();
  void drive_interrupt();

  CoreModel model_;
  sc_core::sc_time period_;
  std::uint64_t clock_ = 0;                        ///< of the last access
  std::deque<tlm::tlm_generic_payload*> waiting_;  ///< accesses in phases; the first one is being served
  tlm_utils::peq_with_cb_and_phase<TlmCore> phases_;
  sc_core::sc_event changed_;  ///< the interrupt line may change
};

}  // namespace apical::sim
