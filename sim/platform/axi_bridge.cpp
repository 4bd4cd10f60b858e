// SPDX-License-Identifier: Apache-2.0
#include "sim/platform/axi_bridge.hpp"

#include <cstring>

#include "sim/platform/responses.hpp"

namespace apical::sim {

using sc_core::sc_time;
using tlm::tlm_generic_payload;

AxiBridge::AxiBridge(const sc_core::sc_module_name& name) : sc_module(name) {
  registers.register_b_transport(this, &AxiBridge::transport);
  inputs.register_b_transport(this, &AxiBridge::stream);
  SC_HAS_PROCESS(AxiBridge);
  SC_THREAD(serve_registers);
  SC_THREAD(serve_inputs);
  SC_METHOD(hand_on);
  sensitive << line;
  SC_METHOD(note_edge);
  sensitive << clk.pos();
  dont_initialize();
}

void AxiBridge::bind(AxiPins& p) {
  awvalid(p.awvalid), wvalid(p.wvalid), bready(p.bready), arvalid(p.arvalid), rready(p.rready);
  input_tvalid(p.input_tvalid), awaddr(p.awaddr), wdata(p.wdata), araddr(p.araddr),
      input_tdata(p.input_tdata);
  awready(p.awready), bvalid(p.bvalid), arready(p.arready), rvalid(p.rvalid);
  input_tready(p.input_tready), line(p.interrupt), rdata(p.rdata);
}

void AxiBridge::transport(tlm_generic_payload& access, sc_time& delay) {
  if (refuse_register_access(access) || access.get_command() == tlm::TLM_IGNORE_COMMAND) return;
  pass_on(registers_, access, delay);
}

void AxiBridge::stream(tlm_generic_payload& access, sc_time& delay) {
  if (!refuse_stream(access)) pass_on(inputs_, access, delay);
}

// In the initiator's thread: whatever it ran ahead has to pass first.
void AxiBridge::pass_on(Channel& channel, tlm_generic_payload& access, sc_time& delay) {
  wait(delay);
  delay = sc_core::SC_ZERO_TIME;
  channel.free.lock();
  channel.access = &access;
  channel.start.notify(sc_core::SC_ZERO_TIME);
  wait(channel.end);
  channel.free.unlock();
}

// The next transaction, just after a rising edge.
tlm_generic_payload& AxiBridge::next(Channel& channel) {
  while (channel.access == nullptr) wait(channel.start);
  while (!reset_n.read()) wait(clk.posedge_event());
  // An edge of this very instant is not to be waited for once more.
  const bool risen = clk.posedge() || (edge_ == sc_core::sc_time_stamp() && clk.read());
  if (!risen) wait(clk.posedge_event());
  return *channel.access;
}

void AxiBridge::finish(Channel& channel) {
  channel.access = nullptr;
  channel.end.notify(sc_core::SC_ZERO_TIME);
}

void AxiBridge::serve_registers() {
  for (;;) {
    access(next(registers_));
    finish(registers_);
  }
}

void AxiBridge::access(tlm_generic_payload& access) {
  const auto address = static_cast<std::uint32_t>(access.get_address());
  const bool writes = access.is_write();
  std::uint32_t value = 0;
  if (writes) std::memcpy(&value, access.get_data_ptr(), sizeof value);
  (writes ? awvalid : arvalid).write(true);
  (writes ? awaddr : araddr).write(address);
  (writes ? bready : rready).write(true);
  if (writes) {
    wvalid.write(true);
    wdata.write(value);
  }
  do wait(clk.posedge_event());
  while (!(writes ? awready : arready).read());
  (writes ? awvalid : arvalid).write(false);
  wvalid.write(false);
  do wait(clk.posedge_event());
  while (!(writes ? bvalid : rvalid).read());
  (writes ? bready : rready).write(false);
  if (writes) return;
  value = rdata.read();
  std::memcpy(access.get_data_ptr(), &value, sizeof value);
}

void AxiBridge::serve_inputs() {
  for (;;) {
    tlm_generic_payload& access = next(inputs_);
    for (unsigned at = 0; at < access.get_data_length(); at += 4) {
      std::int32_t value = 0;
      std::memcpy(&value, access.get_data_ptr() + at, sizeof value);
      input_tvalid.write(true);
      input_tdata.write(value);
      do wait(clk.posedge_event());
      while (!input_tready.read());
    }
    input_tvalid.write(false);
    wait(clk.posedge_event());  // the last word reaches the core
    finish(inputs_);
  }
}

}  // namespace apical::sim
