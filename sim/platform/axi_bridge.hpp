// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tlm_utils/simple_target_socket.h>

#include <systemc>
#include <tlm>

#include "sim/platform/axi_pins.hpp"

namespace apical::sim {

/// Between transactions and pins: the sockets of TlmCore in front of a core with AXI4-Lite and AXI4-Stream,
/// so that a design may take either. Accesses take the clocks that the pins need; errors are answered as
/// TlmCore answers them.
class AxiBridge : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<AxiBridge> registers{"registers"};
  tlm_utils::simple_target_socket<AxiBridge> inputs{"inputs"};
  sc_core::sc_out<bool> interrupt{"interrupt"};  ///< the core's, handed on
  sc_core::sc_in<bool> clk{"clk"}, reset_n{"reset_n"};
  sc_core::sc_out<bool> awvalid{"awvalid"}, wvalid{"wvalid"}, bready{"bready"}, arvalid{"arvalid"},
      rready{"rready"}, input_tvalid{"input_tvalid"};
  sc_core::sc_out<std::uint32_t> awaddr{"awaddr"}, wdata{"wdata"}, araddr{"araddr"};
  sc_core::sc_out<std::int32_t> input_tdata{"input_tdata"};
  sc_core::sc_in<bool> awready{"awready"}, bvalid{"bvalid"}, arready{"arready"}, rvalid{"rvalid"},
      input_tready{"input_tready"}, line{"line"};
  sc_core::sc_in<std::uint32_t> rdata{"rdata"};

  explicit AxiBridge(const sc_core::sc_module_name&);

  /// Binds all pins but clk and reset_n.
  void bind(AxiPins&);

 private:
  // A channel serves one transaction at a time, in a thread that drives its pins.
  struct Channel {
    sc_core::sc_mutex free;
    sc_core::sc_event start, end;
    tlm::tlm_generic_payload* access = nullptr;
  };
  void transport(tlm::tlm_generic_payload&, sc_core::sc_time& delay);
  void stream(tlm::tlm_generic_payload&, sc_core::sc_time& delay);
  void pass_on(Channel&, tlm::tlm_generic_payload&, sc_core::sc_time& delay);
  void serve_registers();
  void serve_inputs();
  tlm::tlm_generic_payload& next(Channel&);
  void finish(Channel&);
  void access(tlm::tlm_generic_payload&);
  void hand_on() { interrupt.write(line.read()); }

  void note_edge() { edge_ = sc_core::sc_time_stamp(); }

  Channel registers_, inputs_;
  sc_core::sc_time edge_ = sc_core::sc_max_time();  ///< of the last rising edge
};

}  // namespace apical::sim
