// SPDX-License-Identifier: Apache-2.0
// A stranger's SystemC design that takes the core by its pins: the same testbench as by_tlm.cpp, with
// AXI4-Lite driven clock by clock. VApicalExample is what Verilator makes of hw/rtl/apical.sv
// (CMakeLists.txt).
#include <iostream>

#include "VApicalExample.h"
#include "sim/core/core_host.hpp"
#include "sim/example/network.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/platform/rtl_core.hpp"

using namespace apical;

struct Testbench : sc_core::sc_module, sim::RegisterPort {
  sc_core::sc_in<bool> clk{"clk"};
  sc_core::sc_out<bool> reset_n{"reset_n"};
  sim::AxiPins pins;
  bool passed = false;

  explicit Testbench(const sc_core::sc_module_name& name) : sc_module(name) {
    SC_HAS_PROCESS(Testbench);
    SC_THREAD(run);
  }

  void write(int offset, std::uint32_t value) override {
    pins.awaddr = static_cast<std::uint32_t>(offset);
    pins.wdata = value;
    for (auto* pin : {&pins.awvalid, &pins.wvalid, &pins.bready}) *pin = true;
    clock_until(pins.awready);
    for (auto* pin : {&pins.awvalid, &pins.wvalid}) *pin = false;
    clock_until(pins.bvalid);
  }
  std::uint32_t read(int offset) override {
    pins.araddr = static_cast<std::uint32_t>(offset);
    for (auto* pin : {&pins.arvalid, &pins.rready}) *pin = true;
    clock_until(pins.arready);
    pins.arvalid = false;
    clock_until(pins.rvalid);
    return pins.rdata;
  }
  // What a rising edge samples is what stood there before it.
  void clock_until(const sc_core::sc_signal<bool>& line) {
    do wait(clk.posedge_event());
    while (!line.read());
  }

  void run() {
    for (int i = 0; i < 3; ++i) wait(clk.posedge_event());
    reset_n = true;
    const auto program = example::program();
    sim::CoreHost host(*this, program, example::core());
    host.load();
    write(sim::reg::interrupt, sim::reg::Interrupt::enable_done_mask);
    host.write_input(example::input(*program));
    for (int tick = 0; tick < example::ticks; ++tick) {
      write(sim::reg::control, sim::reg::Control::tick_mask);
      clock_until(pins.interrupt);
      write(sim::reg::interrupt, sim::reg::Interrupt::enable_done_mask | sim::reg::Interrupt::done_mask);
    }
    passed = example::check(host, *program);
    std::cout << "by pins: " << read(sim::reg::cycles) << " cycles, "
              << (passed ? "voltages as expected" : "wrong") << ", at " << sc_core::sc_time_stamp() << "\n";
    sc_core::sc_stop();
  }
};

int sc_main(int, char**) {
  sc_core::sc_clock clk("clk", sc_core::sc_time(10, sc_core::SC_NS));
  sc_core::sc_signal<bool> reset_n("reset_n");
  Testbench testbench("testbench");
  sim::RtlCore<VApicalExample> core("core", example::core().sw);
  testbench.clk(clk);
  testbench.reset_n(reset_n);
  core.clk(clk);
  core.reset_n(reset_n);
  core.bind(testbench.pins);
  sc_core::sc_start();
  return testbench.passed ? 0 : 1;
}
