// SPDX-License-Identifier: Apache-2.0
// A stranger's multiply-accumulate-and-round: a sum of products, exact, and then in two formats of its own.
module mac (
    input  logic               clk,
    input  logic               first,    // of a sum
    input  logic               enable,
    input  logic signed [8:0]  a,        // 5 fraction bits
    input  logic        [6:0]  b,        // unsigned, 7 fraction bits
    output logic signed [20:0] sum,      // 12 fraction bits
    output logic signed [10:0] rounded,  // 4 fraction bits: to nearest, ties to even; the ends are +-1023
    output logic        [5:0]  cut       // unsigned, 1 fraction bit: towards 0, ends 0 and 63
);
  wire signed [20:0] product = a * $signed({1'b0, b});
  always_ff @(posedge clk) if (enable) sum <= first ? product : sum + product;

  // Half of the last place and what lies beyond it, in one addition: 1 more where the result is odd.
  wire signed [20:0] nudged = sum + 21'sd127 + $signed({20'd0, sum[8]});
  wire signed [12:0] nearest = nudged[20:8];
  always_comb begin
    if (nearest > 13'sd1023) rounded = 11'sd1023;
    else if (nearest < -13'sd1023) rounded = -11'sd1023;
    else rounded = nearest[10:0];
  end
  assign cut = sum[20] ? 6'd0 : |sum[19:17] ? 6'd63 : sum[16:11];
endmodule
