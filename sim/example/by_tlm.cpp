// SPDX-License-Identifier: Apache-2.0
// A stranger's SystemC design that takes the core as a TLM-2.0 target: an initiator of its own loads a
// network, shows it an input, waits for the interrupt, and reads voltages.
#include <tlm_utils/simple_initiator_socket.h>

#include <iostream>

#include "sim/core/core_host.hpp"
#include "sim/example/network.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/platform/tlm_core.hpp"

using namespace apical;

struct Testbench : sc_core::sc_module, sim::RegisterPort {
  tlm_utils::simple_initiator_socket<Testbench> bus{"bus"}, stream{"stream"};
  sc_core::sc_in<bool> interrupt{"interrupt"};
  bool passed = false;

  explicit Testbench(const sc_core::sc_module_name& name) : sc_module(name) {
    SC_HAS_PROCESS(Testbench);
    SC_THREAD(run);
  }

  // sim::CoreHost turns what a host does into these two.
  void write(int offset, std::uint32_t value) override { access(tlm::TLM_WRITE_COMMAND, offset, value); }
  std::uint32_t read(int offset) override {
    std::uint32_t value = 0;
    access(tlm::TLM_READ_COMMAND, offset, value);
    return value;
  }
  void access(tlm::tlm_command command, int offset, std::uint32_t& value) {
    tlm::tlm_generic_payload payload;
    payload.set_command(command);
    payload.set_address(static_cast<sc_dt::uint64>(offset));
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    payload.set_data_length(4);
    payload.set_streaming_width(4);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    bus->b_transport(payload, delay);
    wait(delay);
    if (payload.is_response_error()) SC_REPORT_ERROR(name(), payload.get_response_string().c_str());
  }

  void run() {
    const auto program = example::program();
    sim::CoreHost host(*this, program, example::core());
    host.load();
    write(sim::reg::interrupt, sim::reg::Interrupt::enable_done_mask);
    host.write_input(example::input(*program));
    for (int tick = 0; tick < example::ticks; ++tick) {
      write(sim::reg::control, sim::reg::Control::tick_mask);
      if (!interrupt.read()) wait(interrupt.posedge_event());
      write(sim::reg::interrupt, sim::reg::Interrupt::enable_done_mask | sim::reg::Interrupt::done_mask);
    }
    passed = example::check(host, *program);
    std::cout << "by TLM: " << read(sim::reg::cycles) << " cycles, "
              << (passed ? "voltages as expected" : "wrong") << ", at " << sc_core::sc_time_stamp() << "\n";
    sc_core::sc_stop();
  }
};

int sc_main(int, char**) {
  Testbench testbench("testbench");
  sim::TlmCore core("core", example::core(), sc_core::sc_time(10, sc_core::SC_NS));
  sc_core::sc_signal<bool> interrupt("interrupt");
  testbench.bus.bind(core.registers);
  testbench.stream.bind(core.inputs);
  testbench.interrupt(interrupt);
  core.interrupt(interrupt);
  sc_core::sc_start();
  return testbench.passed ? 0 : 1;
}
