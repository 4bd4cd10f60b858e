// SPDX-License-Identifier: Apache-2.0
// One memory per signal of a neuron, all read at one address: a pass sees every operand in one clock.
module apical_neuron_memory #(
  parameter int UNITS    = 256,
  parameter int SW       = 16,
  parameter int ADVANCED = 1,
  parameter int MISMATCH = 1,
  parameter int UA       = $clog2(UNITS)
) (
  input  logic             clk_i,
  input  logic [16:0]      we_i,
  input  logic [UA-1:0]    waddr_i,
  input  logic [SW-1:0]    wdata_i,
  input  logic [UA-1:0]    waddr_sent_i,
  input  logic [SW-1:0]    wsent_i,      // for the two memories of what was sent
  input  logic [15:0]      wconstant_i,  // for rho and alpha
  input  logic [UA-1:0]    raddr_i,
  input  logic             relay_i,      // one of the first ten memories is read at another address
  input  logic [3:0]       relay_memory_i,
  input  logic [UA-1:0]    relay_addr_i,
  input  logic             scan_i,       // the lanes' scan reads what was sent
  input  logic             scan_re_i,
  input  logic [UA-1:0]    scan_addr_i,
  output logic [15*SW-1:0] rdata_o,      // signal m at [m*SW +: SW]
  output logic [15:0]      rho_o,
  output logic [15:0]      alpha_o
);
  `include "apical_isa.svh"

  for (genvar m = 0; m < 15; m++) begin : gen_signal
    localparam bit SENT    = m == MEMORY_SENT_RATE || m == MEMORY_SENT_ERROR;
    localparam bit PRESENT = !((m == MEMORY_SCRATCH && ADVANCED == 0) ||
                               ((m == MEMORY_MISMATCH || m == MEMORY_FIRST_MISMATCH) && MISMATCH == 0));
    if (PRESENT) begin : gen_ram
      logic          re;
      logic [UA-1:0] raddr;
      assign re    = (m == MEMORY_STEP || (SENT && scan_i)) ? scan_re_i : 1'b1;
      assign raddr = (m == MEMORY_STEP || (SENT && scan_i)) ? scan_addr_i :
                     relay_i && m <= MEMORY_TARGET && relay_memory_i == 4'(m) ? relay_addr_i : raddr_i;
      apical_ram #(.DEPTH(UNITS), .W(SW)) u_ram (
        .clk_i, .we_i(we_i[m]), .waddr_i(SENT ? waddr_sent_i : waddr_i), .wdata_i(SENT ? wsent_i : wdata_i),
        .re_i(re), .raddr_i(raddr), .rdata_o(rdata_o[m*SW+:SW])
      );
    end else begin : gen_none
      // verilator lint_off UNUSEDSIGNAL
      // A removed memory is written by nothing and reads zero.
      logic unused;
      // verilator lint_on UNUSEDSIGNAL
      assign unused = we_i[m];
      assign rdata_o[m*SW+:SW] = '0;
    end
  end

  apical_ram #(.DEPTH(UNITS), .W(16)) u_rho (
    .clk_i, .we_i(we_i[MEMORY_RHO]), .waddr_i, .wdata_i(wconstant_i),
    .re_i(1'b1), .raddr_i, .rdata_o(rho_o)
  );
  apical_ram #(.DEPTH(UNITS), .W(16)) u_alpha (
    .clk_i, .we_i(we_i[MEMORY_ALPHA]), .waddr_i, .wdata_i(wconstant_i),
    .re_i(1'b1), .raddr_i, .rdata_o(alpha_o)
  );
endmodule
