// SPDX-License-Identifier: Apache-2.0
// One write port, one read port, both clocked. Nobody may use a word that was read while it was written: block
// memories differ in what they give then (no_rw_check tells Yosys so).
module apical_ram #(
  parameter int DEPTH = 256,
  parameter int W     = 16,
  parameter int A     = (DEPTH <= 1) ? 1 : $clog2(DEPTH)
) (
  input  logic         clk_i,
  input  logic         we_i,
  input  logic [A-1:0] waddr_i,
  input  logic [W-1:0] wdata_i,
  input  logic         re_i,
  input  logic [A-1:0] raddr_i,
  output logic [W-1:0] rdata_o
);
  (* no_rw_check *)
  logic [W-1:0] memory[DEPTH]  /*verilator public_flat_rd*/;
  logic [W-1:0] rdata_q;

  always_ff @(posedge clk_i) begin
    if (we_i) memory[waddr_i] <= wdata_i;
    if (re_i) rdata_q <= memory[raddr_i];
  end
  assign rdata_o = rdata_q;
endmodule
