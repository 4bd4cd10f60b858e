// SPDX-License-Identifier: Apache-2.0
// One lane: a multiplier that either adds weight x source to an accumulator or moves a weight.
// Stage numbers count from the clock in which the weight's address is given.
module apical_lane #(
  parameter int SW = 16,
  parameter int WW = 16,
  parameter int AW = 40,
  parameter int LW = 34,     // exact change of a weight
  parameter int LEVELS = 7,  // of the quantiser's shifts
  parameter int LEFT = 1,
  parameter int FIXED = 0,   // 1: weights have WW bits, signed, SAT
  parameter int WEIGHT_DECAY = 1,
  parameter int RANDOM = 2    // 0: a weight has 16 random bits
) (
  input  logic                 clk_i,
  input  logic [31:0]          column_i,    // stage 0: number of the weight's column
  input  logic                 learn_i,     // stage 2
  input  logic signed [WW-1:0] weight_i,    // stage 2
  input  logic signed [SW-1:0] rate_i,      // stage 2: what the column's source sent
  input  logic signed [SW:0]   factor_i,    // stage 2: change of the source, or step of the row
  input  logic                 fresh_i,     // stage 3: the sum starts at 0
  input  logic signed [AW-1:0] sum_i,       // stage 3
  output logic signed [AW-1:0] sum_o,       // stage 3
  input  logic [31:0]          key_i,       // stage 2: of the row
  input  logic        [31:0]   walk_i,      // matrix.walk and matrix.weight of the projection
  input  logic        [31:0]   format_i,
  output logic signed [WW-1:0] weight_o,    // stage 5
  output logic signed [WW-1:0] old_o,       // stage 5
  output logic        [15:0]   random_o     // stage 5
);
  `include "apical_isa.svh"
  // What the walk and the scan need of them isn't used here, nor a decay without WEIGHT_DECAY.
  // verilator lint_off UNUSEDSIGNAL
  matrix_walk_t   walk;
  matrix_weight_t format;
  // verilator lint_on UNUSEDSIGNAL
  assign walk   = walk_i;
  assign format = format_i;
  localparam int MW = SW > WW ? SW : WW;
  localparam int PW = MW + SW + 1;

  logic signed [MW-1:0] a;
  logic signed [PW-1:0] product_q;
  logic signed [WW-1:0] weight3_q, weight4_q, moved_d;
  logic signed [LW-1:0] exact, change_d, change_q, sum4;
  logic [31:0]          column_hash;
  logic [15:0]          random_d, random4_q;
  // The compiler's proof excludes what these two would say.
  // verilator lint_off UNUSEDSIGNAL
  logic                 lost, limited;
  // verilator lint_on UNUSEDSIGNAL

  if (WEIGHT_DECAY != 0) begin : gen_decay
    assign exact = LW'(product_q) - (format.decays ? LW'(weight3_q) <<< format.decay : '0);
  end else begin : gen_no_decay
    assign exact = LW'(product_q);
  end
  assign a = learn_i ? MW'(rate_i) : MW'(weight_i);

  apical_mix #(.LAST(0)) u_mix (.clk_i, .enable_i(1'b1), .a_i(column_i), .a_o(column_hash));
  apical_random u_random (.clk_i, .key_i, .column_i(column_hash), .random_o(random_d));
  apical_round #(.W(LW), .LEVELS(LEVELS), .LEFT(LEFT), .RANDOM(RANDOM > 0 ? 2 : 1)) u_round (
    .x_i(exact), .shift_i(walk.learn_shift), .mode_i({walk.random_dropped, 4'(format.rounding[MODE_BITS-1:0])}), .random_i(random_d),
    .y_o(change_d), .lost_o(lost)
  );
  assign sum4 = LW'(weight4_q) + change_q;
  apical_limit #(.W(LW), .Y(WW), .FIXED(FIXED)) u_limit (
    .x_i(sum4), .lost_i(1'b0), .negative_i(sum4[LW-1]), .bits_i(format.bits),
    .signed_i(format.signed_format), .overflow_i(format.overflow), .y_o(moved_d), .limited_o(limited)
  );
  assign sum_o = (fresh_i ? '0 : sum_i) + AW'(product_q);

  always_ff @(posedge clk_i) begin
    product_q <= PW'(a) * PW'(factor_i);
    weight3_q <= weight_i;
    weight4_q <= weight3_q;
    change_q  <= change_d;
    random4_q <= random_d;
    weight_o  <= moved_d;
    old_o     <= weight4_q;
    random_o  <= random4_q;
  end
endmodule
