// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <systemc>

namespace apical::sim {

/// The pins of hw/rtl/apical.sv, without clock and reset, as signals. Signed where the pin is.
struct AxiPins {
  template <class T>
  using Signal = sc_core::sc_signal<T>;

  // Driven by the master.
  Signal<bool> awvalid{"awvalid"}, wvalid{"wvalid"}, bready{"bready"}, arvalid{"arvalid"}, rready{"rready"},
      input_tvalid{"input_tvalid"};
  Signal<std::uint32_t> awaddr{"awaddr"}, wdata{"wdata"}, araddr{"araddr"};
  Signal<std::int32_t> input_tdata{"input_tdata"};
  // Driven by the core.
  Signal<bool> awready{"awready"}, wready{"wready"}, bvalid{"bvalid"}, arready{"arready"}, rvalid{"rvalid"},
      input_tready{"input_tready"}, done{"done"}, interrupt{"interrupt"}, retire_valid{"retire_valid"};
  Signal<std::uint32_t> bresp{"bresp"}, rdata{"rdata"}, rresp{"rresp"}, retire_signal{"retire_signal"},
      retire_addr{"retire_addr"};
  Signal<std::int32_t> retire_old{"retire_old"}, retire_new{"retire_new"};

  void trace(sc_core::sc_trace_file* file, const std::string& prefix) const {
    const auto all = [&](const auto&... signal) {
      (sc_core::sc_trace(file, signal, prefix + "." + signal.basename()), ...);
    };
    all(awvalid, awready, awaddr, wvalid, wready, wdata, bvalid, bready, bresp, arvalid, arready, araddr,
        rvalid, rready, rdata, rresp, input_tvalid, input_tready, input_tdata, done, interrupt, retire_valid,
        retire_signal, retire_addr, retire_old, retire_new);
  }
};

}  // namespace apical::sim
