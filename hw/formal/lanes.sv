// SPDX-License-Identifier: Apache-2.0
// The lanes stay within their memories, for every matrix: a block that does not exist is reported and never written,
// sums and rates are those of units that exist, if the projection's units do (descriptors.sv).
module lanes (
  input logic       clk_i,
  input logic       learn_i, column_i, apical_i, signed_i, valid_i, fresh_i,
  input logic [4:0] extent_i, sources_i,
  input logic [3:0] sums_i, rates_i, sum_addr_i,
  input logic [3:0] block_i, stride_i,
  input logic [4:0] unit_i,
  input logic [2:0] factor_i,
  input logic [1:0] one_i,
  input logic       decays_i
);
  localparam int LANES = 2, UNITS = 12, DEPTH = 10;  // neither is a power of two: addresses beyond exist
  logic rst_n = 1'b0, was = 1'b0;
  always @(posedge clk_i) {rst_n, was} <= {1'b1, rst_n};
  logic bad, ready, active;
  `include "apical_isa.svh"
  matrix_walk_t   walk;
  matrix_weight_t format;
  always_comb begin
    walk                 = '0;
    walk.learn_shift     = 8'd1;
    format               = '0;
    format.decays        = decays_i;
    format.decay         = 5'd1;
    format.rounding      = MODE_TRN;
    format.bits          = 6'd2;
    format.signed_format = signed_i;
  end
  apical_lanes #(.LANES(LANES), .SW(2), .WW(2), .AW(6), .LW(6), .UNITS(UNITS), .DEPTH(DEPTH), .LEVELS(2), .FIXED(1)) dut (
    .clk_i, .rst_ni(rst_n), .learn_i, .column_i, .extent_i, .stride_i, .apical_i, .sums_i, .rates_i, .sources_i, .one_i,
    .walk_i(walk), .format_i(format), .valid_i, .ready_o(ready), .fresh_i,
    .block_i, .unit_i, .factor_i, .key_i(32'd0), .busy_o(), .active_o(active), .macs_o(), .changed_o(),
    .bad_address_o(bad), .sum_addr_i, .sum_apical_i(apical_i), .sum_o(), .sent_we_i(1'b0), .sent_addr_i(4'd0),
    .sent_i(2'd0), .retire_valid_o(), .retire_row_o(), .retire_column_o(), .retire_old_o(), .retire_new_o(),
    .retire_random_o(), .window_i(1'b0), .window_we_i(1'b0), .window_addr_i(4'd0), .window_bank_i(8'd0),
    .window_wdata_i(2'd0), .window_rdata_o()
  );
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire [3:0]  \dut.block_q ;
  (* hierconn *) wire [4:0]  \dut.place_q ;
  (* hierconn *) wire [4:0]  \dut.extent_q ;
  (* hierconn *) wire [13:0] \dut.place1_q ;
  (* hierconn *) wire [13:0] \dut.place2_q ;
  (* hierconn *) wire [13:0] \dut.place3_q ;
  (* hierconn *) wire [13:0] \dut.place4_q ;
  (* hierconn *) wire [13:0] \dut.place5_q ;
  (* hierconn *) wire [5:1]  \dut.valid_q ;
  (* hierconn *) wire        \dut.outside1_q ;
  (* hierconn *) wire [1:0]  \dut.mask2_q ;
  (* hierconn *) wire [1:0]  \dut.mask3_q ;
  (* hierconn *) wire [1:0]  \dut.mask4_q ;
  (* hierconn *) wire [1:0]  \dut.mask5_q ;
  (* hierconn *) wire [1:0]  \dut.write5 ;
  (* hierconn *) wire [3:0]  \dut.sum_addr1 ;
  (* hierconn *) wire [3:0]  \dut.sum_addr1_q ;
  (* hierconn *) wire [3:0]  \dut.sum_addr2_q ;
  (* hierconn *) wire [3:0]  \dut.sum_addr3_q ;
  localparam int GROUPS = UNITS / LANES;
  logic [4:0] extent_was;
  logic       outside_was, active_was;
  always @(posedge clk_i) begin
    extent_was  <= extent_i;
    outside_was <= active && \dut.block_q  >= DEPTH;
    active_was  <= active;
  end
  always @* begin
    // The matrix is stable while anything is under way, and its units exist; the bias is one more, in a LEARN only.
    if (was) assume (extent_i == extent_was);
    assume (extent_i >= 1);
    assume (learn_i || 6'(sums_i) + 6'(extent_i) <= UNITS);
    if (rst_n && was) begin
      assert (\dut.extent_q  == extent_i);
      if (active) assert (\dut.place_q  < extent_i);
      // Weights.
      assert (bad == (active_was && outside_was));
      if (\dut.valid_q [1]) assert (\dut.outside1_q  == (\dut.place1_q [13:10] >= DEPTH));
      if (\dut.valid_q [2] && \dut.mask2_q  != '0) assert (\dut.place2_q [13:10] < DEPTH);
      if (\dut.valid_q [3] && \dut.mask3_q  != '0) assert (\dut.place3_q [13:10] < DEPTH);
      if (\dut.valid_q [4] && \dut.mask4_q  != '0) assert (\dut.place4_q [13:10] < DEPTH);
      if (\dut.valid_q [5] && \dut.mask5_q  != '0) assert (\dut.place5_q [13:10] < DEPTH);
      if (\dut.write5  != '0) assert (\dut.place5_q [13:10] < DEPTH);
      // Sums: of one direction or the other.
      if (active && !learn_i) assert (\dut.sum_addr1 [2:0] < GROUPS);
    end
  end
endmodule
