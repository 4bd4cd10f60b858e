// SPDX-License-Identifier: Apache-2.0
// Activation table: from a raw input to the base and delta of its segment and its place in it.
module apical_table #(
  parameter int SW    = 16,
  parameter int DEPTH = 1024,  // entries of all tables together
  parameter int BASE  = 23,    // width of a base
  parameter int DELTA = 23,    // width of a delta
  parameter int FIXED = 0,     // 1: inputs have SW bits and a sign
  parameter int A     = $clog2(DEPTH)
) (
  input  logic             clk_i,
  input  logic [SW-1:0]    raw_i,
  input  logic [5:0]       in_bits_i,
  input  logic             in_signed_i,
  input  logic [4:0]       low_bits_i,
  input  logic [A-1:0]     start_i,      // the table's first entry
  output logic [BASE-1:0]  base_o,       // one clock later
  output logic [DELTA-1:0] delta_o,      // one clock later
  output logic [SW-1:0]    low_o,        // at once
  output logic             outside_o,    // one clock later: the segment lies beyond the memory, base and delta are any
  input  logic             window_i,     // the host reads window_addr_i instead
  input  logic             we_base_i,
  input  logic             we_delta_i,
  input  logic [A-1:0]     window_addr_i,
  input  logic [BASE-1:0]  wbase_i,
  input  logic [DELTA-1:0] wdelta_i
);
  localparam int E = (SW > A ? SW : A) + 1;
  logic [SW-1:0] mask, top, n, segment;
  logic [A-1:0]  addr;
  logic [E-1:0]  entry;

  // raw - lowest: the sign bit turned over, within the format's bits.
  always_comb begin
    // Not '1: Yosys 0.23 makes one bit of it beside a sized operand.
    mask = FIXED != 0 ? {SW{1'b1}} : ~({SW{1'b1}} << in_bits_i);
    top  = FIXED != 0 || in_signed_i ? mask ^ (mask >> 1) : '0;
  end
  assign low_o   = n & ~({SW{1'b1}} << low_bits_i);
  assign n       = (raw_i ^ top) & mask;
  assign segment = n >> low_bits_i;
  assign entry   = E'(start_i) + E'(segment);
  assign addr    = window_i ? window_addr_i : entry[A-1:0];
  always_ff @(posedge clk_i) outside_o <= 32'(entry) >= 32'(DEPTH);

  apical_ram #(.DEPTH(DEPTH), .W(BASE)) u_base (
    .clk_i, .we_i(we_base_i), .waddr_i(window_addr_i), .wdata_i(wbase_i),
    .re_i(1'b1), .raddr_i(addr), .rdata_o(base_o)
  );
  apical_ram #(.DEPTH(DEPTH), .W(DELTA)) u_delta (
    .clk_i, .we_i(we_delta_i), .waddr_i(window_addr_i), .wdata_i(wdelta_i),
    .re_i(1'b1), .raddr_i(addr), .rdata_o(delta_o)
  );
endmodule
