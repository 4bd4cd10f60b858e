// SPDX-License-Identifier: Apache-2.0
// 16 random bits from the key of a row and the hash of a column number, a clock later: three 16-bit additions.
module apical_random (
  input  logic        clk_i,
  input  logic [31:0] key_i,
  input  logic [31:0] column_i,  // mix32(column)
  output logic [15:0] random_o
);
  logic [15:0] x0_q, x1, x2, x3;
  always_ff @(posedge clk_i) x0_q <= (key_i[15:0] ^ column_i[15:0]) + (key_i[31:16] ^ column_i[31:16]);
  assign x1       = x0_q ^ {5'b0, x0_q[15:5]};
  assign x2       = x1 + {x1[8:0], 7'b0};
  assign x3       = x2 ^ {3'b0, x2[15:3]};
  assign random_o = x3 + {x3[6:0], 9'b0};
endmodule
