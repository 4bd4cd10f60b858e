// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <verilated.h>

#include <memory>
#include <systemc>
#include <type_traits>

#include "sim/platform/axi_pins.hpp"

namespace apical::sim {

/// The Verilated apical.sv as a SystemC module with pins. `Model` is the class that Verilator made,
/// `signal_bits` its parameter SW: signed pins are extended from there, and nobody beyond this module sees
/// Verilator's types. Inputs must not change in the delta cycle of a rising edge: drive them from processes
/// that the edge has woken.
template <class Model>
class RtlCore : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clk{"clk"}, reset_n{"reset_n"};
  sc_core::sc_in<bool> awvalid{"awvalid"}, wvalid{"wvalid"}, bready{"bready"}, arvalid{"arvalid"},
      rready{"rready"}, input_tvalid{"input_tvalid"};
  sc_core::sc_in<std::uint32_t> awaddr{"awaddr"}, wdata{"wdata"}, araddr{"araddr"};
  sc_core::sc_in<std::int32_t> input_tdata{"input_tdata"};
  sc_core::sc_out<bool> awready{"awready"}, wready{"wready"}, bvalid{"bvalid"}, arready{"arready"},
      rvalid{"rvalid"}, input_tready{"input_tready"}, done{"done"}, interrupt{"interrupt"},
      retire_valid{"retire_valid"};
  sc_core::sc_out<std::uint32_t> bresp{"bresp"}, rdata{"rdata"}, rresp{"rresp"},
      retire_signal{"retire_signal"}, retire_addr{"retire_addr"};
  sc_core::sc_out<std::int32_t> retire_old{"retire_old"}, retire_new{"retire_new"};

  RtlCore(const sc_core::sc_module_name& name, int signal_bits) : sc_module(name), signal_bits_(signal_bits) {
    SC_HAS_PROCESS(RtlCore);
    SC_METHOD(evaluate);
    sensitive << clk << reset_n << awvalid << wvalid << bready << arvalid << rready << input_tvalid << awaddr
              << wdata << araddr << input_tdata;
  }
  ~RtlCore() override {
    // A model erases its scopes from the thread's context.
    Verilated::threadContextp(&context_);
    model_->final();
    model_.reset();
    Verilated::threadContextp(Verilated::defaultContextp());
  }

  /// Binds all pins but clk and reset_n.
  void bind(AxiPins& p) {
    awvalid(p.awvalid), wvalid(p.wvalid), bready(p.bready), arvalid(p.arvalid), rready(p.rready);
    input_tvalid(p.input_tvalid), awaddr(p.awaddr), wdata(p.wdata), araddr(p.araddr),
        input_tdata(p.input_tdata);
    awready(p.awready), wready(p.wready), bvalid(p.bvalid), arready(p.arready), rvalid(p.rvalid);
    input_tready(p.input_tready), done(p.done), interrupt(p.interrupt), retire_valid(p.retire_valid);
    bresp(p.bresp), rdata(p.rdata), rresp(p.rresp), retire_signal(p.retire_signal),
        retire_addr(p.retire_addr);
    retire_old(p.retire_old), retire_new(p.retire_new);
  }

 private:
  void evaluate() {
    model_->clk_i = clk.read();
    model_->rst_ni = reset_n.read();
    model_->awvalid_i = awvalid.read();
    model_->awaddr_i = static_cast<std::uint8_t>(awaddr.read());
    model_->wvalid_i = wvalid.read();
    model_->wdata_i = wdata.read();
    model_->bready_i = bready.read();
    model_->arvalid_i = arvalid.read();
    model_->araddr_i = static_cast<std::uint8_t>(araddr.read());
    model_->rready_i = rready.read();
    model_->input_tvalid_i = input_tvalid.read();
    model_->input_tdata_i = static_cast<std::uint32_t>(input_tdata.read());
    model_->eval();
    awready.write(model_->awready_o);
    wready.write(model_->wready_o);
    bvalid.write(model_->bvalid_o);
    bresp.write(model_->bresp_o);
    arready.write(model_->arready_o);
    rvalid.write(model_->rvalid_o);
    rdata.write(model_->rdata_o);
    rresp.write(model_->rresp_o);
    input_tready.write(model_->input_tready_o);
    done.write(model_->done_o);
    interrupt.write(model_->interrupt_o);
    retire_valid.write(model_->retire_valid_o);
    retire_signal.write(model_->retire_signal_o);
    retire_addr.write(static_cast<std::uint32_t>(model_->retire_addr_o));
    retire_old.write(extended(model_->retire_old_o));
    retire_new.write(extended(model_->retire_new_o));
  }
  template <class Bits>
  std::int32_t extended(const Bits& bits) const {
    static_assert(std::is_integral_v<Bits>, "signals of up to 32 bits");
    const int unused = 32 - signal_bits_;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits) << unused) >> unused;
  }

  int signal_bits_;
  VerilatedContext context_;
  std::unique_ptr<Model> model_ = std::make_unique<Model>(&context_, "apical");
};

}  // namespace apical::sim
