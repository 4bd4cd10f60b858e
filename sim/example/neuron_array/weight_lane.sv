// SPDX-License-Identifier: Apache-2.0
// A quarter of all weights: columns LANE, LANE + 4, .. of both matrices, row after row, those of the hidden units first.
module weight_lane #(
    parameter int WORDS = 1,
    parameter int BITS = 1
) (
    input  logic                     clk,
    input  logic [8:0]               address,
    input  logic                     write,
    input  logic signed [BITS-1:0]   changed,
    output logic signed [BITS-1:0]   weight
);
  logic signed [BITS-1:0] held[0:WORDS-1];
  assign weight = held[address];
  always_ff @(posedge clk) if (write) held[address] <= changed;
  // Columns that no matrix has are read beside the last ones.
  initial for (int i = 0; i < WORDS; i = i + 1) held[i] = '0;
endmodule
