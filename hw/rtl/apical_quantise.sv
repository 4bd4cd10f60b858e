// SPDX-License-Identifier: Apache-2.0
// The quantiser: the exact value x · 2^-x_frac becomes a raw integer of a format chosen at run time.
module apical_quantise #(
  parameter int W = 32,
  parameter int Y = 16,
  parameter int RANDOM = 1
) (
  input  logic signed [W-1:0] x_i,
  input  logic signed [7:0]   shift_i,  // x_frac - frac of the format
  input  logic        [7:0]   mode_i,
  input  logic        [15:0]  random_i,
  input  logic        [5:0]   bits_i,
  input  logic                signed_i,
  input  logic        [1:0]   overflow_i,
  output logic signed [Y-1:0] y_o,
  output logic                limited_o
);
  logic signed [W-1:0] rounded;
  logic                lost;

  apical_round #(.W(W), .RANDOM(RANDOM)) u_round (
    .x_i, .shift_i, .mode_i, .random_i, .y_o(rounded), .lost_o(lost)
  );
  apical_limit #(.W(W), .Y(Y)) u_limit (
    .x_i(rounded), .lost_i(lost), .negative_i(x_i[W-1]), .bits_i, .signed_i, .overflow_i, .y_o, .limited_o
  );
endmodule
