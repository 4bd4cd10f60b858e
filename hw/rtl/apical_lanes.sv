// SPDX-License-Identifier: Apache-2.0
// The lanes with their memories: takes a row or column number and a factor, walks along that row or column of
// a matrix LANES weights per clock, and adds to accumulators or moves weights.
//   0 address  1 weights arrive, are turned  2 product  3 sum written, or change rounded  4 limit  5 write
module apical_lanes #(
  parameter int LANES = 4,
  parameter int SW    = 16,
  parameter int WW    = 16,
  parameter int AW    = 40,
  parameter int LW    = 34,
  parameter int UNITS = 256,
  parameter int DEPTH = 1024,  // weights per bank
  parameter int LEVELS = 7,
  parameter int LEFT  = 1,
  parameter int FIXED = 0,
  parameter int CHECKS = 1,  // 0: every block is there
  parameter int WEIGHT_DECAY = 1,
  parameter int RANDOM = 2,
  parameter int UA    = $clog2(UNITS),
  parameter int A     = $clog2(DEPTH)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  // The matrix and what to do with it, stable while busy.
  input  logic                learn_i,
  input  logic                column_i,
  input  logic [UA:0]         extent_i,   // elements of a walk
  input  logic [A-1:0]        stride_i,   // from block to block of a walk
  input  logic                apical_i,   // which accumulators
  input  logic [UA-1:0]       sums_i,     // address of the first accumulator
  input  logic [UA-1:0]       rates_i,    // LEARN: address of the first source
  input  logic [UA:0]         sources_i,  // LEARN: columns that are units; one more is the bias
  input  logic [SW-1:0]       one_i,
  input  logic [31:0]         walk_i,     // matrix.walk and matrix.weight
  input  logic [31:0]         format_i,
  // One walk.
  input  logic                valid_i,
  output logic                ready_o,
  input  logic                fresh_i,
  input  logic [A-1:0]        block_i,
  input  logic [UA:0]         unit_i,
  input  logic [SW:0]         factor_i,
  input  logic [31:0]         key_i,
  output logic                busy_o,
  output logic                active_o,   // a walk is under way: counts as a busy clock
  output logic [6:0]          macs_o,     // multiply-accumulates of this clock
  output logic                changed_o,  // a weight moved in this clock
  output logic                bad_address_o,  // a block that does not exist: read as any weights, not written
  // Accumulators for the neuron unit, what was sent from it.
  input  logic [UA-1:0]       sum_addr_i,
  input  logic                sum_apical_i,
  output logic [AW-1:0]       sum_o,
  input  logic                sent_we_i,
  input  logic [UA-1:0]       sent_addr_i,
  input  logic [SW-1:0]       sent_i,
  // Records of moved weights.
  output logic [LANES-1:0]    retire_valid_o,
  output logic [UA:0]         retire_row_o,
  output logic [UA:0]         retire_column_o,
  output logic [LANES*WW-1:0] retire_old_o,
  output logic [LANES*WW-1:0] retire_new_o,
  output logic [LANES*16-1:0] retire_random_o,
  // Host window on the weights.
  input  logic                window_i,
  input  logic                window_we_i,
  input  logic [A-1:0]        window_addr_i,
  input  logic [7:0]          window_bank_i,
  input  logic [WW-1:0]       window_wdata_i,
  output logic [WW-1:0]       window_rdata_o
);
  `include "apical_isa.svh"
  localparam int LB = $clog2(LANES);
  localparam int GROUPS = UNITS / LANES;
  localparam int GA = $clog2(2 * GROUPS);
  localparam int SA = GROUPS <= 1 ? 1 : $clog2(GROUPS);

  // ---- The walk
  logic          active_q, fresh_q;
  logic [A-1:0]  block_q;
  logic [UA:0]   unit_q, place_q;  // place: elements walked so far
  logic [SW:0]   factor_q;
  logic [31:0]   key_q;
  logic [UA:0]   extent_q;  // stable long before the first walk: a register shortens the longest path
  logic          last;
  always_ff @(posedge clk_i) extent_q <= extent_i;
  assign last    = (UA+2)'(place_q) + (UA+2)'(LANES) >= (UA+2)'(extent_q);
  assign ready_o = !active_q || last;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) active_q <= 1'b0;
    else if (ready_o) active_q <= valid_i;
  end
  always_ff @(posedge clk_i) begin
    if (ready_o && valid_i) begin
      fresh_q  <= fresh_i;
      block_q  <= block_i;
      unit_q   <= unit_i;
      factor_q <= factor_i;
      key_q    <= key_i;
      place_q  <= '0;
    end else begin
      block_q <= block_q + stride_i;
      place_q <= place_q + (UA+1)'(LANES);
    end
  end
  assign active_o = active_q;
  assign macs_o   = !active_q ? '0 : last ? 7'(extent_q - place_q) : 7'(LANES);

  // ---- What travels with a group of weights
  logic [5:1]    valid_q;
  logic [GA-1:0] sum_addr1, sum_addr1_q, sum_addr2_q, sum_addr3_q;
  logic          fresh1_q, fresh2_q, fresh3_q;
  logic [SW:0]   factor1_q, factor2_q;
  logic [31:0]   key1_q, key2_q;
  logic          outside1_q;
  localparam int TW = A + 2 * (UA + 1);
  logic [TW-1:0] place1_q, place2_q, place3_q, place4_q, place5_q;  // block, row, first column
  logic [LANES-1:0] mask2_q, mask3_q, mask4_q, mask5_q;

  assign sum_addr1 = GA'((32'(sums_i) + 32'(place_q)) >> LB) | (GA'(apical_i) << (GA - 1));
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[4:1], active_q};
  end
  assign busy_o = active_q | valid_i | (|valid_q);
  assign bad_address_o = valid_q[1] && outside1_q;

  // ---- Memories
  logic [LANES*WW-1:0] weights1, weights2_q;
  logic [LANES*SW-1:0] rates1, rates2_d, rates2_q;
  logic [LANES*WW-1:0] weights5, old5;
  logic [LANES-1:0]    mask2_d, write5;
  logic [LANES*16-1:0] random5;
  logic [A-1:0]        block5;
  logic [UA:0]         row5, column5, column1;
  assign {block5, row5, column5} = place5_q;
  assign column1 = place1_q[UA:0];

  apical_weights #(.LANES(LANES), .WW(WW), .DEPTH(DEPTH)) u_weights (
    .clk_i, .re_i(active_q), .column_i, .raddr_i(block_q), .rturn_i(8'(unit_q)), .rdata_o(weights1),
    .we_i(write5), .waddr_i(block5), .wturn_i(8'(row5)), .wdata_i(weights5),
    .window_i, .window_we_i, .window_addr_i, .window_bank_i, .window_wdata_i, .window_rdata_o
  );

  // Beyond the matrix nothing is learned, and nothing from a source that is silent.
  always_comb begin
    for (int l = 0; l < LANES; l++) begin
      rates2_d[l*SW+:SW] = (UA+1)'(column1 + (UA+1)'(l)) == sources_i ? one_i : rates1[l*SW+:SW];
      mask2_d[l] = learn_i && !outside1_q && (UA+2)'(column1) + (UA+2)'(l) < (UA+2)'(extent_q) && rates2_d[l*SW+:SW] != '0;
    end
  end

  logic [LANES*AW-1:0] sum_bank;
  logic [7:0]    sum_lane_q;
  logic [GA-1:0] sum_read;
  logic          ahead_d, ahead_q;  // the sum that is read is being written
  assign sum_read = valid_q[2] ? sum_addr2_q
                               : GA'(32'(sum_addr_i) >> LB) | (GA'(sum_apical_i) << (GA - 1));
  assign ahead_d  = valid_q[3] && sum_addr3_q == sum_read;
  always_ff @(posedge clk_i) begin
    sum_lane_q <= 8'(sum_addr_i) & 8'(LANES - 1);
    ahead_q    <= ahead_d;
  end

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    logic [AW-1:0] sum_ram, sum_d, sum_written_q;
    apical_ram #(.DEPTH(GROUPS), .W(SW)) u_sent (
      .clk_i, .we_i(sent_we_i && (8'(sent_addr_i) & 8'(LANES - 1)) == 8'(l)),
      .waddr_i(SA'(32'(sent_addr_i) >> LB)), .wdata_i(sent_i),
      .re_i(1'b1), .raddr_i(SA'((32'(rates_i) + 32'(place_q)) >> LB)), .rdata_o(rates1[l*SW+:SW])
    );
    apical_ram #(.DEPTH(1 << GA), .W(AW)) u_sum (
      .clk_i, .we_i(valid_q[3] && !learn_i), .waddr_i(sum_addr3_q), .wdata_i(sum_d),
      .re_i(1'b1), .raddr_i(sum_read), .rdata_o(sum_ram)
    );
    always_ff @(posedge clk_i) sum_written_q <= sum_d;
    assign sum_bank[l*AW+:AW] = ahead_q ? sum_written_q : sum_ram;
    apical_lane #(.SW(SW), .WW(WW), .AW(AW), .LW(LW), .LEVELS(LEVELS), .LEFT(LEFT), .FIXED(FIXED),
      .WEIGHT_DECAY(WEIGHT_DECAY), .RANDOM(RANDOM)) u_lane (
      .clk_i, .column_i(32'(place_q) + 32'(l)), .learn_i,
      .weight_i(weights2_q[l*WW+:WW]), .rate_i(rates2_q[l*SW+:SW]), .factor_i(factor2_q),
      .fresh_i(fresh3_q), .sum_i(sum_bank[l*AW+:AW]), .sum_o(sum_d), .key_i(key2_q),
      .walk_i, .format_i,
      .weight_o(weights5[l*WW+:WW]), .old_o(old5[l*WW+:WW]), .random_o(random5[l*16+:16])
    );
    assign write5[l] = valid_q[5] && mask5_q[l] && weights5[l*WW+:WW] != old5[l*WW+:WW];
  end

  always_comb begin
    sum_o = '0;
    for (int l = 0; l < LANES; l++) if (sum_lane_q == 8'(l)) sum_o = sum_bank[l*AW+:AW];
  end

  always_ff @(posedge clk_i) begin
    sum_addr1_q <= sum_addr1;
    sum_addr2_q <= sum_addr1_q;
    sum_addr3_q <= sum_addr2_q;
    {fresh1_q, factor1_q, key1_q} <= {fresh_q, factor_q, key_q};
    {fresh2_q, factor2_q, key2_q} <= {fresh1_q, factor1_q, key1_q};
    fresh3_q    <= fresh2_q;
    place1_q <= {block_q, unit_q, place_q};
    outside1_q <= CHECKS != 0 && 32'(block_q) >= 32'(DEPTH);
    place2_q <= place1_q;
    place3_q <= place2_q;
    place4_q <= place3_q;
    place5_q <= place4_q;
    mask2_q  <= mask2_d;
    mask3_q  <= mask2_q;
    mask4_q  <= mask3_q;
    mask5_q  <= mask4_q;
    weights2_q <= weights1;
    rates2_q   <= rates2_d;
  end

  assign changed_o       = |write5;
  assign retire_valid_o  = write5;
  assign retire_row_o    = row5;
  assign retire_column_o = column5;
  assign retire_old_o    = old5;
  assign retire_new_o    = weights5;
  // verilator lint_off UNUSEDSIGNAL
  matrix_weight_t format;  // the rounding, here
  // verilator lint_on UNUSEDSIGNAL
  assign format = format_i;
  assign retire_random_o = 4'(format.rounding[MODE_BITS-1:0]) == MODE_STOCHASTIC ? random5 : '0;
endmodule
